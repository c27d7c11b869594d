// What operators do, and how a world comes to its end.

#include <algorithm>

#include "app/pause_state.h"
#include "tests/simulation/world.h"

namespace creel::simulation {
namespace {

using namespace std::chrono_literals;

constexpr int kRestRounds = 30'000;
constexpr int kCancelRounds = 100;

}  // namespace

// --- Operators
// ---------------------------------------------------------------------------------------------------------

void World::operate() {
  if (truth_.events().empty() || !chance(2)) return;
  const auto event =
      std::next(truth_.events().begin(), static_cast<std::ptrdiff_t>(random_.below(truth_.events().size())));
  if (gone_.contains(event->first)) return;
  const auto kind = chance(2) ? Command::Kind::retry : Command::Kind::cancel;
  // What retention may remove at this moment is left alone: it could go before the word is heard.
  if (retention_options_.age.count() != 0 && !event->second.is_pending()) return;
  command(kind, event->first,
          chance(3) ? "" : std::string(trial::kDestinations[random_.below(trial::kDestinations.size())]));
}

void World::command(Command::Kind kind, EventId event, std::string destination) {
  note("{} {} to '{}'", kind == Command::Kind::retry ? "retry" : "cancel", creel::to_text(event),
       destination);
  program_->command({.kind = kind, .event = event, .destination = std::move(destination), .at = clock_.now()},
                    {});
}

void World::configure(std::string_view name) {
  Destination destination = trial::random_destination(name, kinds_, random_);
  auto& most = attempts_most_[destination.name];
  most = std::max(most, static_cast<std::uint32_t>(destination.retry.attempts));
  configured_.insert_or_assign(destination.name, std::move(destination));
}

void World::reload() {
  if (chance(3)) routes_ = trial::routes(chance(2));
  for (const std::string_view name : trial::kDestinations) {
    const auto die = random_.below(4);
    if (die == 0) configured_.erase(std::string(name));
    if (die == 1) configure(name);
  }
  note("a reload with {} destinations", configured_.size());
  ++tally_.reloads;
  program_->reload(settings());
}

Program::Settings World::settings() const {
  Program::Settings settings{.destinations = {}, .routes = routes_};
  for (const auto& [name, destination] : configured_)
    settings.destinations.push_back(destination);
  return settings;
}

void World::repause() {
  const std::vector<Pause> kept = program_->pauses_kept();
  if (!kept.empty() && chance(2)) {
    const Pause& pause = kept[random_.below(kept.size())];
    return this->pause(pause.what, pause.name, false);
  }
  const Pause pause = trial::random_pause(random_);
  this->pause(pause.what, pause.name, true);
}

void World::pause(Pause::What what, const std::string& name, bool is_paused) {
  note("{} {} {}", is_paused ? "pause" : "resume", creel::to_text(what), name);
  ++(is_paused ? tally_.pauses : tally_.resumes);
  const PauseKey key(what, name);
  const std::uint64_t request = ++requests_;
  asked_[key] = request;
  if (!is_paused) promised_.erase(key);
  program_->pause(what, name, is_paused, [this, key, request, is_paused](bool is_kept) {
    note("{} {} is {}{}", creel::to_text(key.first), key.second, is_kept ? "" : "not ",
         is_paused ? "paused" : "resumed");
    if (!is_kept || asked_[key] != request || !is_paused) return;
    promised_[key] = {.what = key.first, .name = key.second};
    if (!truth_.state().contains(pause_entry_name(key.first, key.second)))
      fail(fmt::format("{} is called paused, and that is not synced", key.second));
  });
}

// --- The end
// ---------------------------------------------------------------------------------------------------------

void World::settle() {
  note("the storms cease");
  calm();
  for (auto& [name, mood] : moods_)
    mood.mend();
  is_resting_ = true;
  come_to_rest();
  if (ok()) check_held();
  if (!ok()) return;
  note("everything is resumed and configured");
  for (const std::string_view name : trial::kDestinations) {
    if (!configured_.contains(std::string(name))) configure(name);
  }
  program_->reload(settings());
  for (const Pause& pause : program_->pauses_kept())
    this->pause(pause.what, pause.name, false);
  come_to_rest();
  if (ok()) check_held();
  for (int round = 0; ok() && truth_.has_pending() && round < kCancelRounds; ++round) {
    cancel_dead();
    come_to_rest();
  }
  if (!ok()) return;
  for (const auto& [id, event] : truth_.events()) {
    for (const auto& [destination, delivery] : event.deliveries) {
      if (delivery.now().state != DeliveryState::pending) continue;
      return fail(fmt::format("{} to {} is never made: pending with {} attempts, due {} ms from now",
                              creel::to_text(id), destination, delivery.now().attempts,
                              (delivery.now().due - clock_.now()).count()));
    }
  }
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    if (program_->dispatcher().known(i) != 0 || program_->dispatcher().status(i).spilled)
      fail(fmt::format("{} still waits for something", sites_[i].settings.name));
  }
}

