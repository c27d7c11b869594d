// Where the events of a request go.
#include <algorithm>
#include <utility>

#include "ingest/ingest.h"
#include "ingest/ingest_parts.h"

namespace creel {
namespace {

// The place of `name` in `destinations`, where it is put when it is not there yet.
std::uint16_t place_of(std::string_view name, std::vector<std::string_view>& destinations) {
  const auto found = std::ranges::find(destinations, name);
  const auto place = static_cast<std::uint16_t>(found - destinations.begin());
  if (found == destinations.end()) destinations.push_back(name);
  return place;
}

bool is_unrouted(const NewEvent& event, const NewItem& item) {
  return item.targets ? item.targets->empty() : event.destinations.empty();
}

}  // namespace

void Ingest::route(const Source& source, const Routes& routes, std::span<NewItem> items, Content& content,
                   NewEvent& event) {
  if (source.always) {
    event.destinations = *source.always;
    return;
  }
  if (items.size() == 1) {
    route_one(routes, event, items.front(), content);
  } else {
    // The targets move while they grow: spans into them are made when all are there.
    std::vector<std::size_t> ends;
    ends.reserve(items.size());
    for (NewItem& item : items) {
      route_one(routes, event, item, content);
      ends.push_back(content.targets.size());
    }
    std::size_t begin = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i].targets = std::span(content.targets).subspan(begin, ends[i] - begin);
      begin = ends[i];
    }
  }
  event.destinations = content.destinations;
}

// Adds where one item goes to `content`.
void Ingest::route_one(const Routes& routes, const NewEvent& event, NewItem& item, Content& content) {
  matches_.clear();
  routes.match({.source = event.source,
                .type = item.type,
                .head = event.head,
                .body = event.body.substr(item.body_offset, item.body_bytes)},
               rule_scratch_, matches_);
  for (const RouteMatch& match : matches_)
    content.targets.push_back({.destination = place_of(match.destination, content.destinations),
                               .transformed = !match.route->transform.empty()});
  item.targets = content.targets;
}

void Ingest::count_unrouted(const Source& source, const NewEvent& event, EventId first) {
  const auto unrouted = std::ranges::count_if(
      event.items.subspan(first.item()), [&event](const NewItem& item) { return is_unrouted(event, item); });
  if (unrouted == 0) return;
  source.unrouted->Increment(static_cast<double>(unrouted));
  log_.debug(
      "no route takes the event",
      {{"source", source.configured.name}, {"event", to_text(first)}, {"events", std::int64_t{unrouted}}});
}

}  // namespace creel
