#include "cli/plan_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "admin/json.h"
#include "cli/output.h"
#include "cli/rules.h"
#include "core/text.h"

namespace creel::cli {
namespace {

// The counts in the order in which they are told, and what they say.
struct CountName {
  const char* name;
  const char* text;
};
constexpr std::array<CountName, 9> kCounts{{{"unchanged", "unchanged"},
                                            {"more", "to more destinations"},
                                            {"fewer", "to fewer destinations"},
                                            {"other", "to other destinations"},
                                            {"filtered", "to no destination any more"},
                                            {"transformed", "transformed differently"},
                                            {"failed", "with a transform that fails"},
                                            {"not_tried", "with a transform that fails slowly, not tried"},
                                            {"duplicates", "duplicates of another"}}};

bool is_there(const Json* side) {
  return side && std::holds_alternative<Json::Object>(side->value);
}

// What goes out on one side, as far as it was sent; nothing where it is not known.
std::optional<Sent> sent(const Json& side, const Json& event) {
  const std::string result = side.text("result");
  Sent sent{.head = event.text("head"),
            .body = event.text("body"),
            .is_cut = event.is_true("body_cut") || event.is_true("head_cut")};
  if (result == "as_is") return sent;
  if (result != "made") return std::nullopt;
  if (side.find("head")) sent.head = side.text("head");
  sent.body = side.text("body");
  sent.is_cut |= side.is_true("body_cut") || side.is_true("head_cut");
  return sent;
}

std::string what_goes_out(const Json& side) {
  const std::string result = side.text("result");
  if (result == "made" || result == "same") return "transformed";
  if (result == "nothing") return "cancelled: its transform returns nil";
  if (result == "failed") return "held: " + side.text("error");
  if (result == "not_tried") return "not tried: its transform failed slowly on events before";
  return "as it is";
}

std::string route_of_side(const Json* side) {
  return is_there(side) ? side->text("route") : std::string("-");
}

std::string kinds_of(const Json& difference) {
  std::vector<std::string> kinds;
  for (const Json& kind : difference.items("kinds"))
    kinds.push_back(kind.as_text() ? *kind.as_text() : "");
  return fmt::format("{}", fmt::join(kinds, ", "));
}

}  // namespace

std::int64_t PlanReport::count(const std::string& name) const {
  const auto found = counts_.find(name);
  return found == counts_.end() ? 0 : found->second;
}

void PlanReport::add(const Json& page) {
  if (const Json* counts = page.find("counts")) {
    counts_["events"] += counts->integer("events");
    for (const CountName& each : kCounts)
      counts_[each.name] += counts->integer(each.name);
  }
  for (const Json& difference : page.items("differences")) {
    if (differences_.size() < show_) differences_.push_back(difference);
  }
  for (const Json& row : page.items("keys"))
    add_key(row);
  for (const Json& note : page.items("notes")) {
    const std::string* text = note.as_text();
    if (text && std::ranges::find(notes_, *text) == notes_.end()) notes_.push_back(*text);
  }
}

// As the store decides it: an event is a duplicate of one that was none and came less than the window before.
void PlanReport::add_key(const Json& row) {
  const std::string source = row.text("source"), id = row.text("id");
  const auto config = std::ranges::find(config_.sources, source, &SourceConfig::name);
  const auto received = admin::parse_time(row.text("received"));
  if (config == config_.sources.end() || !received) return;
  const auto [first, is_new] = keys_.try_emplace(source + "\n" + row.text("key"), First{*received, id});
  if (is_new) return;
  if (*received - first->second.received >= config->dedupe) {
    first->second = {*received, id};
    return;
  }
  ++counts_["duplicates"];
  if (!row.is_true("differs")) --counts_["unchanged"];
  if (duplicates_.size() < show_) duplicates_.push_back({id, source, row.text("type"), first->second.id});
}

bool PlanReport::signs_creels_bytes(const Json& delivery) const {
  const Json* after = delivery.find("after");
  if (!is_there(after)) return false;
  const std::string result = after->text("result");
  const auto destination =
      std::ranges::find(config_.destinations, delivery.text("destination"), &Destination::name);
  return (result == "made" || result == "same") && destination != config_.destinations.end() &&
         destination->sign == SignMode::source;
}

void PlanReport::print_difference_of(const Json& difference, Io& io) const {
  io.out << fmt::format("\n{}  {}  {}: {}\n", displayed(difference.text("id")),
                        displayed(difference.text("source")), displayed(difference.text("type")),
                        kinds_of(difference));
  for (const Json& delivery : difference.items("deliveries")) {
    const Json *before = delivery.find("before"), *after = delivery.find("after");
    const char mark = !is_there(before) ? '+' : !is_there(after) ? '-' : ' ';
    std::string line = fmt::format("  {} {}: {} → {}", mark, displayed(delivery.text("destination")),
                                   displayed(route_of_side(before)), displayed(route_of_side(after)));
    if (is_there(after)) line += ", " + displayed(what_goes_out(*after), 1024);
    if (signs_creels_bytes(delivery)) line += " (sign = \"source\" signs creel's bytes)";
    io.out << line << '\n';

    // A new destination's delivery is compared with the event as it is.
    const bool is_new = is_there(after) && !is_there(before);
    if (!is_new && !delivery.is_true("bytes_differ")) continue;
    const auto old = sent(is_new ? Json::object().set("result", Json::of("as_is")) : *before, difference);
    const auto made = sent(*after, difference);
    const bool is_as_is = is_new && after->text("result") == "as_is";
    if (old && made && !is_as_is) print_difference(*old, *made, 6, io.out);
  }
}

void PlanReport::print_text(Io& io) const {
  io.out << fmt::format("{} event{}\n", events(), events() == 1 ? "" : "s");
  std::size_t digits = 1;
  for (const CountName& each : kCounts)
    digits = std::max(digits, fmt::formatted_size("{}", count(each.name)));
  for (const CountName& each : kCounts) {
    const bool is_always = each.name == std::string_view("unchanged");
    if (is_always || count(each.name) > 0)
      io.out << fmt::format("  {:>{}}  {}\n", count(each.name), digits, each.text);
  }
  for (const Json& difference : differences_)
    print_difference_of(difference, io);
  if (!duplicates_.empty()) io.out << '\n';
  for (const Duplicate& each : duplicates_) {
    io.out << fmt::format("{}  {}  {}: a duplicate of {}\n", displayed(each.id), displayed(each.source),
                          displayed(each.type), displayed(each.of));
  }
  const auto shown = static_cast<std::int64_t>(differences_.size() + duplicates_.size());
  const std::int64_t differing = events() - count("unchanged");
  if (differing > shown)
    complain(io.err, fmt::format("{} more differ; --show N shows more of them", differing - shown));
  for (const std::string& note : notes_)
    complain(io.err, displayed(note, 1024));
}

void PlanReport::print_json(Io& io) const {
  for (const Json& difference : differences_) {
    Json line = Json::object().set("kind", Json::of("difference"));
    for (const auto& [name, member] : std::get<Json::Object>(difference.value))
      line.set(name, member);
    Json* deliveries = line.find("deliveries");
    for (Json& delivery : std::get<Json::Array>(deliveries->value))
      delivery.set("signs_creels_bytes", Json::of(signs_creels_bytes(delivery)));
    io.out << line.dump() << '\n';
  }
  for (const Duplicate& each : duplicates_) {
    io.out << Json::object()
                  .set("kind", Json::of("duplicate"))
                  .set("id", Json::of(each.id))
                  .set("source", Json::of(each.source))
                  .set("type", Json::of(each.type))
                  .set("of", Json::of(each.of))
                  .dump()
           << '\n';
  }
  Json summary = Json::object().set("kind", Json::of("summary")).set("events", Json::of(events()));
  for (const CountName& each : kCounts)
    summary.set(each.name, Json::of(count(each.name)));
  Json::Array notes;
  for (const std::string& note : notes_)
    notes.push_back(Json::of(note));
  io.out << summary.set("notes", {std::move(notes)}).dump() << '\n';
}

}  // namespace creel::cli
