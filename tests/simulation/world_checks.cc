// What was promised, held against what is there.

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "app/pause_state.h"
#include "tests/simulation/world.h"

namespace creel::simulation {
namespace {

using namespace std::chrono_literals;

}  // namespace

// --- Answers
// ---------------------------------------------------------------------------------------------------------

void World::check_answers() {
  for (const Sending* sending : answered_) {
    check_answer(*sending);
    std::erase_if(sendings_, [sending](const auto& one) { return one.get() == sending; });
  }
  answered_.clear();
}

void World::check_answer(const Sending& sending) {
  const Webhook& webhook = sending.webhook();
  const auto& result = sending.result;
  if (!result) {
    note("{} is refused: {}", webhook.keys[0], describe(result.error()));
    ++tally_.refused;
    return;
  }
  if (result->duplicate) {
    note("{} is a duplicate", webhook.keys[0]);
    ++tally_.duplicates;
    for (const std::string& key : webhook.keys) {
      const bool is_known = truth_.was_kept(webhook.source, key, webhook.received, webhook.window);
      if (!is_known) fail(fmt::format("{} is called a duplicate, and was never kept within its window", key));
    }
    return;
  }
  note("{} is kept as {}", webhook.keys[0], creel::to_text(result->first));
  ++tally_.accepted;
  if (!truth_.has_record(result->first.sequence()))
    return fail(fmt::format("{} is acknowledged and not synced", creel::to_text(result->first)));
  for (std::uint16_t i = 0; i < webhook.keys.size(); ++i) {
    const EventId id = EventId::of(result->first.sequence(), i);
    if (truth_.is_dropped(id)) {
      ++tally_.dropped;
      continue;
    }
    const auto event = truth_.events().find(id);
    if (event == truth_.events().end())
      return fail(fmt::format("{} is acknowledged and not kept", creel::to_text(id)));
    if (event->second.body != webhook.slice(i) || event->second.head != webhook.head ||
        event->second.key != webhook.keys[i])
      return fail(fmt::format("{} is kept with other bytes", creel::to_text(id)));
    check_ways(id, event->second, webhook.ways(i));
    acknowledged_.insert(id);
  }
}

// An event goes where its sender's routes said, and nowhere else.
void World::check_ways(EventId id, const TrueEvent& event, const std::map<std::string, bool>& ways) {
  if (event.deliveries.size() != ways.size())
    return fail(fmt::format("{} goes to {} destinations instead of {}", creel::to_text(id),
                            event.deliveries.size(), ways.size()));
  for (const auto& [destination, is_transformed] : ways) {
    const bool has_flag = std::ranges::find(event.transformed, destination) != event.transformed.end();
    if (!event.deliveries.contains(destination) || has_flag != is_transformed)
      fail(fmt::format("{} does not go to {} as it should", creel::to_text(id), destination));
    ++(is_transformed ? tally_.by_transform : tally_.as_they_are);
  }
  if (ways.empty()) ++tally_.nowhere;
}

// --- The index
// -------------------------------------------------------------------------------------------------------

void World::check_index() {
  assume(on_index);
  for (int tries = 0; !program_->index_all(); ++tries) {
    if (tries == 20) return fail("the index does not come to the journal's end");
    clock_.advance_to(clock_.ticks() + 60s);
  }
  store::Index& index = *program_->indexer().index();
  if (program_->indexer().rebuilds() > rebuilds_allowed_) return fail("the index was made anew without need");
  std::size_t rows = 0, counted = 0;
  for (const auto& [id, event] : truth_.events()) {
    check_row(index, id, event, rows);
    if (!ok()) return;
  }
  index.dump_rows([&counted](std::string_view row) { counted += row.starts_with("event ") ? 1 : 0; });
  if (counted != rows) fail(fmt::format("the index has {} events and {} were kept", counted, rows));
  if (ok()) check_pages(rows);
}

// Whoever goes through all events meets each that there is, in order, and each once.
void World::check_pages(std::size_t rows) {
  assume(on_read);
  Reader& reader = program_->reader();
  StoredQuery query{.limit = 1 + random_.below(20), .bytes_max = random_.below(20'000)};
  std::vector<EventId> seen;
  while (true) {
    const auto page = reader.stored(query);
    if (!page) return fail(fmt::format("the events cannot be read: {}", describe(page.error())));
    for (const StoredEvent& event : page->events) {
      if (!seen.empty() && event.id <= seen.back()) return fail("the events are not in order");
      const auto found = truth_.events().find(event.id);
      if (found == truth_.events().end() || event.body != found->second.body ||
          event.dedupe_key != found->second.key || event.transformed != found->second.transformed)
        return fail(fmt::format("{} is listed as another event", creel::to_text(event.id)));
      seen.push_back(event.id);
    }
    if (!page->more) break;
    query.after = page->next;
  }
  if (seen.size() != rows) return fail(fmt::format("{} events are listed of {}", seen.size(), rows));
  if (rows == 0) return;
  const std::uint64_t last = 1 + random_.below(rows);
  const auto from = reader.nth_last("", last);
  if (!from || *from != seen[rows - last]) fail(fmt::format("the last {} events begin elsewhere", last));
}

void World::check_row(store::Index& index, EventId id, const TrueEvent& event, std::size_t& rows) {
  assume(on_index);
  const auto row = index.row(id);
  if (!row) {
    gone_.insert(id);
    if (retention_options_.age.count() == 0) return fail(fmt::format("{} is lost", creel::to_text(id)));
    if (event.is_pending())
      return fail(fmt::format("{} was removed while it is pending", creel::to_text(id)));
    if (truth_.newest() - event.received < retention_options_.age)
      return fail(fmt::format("{} was removed too early", creel::to_text(id)));
    return;
  }
  gone_.erase(id);
  ++rows;
  if (row->deliveries.size() != event.deliveries.size())
    return fail(fmt::format("{} has {} deliveries instead of {}", creel::to_text(id), row->deliveries.size(),
                            event.deliveries.size()));
  for (const store::DeliveryEntry& one : row->deliveries) {
    const std::string destination(index.name(one.destination));
    const TrueDelivery* delivery = truth_.find(id, destination);
    if (delivery == nullptr) return fail(fmt::format("{} goes to {}", creel::to_text(id), destination));
    const Version& now = delivery->now();
    const bool is_due_right = now.state != DeliveryState::pending || now.due == one.due;
    if (one.state != now.state || one.attempts != now.attempts || one.attempts_base != now.attempts_base ||
        !is_due_right) {
      return fail(fmt::format("{} to {} is {} after {} attempts ({} before), and should be {} after {} ({})",
                              creel::to_text(id), destination, creel::to_text(one.state), one.attempts,
                              one.attempts_base, creel::to_text(now.state), now.attempts, now.attempts_base));
    }
  }
  check_content(id, event);
}

void World::check_content(EventId id, const TrueEvent& event) {
  assume(on_read);
  const auto content = program_->reader().content(id);
  if (!content)
    return fail(fmt::format("{} cannot be read: {}", creel::to_text(id), describe(content.error())));
  if (content->head != event.head || content->body != event.body)
    fail(fmt::format("{} is read with other bytes", creel::to_text(id)));
  if (content->transformed != event.transformed || content->dedupe_key != event.key)
    fail(fmt::format("{} is read with other transforms", creel::to_text(id)));
}

// An index made of the journal as it is equals the one that was there all the time. Not while a segment is
// on its way out: the index has let go of it, and the file is still there.
void World::check_rebuilt() {
  assume(on_index);
  store::Index& index = *program_->indexer().index();
  if (index.floor() > program_->journal().oldest().next) return;
  ++tally_.compared;
  std::vector<std::string> rows, rebuilt;
  index.dump_rows([&rows](std::string_view row) { rows.emplace_back(row); });
  store::IndexOptions options = program_->index_options();
  options.folder = folder_ + "/rebuilt";
  std::filesystem::create_directories(options.folder);
  {
    auto other = store::Index::open(program_->journal(), log_, options);
    if (!other) return fail("the index cannot be rebuilt: " + other.error().message);
    while (true) {
      const auto stepped = (*other)->step(nullptr);
      if (!stepped) return fail("the index cannot be rebuilt: " + stepped.error().message);
      if (stepped->records == 0) break;
    }
    (*other)->dump_rows([&rebuilt](std::string_view row) { rebuilt.emplace_back(row); });
  }
  store::Index::remove(*disk_, options.folder);
  static_cast<void>(disk_->has_removed());
  for (const char* suffix : {"", "-wal", "-shm"})
    std::filesystem::remove(options.folder + "/index.sqlite" + suffix);
  const auto [one, other] = std::ranges::mismatch(rows, rebuilt);
  if (one != rows.end() || other != rebuilt.end()) {
    fail(fmt::format("a rebuilt index differs:\n  live    {}\n  rebuilt {}",
                     one == rows.end() ? "(end)" : *one, other == rebuilt.end() ? "(end)" : *other));
  }
}

// What operators have set is there, and nothing else.
void World::check_state() {
  const std::vector<Pause> kept = program_->pauses_kept();
  for (const Pause& pause : kept) {
    if (!truth_.state().contains(pause_entry_name(pause.what, pause.name)))
      fail(fmt::format("{} {} is paused, and nobody said so", creel::to_text(pause.what), pause.name));
  }
  if (kept.size() != truth_.state().size())
    fail(fmt::format("{} pauses were kept, and {} are there", truth_.state().size(), kept.size()));
  for (const auto& [key, pause] : promised_) {
    if (!trial::is_paused(kept, pause.what, pause.name))
      fail(fmt::format("{} {} was paused, and is not any more", creel::to_text(pause.what), pause.name));
  }
}

// --- The end
// ---------------------------------------------------------------------------------------------------------

void World::check_end() {
  check_index();
  if (ok()) check_rebuilt();
  if (!ok()) return;
  for (const EventId id : acknowledged_) {
    if (!truth_.events().contains(id))
      fail(fmt::format("{} was acknowledged and is lost", creel::to_text(id)));
  }
  for (const auto& [id, event] : truth_.events()) {
    for (const auto& [name, delivery] : event.deliveries) {
      const Version& now = delivery.now();
      const auto& made = made_[{id, name, 1}];
      const bool was_accepted = std::ranges::any_of(
          made, [&](const Made& one) { return one.was_accepted && one.number == now.attempts; });
      if (now.state == DeliveryState::delivered && !was_accepted)
        fail(fmt::format("{} to {} counts as delivered and never was", creel::to_text(id), name));
      tally_.delivered += now.state == DeliveryState::delivered;
      tally_.dead += now.state == DeliveryState::dead;
      tally_.cancelled += now.state == DeliveryState::cancelled;
    }
  }
  tally_.events_gone += gone_.size();
  tally_.rebuilds += program_->indexer().rebuilds();
  tally_.segments_removed += program_->retention().segments_removed();
  tally_.events_copied += program_->retention().events_copied();
}

Tally& Tally::operator+=(const Tally& other) {
  accepted += other.accepted;
  duplicates += other.duplicates;
  refused += other.refused;
  dropped += other.dropped;
  as_they_are += other.as_they_are;
  by_transform += other.by_transform;
  nowhere += other.nowhere;
  attempts += other.attempts;
  repeated += other.repeated;
  repeated_in_trouble += other.repeated_in_trouble;
  delivered += other.delivered;
  dead += other.dead;
  cancelled += other.cancelled;
  kills += other.kills;
  power_cuts += other.power_cuts;
  restarts += other.restarts;
  failed_opens += other.failed_opens;
  failed_syncs += other.failed_syncs;
  reloads += other.reloads;
  pauses += other.pauses;
  resumes += other.resumes;
  gone += other.gone;
  opened += other.opened;
  in_order += other.in_order;
  held += other.held;
  compared += other.compared;
  rebuilds += other.rebuilds;
  segments_removed += other.segments_removed;
  events_copied += other.events_copied;
  events_gone += other.events_gone;
  return *this;
}

std::string to_text(const Tally& tally) {
  return fmt::format(
      "webhooks: {} kept, {} duplicates at once, {} duplicates dropped later, {} refused\n"
      "items: {} ways as they are, {} by a transform, {} items go nowhere\n"
      "deliveries: {} delivered, {} dead, {} cancelled by {} attempts; {} repeated, {} of those in trouble\n"
      "lives: {} kills, {} power cuts, {} restarts, {} failed opens, {} failed syncs\n"
      "operators: {} pauses, {} resumes, {} reloads; {} deliveries waited for them at the end\n"
      "destinations: {} times gone, {} times a breaker opened, {} attempts in an order\n"
      "index: {} comparisons with one made anew, {} made anew by itself\n"
      "retention: {} segments removed, {} events copied, {} events gone",
      tally.accepted, tally.duplicates, tally.dropped, tally.refused, tally.as_they_are, tally.by_transform,
      tally.nowhere, tally.delivered, tally.dead, tally.cancelled, tally.attempts, tally.repeated,
      tally.repeated_in_trouble, tally.kills, tally.power_cuts, tally.restarts, tally.failed_opens,
      tally.failed_syncs, tally.pauses, tally.resumes, tally.reloads, tally.held, tally.gone, tally.opened,
      tally.in_order, tally.compared, tally.rebuilds, tally.segments_removed, tally.events_copied,
      tally.events_gone);
}

}  // namespace creel::simulation
