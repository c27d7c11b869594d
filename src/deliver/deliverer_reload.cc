// What the deliver thread does when destinations and routes change, and with events on their way through a
// transform.
#include <algorithm>
#include <utility>

#include "deliver/deliverer.h"
#include "rules/routes.h"

namespace creel {

// --- From any thread
// -------------------------------------------------------------------------------------------------

void Deliverer::reload(std::vector<Destination> destinations, std::shared_ptr<const Routes> routes) {
  std::lock_guard lock(lanes_mutex_);
  post(number(std::move(destinations), std::move(routes)));
}

// Lets the feed know the names, before anybody asks the index what it has for them.
Deliverer::Reload Deliverer::number(std::vector<Destination> destinations,
                                    std::shared_ptr<const Routes> routes) {
  Reload reload{.routes = std::move(routes)};
  auto lanes = std::make_shared<Lanes>(*lanes_);
  for (auto& [name, lane] : *lanes)
    lane.is_configured = false;
  for (Destination& destination : destinations) {
    const std::size_t next = lanes->size();
    const auto [found, is_new] = lanes->try_emplace(destination.name);
    Lane& lane = found->second;
    if (is_new) lane = {.number = next, .wants_content = std::make_shared<std::atomic<bool>>(false)};
    lane.is_configured = true;
    reload.destinations.emplace_back(lane.number, std::move(destination));
    reload.wants_content.push_back(lane.wants_content);
  }
  lanes_ = std::move(lanes);
  return reload;
}

// --- On the deliver thread
// -------------------------------------------------------------------------------------------

void Deliverer::take(Reload reload, Moment at) {
  ++generation_;
  routes_ = std::move(reload.routes);
  dispatcher_.set_routes(routes_, at);
  held_.clear();
  attempt_log_.on_reload();
  std::vector<bool> is_configured(outlets_.size() + reload.destinations.size(), false);
  for (std::size_t i = 0; i < reload.destinations.size(); ++i) {
    auto& [number, destination] = reload.destinations[i];
    is_configured[number] = true;
    configure(number, std::move(destination), std::move(reload.wants_content[i]), at);
  }
  for (std::size_t number = 0; number < outlets_.size(); ++number) {
    if (!is_configured[number] && outlets_[number].is_configured) remove(number);
  }
}

// Numbers come in order: a new one is the next.
void Deliverer::configure(std::size_t number, Destination destination,
                          std::shared_ptr<std::atomic<bool>> wants_content, Moment at) {
  if (number == outlets_.size()) outlets_.emplace_back();
  Outlet& outlet = outlets_[number];
  outlet.name = destination.name;
  outlet.is_configured = true;
  outlet.has_transform = routes_ && routes_->transforms(destination.name);
  outlet.is_said_full = false;
  outlet.held = 0;
  outlet.wants_content = std::move(wants_content);
  replace_endpoint(outlet, endpoints_.make(destination, options_.receivers, clock_));
  dispatcher_.put(number, std::move(destination), at);
}

void Deliverer::remove(std::size_t number) {
  Outlet& outlet = outlets_[number];
  outlet.is_configured = false;
  outlet.held = 0;
  replace_endpoint(outlet, nullptr);
  dispatcher_.remove(number);
}

void Deliverer::replace_endpoint(Outlet& outlet, std::unique_ptr<Endpoint> by) {
  if (outlet.endpoint && !outlet.endpoint->is_idle()) leaving_.push_back(std::move(outlet.endpoint));
  outlet.endpoint = std::move(by);
}

// --- Transforms

bool Deliverer::is_to_be_transformed(const AttemptOrder& order) const {
  const Outlet& outlet = outlets_[order.destination];
  if (outlet.has_transform) return true;
  const auto& names = order.content->transformed;
  return !names.empty() && std::ranges::find(names, outlet.name) != names.end();
}

void Deliverer::take(TransformResult result, Moment at) {
  AttemptOrder& order = result.order;
  if (!outlets_[order.destination].is_configured) return dispatcher_.on_attempt_withdrawn(order);
  if (result.generation != generation_) {
    // By routes that are gone: once more.
    if (order.kept) order.content = std::exchange(order.kept, nullptr);
    return start(std::move(order), at.wall);
  }
  switch (result.kind) {
    case TransformResult::Kind::goes:
      return leave(std::move(order), at);
    case TransformResult::Kind::failed:
      return hold(order, result.error, at);
    case TransformResult::Kind::cancelled:
      return cancel(order, at);
  }
}

void Deliverer::leave(AttemptOrder order, Moment at) {
  dispatcher_.on_attempt_leaves(order, at);
  Endpoint& endpoint = *outlets_[order.destination].endpoint;
  endpoint.attempt(std::move(order), at.wall);
}

void Deliverer::hold(const AttemptOrder& order, std::string_view reason, Moment at) {
  if (!dispatcher_.on_attempt_held(order, DestinationQueue::Hold::failed)) return;
  Outlet& outlet = outlets_[order.destination];
  ++outlet.held;
  held_.add(outlet.name, order.event, order.ordinal, reason);
  attempt_log_.on_held(order.destination,
                       {.event = order.event, .destination = outlet.name, .ordinal = order.ordinal}, reason,
                       at.ticks);
}

void Deliverer::cancel(const AttemptOrder& order, Moment at) {
  if (!dispatcher_.on_attempt_held(order, DestinationQueue::Hold::cancelled)) return;
  const NotCancelled delivery{
      .destination = order.destination, .event = order.event, .ordinal = order.ordinal};
  store_->command({.kind = Command::Kind::cancel,
                   .event = order.event,
                   .destination = outlets_[order.destination].name,
                   .at = at.wall,
                   .ordinal = order.ordinal},
                  [this, delivery](const std::expected<Sequence, StoreError>& done) {
                    if (!done) post(delivery);
                  });
}

void Deliverer::take(NotCancelled delivery, Moment at) {
  if (cancel_again_.empty()) {
    log_.warning("deliveries that a transform cancelled could not be cancelled, trying again",
                 {{"destination", outlets_[delivery.destination].name}});
  }
  cancel_again_.emplace_back(at.ticks + options_.cancel_again_after, delivery);
}

void Deliverer::cancel_again() {
  const Ticks at = clock_.ticks();
  while (!cancel_again_.empty() && cancel_again_.front().first <= at) {
    const NotCancelled& delivery = cancel_again_.front().second;
    dispatcher_.release(delivery.destination, delivery.event, delivery.ordinal);
    cancel_again_.pop_front();
  }
}

}  // namespace creel
