// What the admin port is told of the running gateway, and asks of it.
#include <algorithm>
#include <map>
#include <utility>

#include "app/config_row.h"
#include "app/explain.h"
#include "app/gateway_impl.h"
#include "core/text.h"

namespace creel {
namespace {

AcceptAnswer::Status answer_of(AcceptResult::Status status) {
  switch (status) {
    case AcceptResult::Status::accepted:
      return AcceptAnswer::Status::accepted;
    case AcceptResult::Status::duplicate:
      return AcceptAnswer::Status::duplicate;
    case AcceptResult::Status::still_rejected:
      return AcceptAnswer::Status::still_rejected;
    case AcceptResult::Status::cannot:
      return AcceptAnswer::Status::cannot;
  }
  std::unreachable();
}

AcceptAnswer answer_of(const AcceptResult& result) {
  return {
      .status = answer_of(result.status), .event = result.event, .cause = result.cause, .text = result.text};
}

}  // namespace

AdminOptions Gateway::admin_options(const Config& config) {
  AdminOptions options;
  options.token = token_;
  options.listen_address = config.admin.listen.host;
  options.hosts = config.admin.hosts;
  options.version = CREEL_VERSION;
  options.destinations = [this] { return destinations(); };
  options.routes = [this] { return live_.now()->routes; };
  options.held = [this](const DeliveryId& delivery, std::string_view source, const StoredEvent* event) {
    return held_reason(delivery, source, event);
  };
  options.pauses = [this] { return pauses_.all(); };
  options.pause = [this](Pause::What what, std::string name, bool is_paused, auto done) {
    assume(on_loop);
    pause(what, std::move(name), is_paused, std::move(done));
  };
  options.sources = [this] { return sources(); };
  options.row_of = make_row;
  options.explain = [this](const RejectedRequest& rejected) {
    return explain_rejected(rejected, *live_.now(), *mask_);
  };
  options.accept = [this](RejectedRequest rejected, auto done) {
    assume(on_loop);
    ingest_->accept_rejected(
        std::move(rejected),
        [done = std::move(done)](const AcceptResult& result) mutable { done(answer_of(result)); });
  };
  options.after = [this](auto delay, auto work) {
    assume(on_loop);
    loop_.after(delay, std::move(work));
  };
  return options;
}

std::string place_of(const Destination& destination) {
  // What its arguments say may be secret.
  if (destination.kind == DestinationKind::exec) return destination.exec.command.front();
  return without_credentials(destination.url);
}

std::vector<DestinationStatus> Gateway::destinations() const {
  std::map<std::string, Deliverer::Held, std::less<>> held;
  for (Deliverer::Held& each : deliverer_->held()) {
    std::string name = each.destination;
    held.emplace(std::move(name), std::move(each));
  }
  const auto standings = deliverer_->standings();
  const auto pauses = pauses_.all();
  std::vector<DestinationStatus> all;
  const auto live = live_.now();
  for (const Destination& destination : live->config.destinations) {
    DestinationStatus& status = all.emplace_back();
    status.name = destination.name;
    status.url = place_of(destination);
    const auto standing = std::ranges::find(standings, destination.name, &Deliverer::Standing::destination);
    add_standing(destination, standing == standings.end() ? nullptr : &*standing, pauses, status);
    const auto found = held.find(destination.name);
    if (found == held.end()) continue;
    status.held_by_transform = found->second.deliveries;
    status.transform_error = std::move(found->second.reason);
  }
  return all;
}

// As Admin shows them, with the marks by which stored events name their secrets.
std::vector<SourceStatus> Gateway::sources() const {
  const auto live = live_.now();
  std::vector<SourceStatus> all;
  for (const SourceConfig& source : live->config.sources) {
    SourceStatus& status = all.emplace_back();
    status.name = source.name;
    status.provider = source.provider->name;
    status.path = source.path;
    status.options = source.options;
    status.dedupe = source.dedupe;
    status.dedupe_by_body = source.dedupe_by_body;
    for (const Key& key : live->sources.at(source.name).receiver->keys()) {
      status.secrets.push_back({.label = key.label,
                                .stored_label = secret_mark(key, store_->identity().secret),
                                .fingerprint = key.secret.fingerprint(),
                                .not_before = key.not_before,
                                .not_after = key.not_after});
    }
  }
  return all;
}

}  // namespace creel