// Until only an operator or a sender could bring something new.
void World::come_to_rest() {
  for (int round = 0; ok() && round < kRestRounds; ++round) {
    // A sync may have failed that nobody has heard of until now.
    if (program_->health() == store::JournalHealth::failed) die(End::restart);
    if (!ok()) return;
    calm();
    if (settle_once()) continue;
    if (is_at_rest()) return;
    const auto deadline = next_deadline();
    if (!deadline) break;
    pass(std::max<Ticks::duration>(*deadline - clock_.ticks(), 1us));
  }
  if (ok()) fail("the program does not come to rest");
}

bool World::is_at_rest() const {
  return running_.empty() && !program_->deliver_due() &&
         program_->indexer().indexed() + 1 >= program_->journal().synced().next &&
         program_->commit_due() == Ticks::max() && program_->has_begun();
}

// Everybody does what there is to do. False: there was nothing.
bool World::settle_once() {
  bool any = false;
  const auto does = [&](bool has_work) {
    any = any || has_work;
    return has_work;
  };
  if (does(program_->commit_due() <= clock_.ticks())) commit();
  while (program_->has_loop_work() && ok() && does(true))
    program_->turn_loop();
  while (program_->has_question() && ok() && does(true))
    program_->read();
  while (program_->has_answer() && ok() && does(true))
    program_->post_answer();
  if (does(program_->index_is_due())) program_->index();
  does(program_->has_mail());
  const auto due = program_->deliver_due();
  does(due && *due <= clock_.ticks());
  if (ok()) deliver(1000);
  does(program_->has_question());
  const std::size_t before = running_.size();
  if (ok()) end_some_attempt();
  does(running_.size() != before);
  return any;
}

// The operator cancels what is dead, and with it what parks a key.
void World::cancel_dead() {
  for (const auto& [id, event] : truth_.events()) {
    for (const auto& [name, delivery] : event.deliveries) {
      if (delivery.now().state == DeliveryState::dead) command(Command::Kind::cancel, id, name);
    }
  }
}

// What is pending now waits for an operator, and for nothing else.
void World::check_held() {
  for (const auto& [id, event] : truth_.events()) {
    for (const auto& [name, delivery] : event.deliveries) {
      if (delivery.now().state != DeliveryState::pending) continue;
      ++tally_.held;
      if (!is_held(id, event, name))
        return fail(fmt::format(
            "{} to {} is never made, and nobody holds it: {} attempts, due {} ms from now",
            creel::to_text(id), name, delivery.now().attempts, (delivery.now().due - clock_.now()).count()));
    }
  }
}

bool World::is_held(EventId id, const TrueEvent& event, const std::string& name) {
  const auto configured = configured_.find(name);
  if (configured == configured_.end()) return true;
  if (trial::is_paused(program_->pauses(), program_->routes(), name, event.source, event.type)) return true;
  const OrderPolicy& order = configured->second.order;
  if (order.by.empty() || order.on_failure != OrderPolicy::OnFailure::park) return false;
  const auto number = program_->dispatcher().find(name);
  if (number && program_->dispatcher().is_full_of_held(*number)) return true;
  const std::string_view key = key_of(event.head);
  return !key.empty() && std::ranges::any_of(truth_.events(), [&](const auto& each) {
    const auto& [other, other_event] = each;
    const auto found = other_event.deliveries.find(name);
    return other < id && key_of(other_event.head) == key && found != other_event.deliveries.end() &&
           found->second.now().state == DeliveryState::dead;
  });
}

}  // namespace creel::simulation
