#include "cli/selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/exit_code.h"
#include "cli/output.h"
#include "core/ids.h"
#include "core/text.h"
#include "rules/filter.h"

namespace creel::cli {
namespace {

constexpr std::size_t kIdsMax = 1000;

// As JSON, once it is one that a route could have. The error is an exit code.
std::expected<Json, int> filter_json(const std::string& given, Io& io) {
  std::string text = given;
  if (given.starts_with('@')) {
    const auto file = io.outside.file(given.substr(1));
    if (!file) {
      complain(io.err, "--filter: cannot read " + displayed(given.substr(1)));
      return std::unexpected(kNotFound);
    }
    text = *file;
  }
  const auto filter = Filter::parse(text);
  if (!filter) {
    const auto& [where, message] = filter.error();
    complain(io.err,
             fmt::format("--filter: {}{}", where.empty() ? "" : displayed(where) + ": ", displayed(message)));
    return std::unexpected(kBadData);
  }
  auto json = Json::parse(text);
  if (json) return *std::move(json);
  complain(io.err, "--filter: this is not JSON");
  return std::unexpected(kBadData);
}

Json array_of(const std::vector<std::string>& texts) {
  Json::Array items;
  for (const std::string& text : texts)
    items.push_back(Json::of(std::string_view(text)));
  return {std::move(items)};
}

// Many at once are creel's own; a single one may be the provider's, as for `events get`.
bool is_one_of_the_providers(const Selection& selection) {
  if (selection.ids.size() != 1 || !selection.id.empty()) return false;
  const std::string& id = selection.ids.front();
  return !parse_event_id(id) && !parse_delivery_id(id);
}

}  // namespace

std::expected<Json, int> selection_json(const Selection& selection, Io& io) {
  const auto since = time_text(selection.since, "--since", io);
  const auto until = time_text(selection.until, "--until", io);
  if (!since || !until) return std::unexpected(kUsage);
  if (selection.ids.size() > kIdsMax) {
    complain(io.err, fmt::format("{} ids are too many at once: at most {}", selection.ids.size(), kIdsMax));
    return std::unexpected(kUsage);
  }
  Json json = Json::object();
  if (is_one_of_the_providers(selection)) {
    json.set("id", Json::of(std::string_view(selection.ids.front())));
  } else if (!selection.ids.empty()) {
    json.set("ids", array_of(selection.ids));
  }
  if (!selection.types.empty()) json.set("types", array_of(selection.types));
  const auto add = [&json](std::string_view name, const std::string& text) {
    if (!text.empty()) json.set(name, Json::of(std::string_view(text)));
  };
  add("source", selection.source);
  add("id", selection.id);
  add("subject", selection.subject);
  add("destination", selection.destination);
  add("state", selection.state);
  add("status", selection.status);
  add("error", selection.error);
  add("since", *since);
  add("until", *until);
  add("text", selection.text);
  if (!selection.filter.empty()) {
    auto filter = filter_json(selection.filter, io);
    if (!filter) return std::unexpected(filter.error());
    json.set("filter", *std::move(filter));
  }
  return json;
}

void add_selection(QueryText& query, const Json& selection) {
  const auto* members = std::get_if<Json::Object>(&selection.value);
  if (!members) return;
  for (const auto& [name, value] : *members) {
    const Json::Array* items = value.as_array();
    if (!items) {
      query.add(name, shown(&value));
      continue;
    }
    std::vector<std::string> texts;
    for (const Json& item : *items)
      texts.push_back(shown(&item));
    query.add(name == "types" ? "type" : name, fmt::format("{}", fmt::join(texts, ",")));
  }
}

void say_where_the_page_ended(const Json& page, std::string_view what, std::size_t found, int limit, Io& io) {
  const std::string cursor = shown(page.find("cursor"));
  if (!page.is_true("more") || cursor.empty()) {
    if (found == 0) complain(io.err, fmt::format("no {}", what));
    return;
  }
  if (found >= static_cast<std::size_t>(limit)) {
    complain(io.err, "more with --cursor " + cursor);
    return;
  }
  const std::int64_t scanned = page.integer("scanned");
  complain(io.err, fmt::format("{}{} so far: the search stopped after {} events, where its time was up; it "
                               "goes on with --cursor {}",
                               found == 0 ? "no " : "not all ", what, scanned, cursor));
}

}  // namespace creel::cli
