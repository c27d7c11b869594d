#include "store/inspect.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "store/segment.h"

namespace creel::store {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      out += '\\';
      out += letter;
    } else if (letter == '\n') {
      out += "\\n";
    } else if (letter == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte >= 0x7f) {
      // One escape a byte: what is shown can be told back to the bytes, whatever they were.
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += letter;
    }
  }
  return out + '"';
}

std::int64_t millis(Time time) {
  return time.time_since_epoch().count();
}

// Where an item goes that does not go everywhere as it is.
void add_targets(const EventRecord& event, const EventItem& item, std::string& out) {
  out += ",\"targets\":[";
  for (const Target& target : event.targets_of(item)) {
    if (out.back() != '[') out += ',';
    fmt::format_to(std::back_inserter(out), "{{\"destination\":{},\"transformed\":{}}}",
                   quoted(event.destinations[target.destination]), target.transformed);
  }
  out += ']';
}

void add_event(std::string_view payload, bool with_bodies, std::string& out) {
  EventRecord event;
  if (!decode_event(payload, event)) {
    out += ",\"unreadable\":true";
    return;
  }
  const auto into = std::back_inserter(out);
  fmt::format_to(into, ",\"source\":{},\"received\":{},\"peer\":{},\"key\":{},\"window_s\":{},\"items\":[",
                 quoted(event.source), millis(event.received), quoted(event.peer), quoted(event.secret_label),
                 event.dedupe_window.count());
  for (const EventItem& item : event.items) {
    if (&item != &event.items.front()) out += ',';
    fmt::format_to(into, "{{\"dedupe_key\":{},\"id\":{},\"type\":{},\"subject\":{},\"body_bytes\":{}",
                   quoted(item.dedupe_key), quoted(item.provider_id), quoted(item.type), quoted(item.subject),
                   item.body_bytes);
    if (item.has_targets) add_targets(event, item, out);
    out += '}';
  }
  out += "],\"destinations\":[";
  for (std::size_t i = 0; i < event.destinations.size(); ++i) {
    if (i > 0) out += ',';
    out += quoted(event.destinations[i]);
  }
  fmt::format_to(into, "],\"head_bytes\":{},\"body_bytes\":{}", event.head.size(), event.body.size());
  if (with_bodies) fmt::format_to(into, ",\"head\":{},\"body\":{}", quoted(event.head), quoted(event.body));
}

void add_outcomes(std::string_view payload, std::string& out) {
  std::vector<Outcome> outcomes;
  if (!decode_outcomes(payload, outcomes)) {
    out += ",\"unreadable\":true";
    return;
  }
  out += ",\"outcomes\":[";
  for (const Outcome& outcome : outcomes) {
    if (&outcome != &outcomes.front()) out += ',';
    fmt::format_to(
        std::back_inserter(out),
        "{{\"delivery\":{},\"attempt\":{},\"started\":{},\"took_ms\":{},\"result\":{},\"status\":{},"
        "\"state\":{},\"due\":{},\"error\":{}}}",
        quoted(to_text(outcome.delivery)), outcome.attempt.number, millis(outcome.attempt.started),
        outcome.attempt.took.count(), quoted(to_text(outcome.attempt.result)), outcome.attempt.status,
        quoted(to_text(outcome.state)), millis(outcome.due), quoted(outcome.attempt.error));
  }
  out += ']';
}

void add_command(std::string_view payload, std::string& out) {
  const auto command = decode_command(payload);
  if (!command) {
    out += ",\"unreadable\":true";
    return;
  }
  const std::string_view name = command->kind == Command::Kind::retry ? "retry" : "cancel";
  fmt::format_to(std::back_inserter(out), ",\"command\":{},\"event\":{},\"destination\":{},\"at\":{}",
                 quoted(name), quoted(to_text(command->event)), quoted(command->destination),
                 millis(command->at));
}

void add_copy(std::string_view payload, bool with_bodies, std::string& out) {
  CopyRecord copy;
  if (!decode_copy(payload, copy)) {
    out += ",\"unreadable\":true";
    return;
  }
  fmt::format_to(std::back_inserter(out), ",\"of\":{},\"deliveries\":{}", copy.sequence,
                 copy.deliveries.size());
  add_event(copy.event, with_bodies, out);
}

void add_rejected(std::string_view payload, bool with_bodies, std::string& out) {
  const auto rejected = decode_rejected(payload);
  if (!rejected) {
    out += ",\"unreadable\":true";
    return;
  }
  const auto into = std::back_inserter(out);
  fmt::format_to(
      into,
      ",\"source\":{},\"received\":{},\"peer\":{},\"cause\":{},\"detail\":{},\"status\":{},\"body_bytes\":{}",
      quoted(rejected->source), millis(rejected->received), quoted(rejected->peer), quoted(rejected->cause),
      quoted(rejected->detail), rejected->status, rejected->body_bytes);
  if (with_bodies)
    fmt::format_to(into, ",\"head\":{},\"body\":{}", quoted(rejected->head), quoted(rejected->body));
}

void add_accepted(std::string_view payload, std::string& out) {
  const auto accepted = decode_accepted(payload);
  if (!accepted) {
    out += ",\"unreadable\":true";
    return;
  }
  fmt::format_to(std::back_inserter(out), ",\"rejected\":{},\"event\":{},\"at\":{}", accepted->rejected,
                 quoted(to_text(accepted->event)), millis(accepted->at));
}

// What is set by name: values are an operator's words.
void add_state(const StateRecord& state, std::string& out) {
  out += ",\"entries\":[";
  for (const auto& [name, value] : state.entries) {
    if (out.back() != '[') out += ',';
    out += quoted(name);
  }
  out += ']';
}

// What is set is an operator's words, and a job's filter among them: its size says enough.
void add_change(std::string_view payload, std::string& out) {
  ChangeRecord change;
  if (!decode_change(payload, change)) {
    out += ",\"unreadable\":true";
    return;
  }
  const auto into = std::back_inserter(out);
  fmt::format_to(into, ",\"name\":{},\"value_bytes\":{}", quoted(change.name), change.value.size());
  if (!change.orders) return;
  constexpr std::string_view kKinds[] = {"retry", "cancel", "replay"};
  fmt::format_to(into, ",\"orders\":{},\"at\":{},\"deliveries\":{}",
                 quoted(kKinds[static_cast<std::size_t>(change.orders->kind)]), millis(change.orders->at),
                 change.orders->deliveries.size());
}

std::string_view name_of(RecordKind kind) {
  switch (kind) {
    case RecordKind::event:
      return "event";
    case RecordKind::outcome:
      return "outcome";
    case RecordKind::command:
      return "command";
    case RecordKind::copy:
      return "copy";
    case RecordKind::keys:
      return "keys";
    case RecordKind::state:
      return "state";
    case RecordKind::rejected:
      return "rejected";
    case RecordKind::lost:
      return "lost";
    case RecordKind::duplicates:
      return "duplicates";
    case RecordKind::accepted:
      return "accepted";
    case RecordKind::change:
      return "change";
  }
  return "unknown";
}

std::string line_of(const FoundRecord& record, bool with_bodies) {
  std::string out =
      fmt::format("{{\"sequence\":{},\"kind\":\"{}\",\"segment\":{},\"offset\":{},\"batch\":{},\"bytes\":{}",
                  record.frame.sequence, name_of(record.frame.kind), record.frame.segment, record.offset,
                  record.frame.batch, record.payload.size());
  switch (record.frame.kind) {
    case RecordKind::event:
      add_event(record.payload, with_bodies, out);
      break;
    case RecordKind::outcome:
      add_outcomes(record.payload, out);
      break;
    case RecordKind::command:
      add_command(record.payload, out);
      break;
    case RecordKind::copy:
      add_copy(record.payload, with_bodies, out);
      break;
    case RecordKind::keys: {
      std::vector<KeptKey> keys;
      if (decode_keys(record.payload, keys))
        fmt::format_to(std::back_inserter(out), ",\"keys\":{}", keys.size());
      break;
    }
    case RecordKind::state: {
      StateRecord state;
      if (decode_state(record.payload, state)) add_state(state, out);
      break;
    }
    case RecordKind::rejected:
      add_rejected(record.payload, with_bodies, out);
      break;
    case RecordKind::accepted:
      add_accepted(record.payload, out);
      break;
    case RecordKind::change:
      add_change(record.payload, out);
      break;
    case RecordKind::lost:
      fmt::format_to(std::back_inserter(out), ",\"next\":{}", decode_lost(record.payload).value_or(0));
      break;
    case RecordKind::duplicates: {
      std::vector<EventId> events;
      if (decode_duplicates(record.payload, events))
        fmt::format_to(std::back_inserter(out), ",\"events\":{}", events.size());
      break;
    }
  }
  return out + '}';
}

// Calls `visit` with each segment in order: window, number, first sequence, and that of the next segment or
// 0.
class Walk {
 public:
  Walk(Disk& disk, const std::string& store_path, bool is_quarantine)
      : disk_(disk), folder_(store_path + (is_quarantine ? "/quarantine" : "/journal")) {}

  template <class Visit>
  std::expected<void, OpenError> each(Visit visit) {
    const auto names = disk_.list(folder_);
    if (!names) return failure(folder_, names.error());
    std::vector<SegmentHeader> headers;
    for (const std::string& name : *names) {
      if (!parse_segment_name(name)) continue;
      auto file = disk_.open(folder_ + "/" + name, OpenMode::read);
      if (!file) continue;  // removed meanwhile
      std::array<char, kSegmentHeaderBytes> bytes;
      const auto got = read_full(**file, 0, bytes);
      if (!got) return failure(folder_ + "/" + name, got.error());
      const auto header = decode_header({bytes.data(), *got});
      if (!header) continue;  // prepared, and not used yet
      if (header->version > kSegmentVersion) {
        return std::unexpected(
            OpenError{OpenError::Kind::newer, folder_ + "/" + name + " was written by a newer creel"});
      }
      headers.push_back(*header);
    }
    for (std::size_t i = 0; i < headers.size(); ++i) {
      const std::string path = folder_ + "/" + segment_name(headers[i].segment);
      auto file = disk_.open(path, OpenMode::read);
      if (!file) continue;
      SegmentWindow window(*std::move(file));
      const Sequence next_first = i + 1 < headers.size() ? headers[i + 1].first : 0;
      const auto visited = visit(window, headers[i], next_first);
      if (!visited) return failure(path, visited.error());
      if (!*visited) break;
    }
    return {};
  }

 private:
  static std::unexpected<OpenError> failure(const std::string& path, DiskError error) {
    return std::unexpected(OpenError{OpenError::Kind::disk, path + ": " + describe(error)});
  }
  Disk& disk_;
  std::string folder_;
};

}  // namespace

std::expected<void, OpenError> dump_journal(Disk& disk, const std::string& store_path,
                                            const InspectOptions& options,
                                            const std::function<bool(std::string_view)>& line) {
  const auto identity = read_identity(disk, store_path);
  if (!identity) return std::unexpected(identity.error());
  const FrameCodec codec(*identity);
  std::uint64_t given = 0;
  return Walk(disk, store_path, options.is_quarantine)
      .each([&](SegmentWindow& window, const SegmentHeader& header, Sequence next_first) -> DiskResult<bool> {
        if (next_first != 0 && next_first <= options.first) return true;
        const auto scan = scan_segment(window, codec, header.segment, header.first, next_first);
        if (!scan) return std::unexpected(scan.error());
        auto damage = scan->damage.begin();
        std::uint64_t at = kSegmentHeaderBytes;
        while (at < scan->end) {
          if (damage != scan->damage.end() && damage->from == at) {
            if (!line(fmt::format("{{\"damaged\":{}}}", quoted(describe(*damage))))) return false;
            at = damage++->to;
            continue;
          }
          const auto found = record_at(window, codec, header.segment, at, scan->end);
          if (!found) return std::unexpected(found.error());
          if (!*found) break;
          at = (*found)->end();
          if ((*found)->frame.sequence < options.first) continue;
          if (given++ == options.limit || !line(line_of(**found, options.with_bodies))) return false;
        }
        return true;
      });
}

std::expected<JournalCheck, OpenError> check_journal(Disk& disk, const std::string& store_path,
                                                     bool is_quarantine) {
  const auto identity = read_identity(disk, store_path);
  if (!identity) return std::unexpected(identity.error());
  const FrameCodec codec(*identity);
  JournalCheck check;
  std::uint32_t expected_segment = 0;
  const auto walked =
      Walk(disk, store_path, is_quarantine)
          .each([&](SegmentWindow& window, const SegmentHeader& header,
                    Sequence next_first) -> DiskResult<bool> {
            const auto scan = scan_segment(window, codec, header.segment, header.first, next_first);
            if (!scan) return std::unexpected(scan.error());
            const auto bytes = window.file().size();
            if (!bytes) return std::unexpected(bytes.error());
            if (expected_segment != 0 && header.segment != expected_segment) {
              check.damage.push_back({expected_segment, 0, 0, check.last + 1, header.first});
            }
            expected_segment = header.segment + 1;
            check.segments += 1;
            check.bytes += *bytes;
            if (check.first == 0) check.first = header.first;
            check.last = scan->next - 1;
            check.records += scan->next - header.first;
            for (const Damage& damage : scan->damage) {
              check.damage.push_back(damage);
              check.records -= std::min(check.records, damage.next - std::min(damage.next, damage.lost));
            }
            return true;
          });
  if (!walked) return std::unexpected(walked.error());
  return check;
}

}  // namespace creel::store
