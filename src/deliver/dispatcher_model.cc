// What happens to the dispatcher in the model: a store, an index, operators, and time.
#include "deliver/dispatcher_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace creel::dispatcher_model {

World::World(std::uint64_t seed) : random_(seed), seed_(seed) {
  clocks_jump_ = random_.below(4) == 0;
  index_tells_ignored_outcomes_ = random_.below(2) == 0;
  failures_of_ten_ = random_.below(10);
  limits_ = {.deliveries_max = 1 + random_.below(8),
             .bytes_max = 50 + random_.below(400),
             .awaited_max = 1 + random_.below(12),
             .held_max = random_.below(3) == 0 ? 1 + random_.below(3) : 100'000};
  reloads_ = random_.below(4) != 0;
  transforms_ = random_.below(3) != 0;
  for (const char* name : {"first", "second", "third"})
    configured_.emplace(name, destination(name));
  if (reloads_) configured_.erase("third");
  restart();
}

void World::step() {
  switch (random_.below(14)) {
    case 0:
    case 1:
      return make_event();
    case 2:
    case 3:
      return index_some();
    case 4:
    case 5:
      return tell_some();
    case 6:
      return read_page();
    case 7:
      return bring_page();
    case 8:
    case 9:
      return end_attempt();
    case 10:
      return command();
    case 11:
      return random_.below(4) == 0 ? release() : end_transform();
    case 12:
      if (reloads_ && random_.below(5) == 0) reload();
      return;
    default:
      return pass_time();
  }
}

void World::maybe_restart() {
  if (random_.below(400) == 0) restart();
}

Destination World::destination(std::string name) {
  Destination destination;
  destination.name = std::move(name);
  destination.concurrency = 1 + static_cast<int>(random_.below(3));
  destination.retry = {.initial = 100ms,
                       .max = std::chrono::seconds(1 + random_.below(10)),
                       .attempts = 1 + static_cast<int>(random_.below(6))};
  return destination;
}

void World::publish() {
  Reload reload{.broken = broken_};
  for (const auto& [name, destination] : configured_) {
    const auto [found, is_new] = numbers_.emplace(name, numbers_.size());
    reload.destinations.emplace(found->second, destination);
  }
  mail_.emplace_back(std::move(reload));
}

void World::reload() {
  for (const char* name : {"first", "second", "third"}) {
    switch (random_.below(4)) {
      case 0:
        configured_.erase(name);
        break;
      case 1:
        configured_.insert_or_assign(name, destination(name));
        break;
      default:
        break;
    }
    if (transforms_ && random_.below(2) == 0) broken_.at(random_.below(broken_.size())) ^= true;
  }
  publish();
}

void World::configure_all() {
  for (const char* name : {"first", "second", "third"})
    configured_.insert_or_assign(name, destination(name));
  publish();
}

void World::apply(Rows& rows, const Record& record, Sequence sequence, bool tells_ignored,
                  std::vector<DeliveryId>* changed) {
  const auto change = [&](const DeliveryId& id) {
    rows.at(id).sequence = sequence;
    if (changed) changed->push_back(id);
  };
  if (const auto* made = std::get_if<Made>(&record)) {
    rows[made->id] = {.due = made->due, .content = made->content};
    change(made->id);
  } else if (const auto* outcome = std::get_if<Outcome>(&record)) {
    Truth& row = rows.at(outcome->delivery);
    if (row.state != DeliveryState::pending) {
      if (tells_ignored) {
        row.attempts = std::max(row.attempts, outcome->attempt.number);
        change(outcome->delivery);
      }
      return;
    }
    row.state = outcome->state;
    row.due = outcome->due;
    row.attempts = outcome->attempt.number;
    change(outcome->delivery);
  } else {
    const auto& command = std::get<Command>(record);
    const DeliveryId id{.event = command.event, .destination = command.destination};
    Truth& row = rows.at(id);
    if (command.kind == Command::Kind::cancel) {
      if (row.state != DeliveryState::pending) return;
      row.state = DeliveryState::cancelled;
    } else {
      row.state = DeliveryState::pending;
      row.due = command.at;
      row.attempts_base = row.attempts;
    }
    change(id);
  }
}

void World::journal(Record record) {
  journal_.push_back(std::move(record));
  apply(truth_, journal_.back(), journal_.size(), index_tells_ignored_outcomes_, nullptr);
}

void World::make_event() {
  const EventId event = EventId::of(journal_.size() + 1, 0);
  auto content = std::make_shared<StoredEvent>();
  content->id = event;
  content->body.assign(random_.below(8) == 0 ? 500 : 1 + random_.below(90), 'x');
  // To those too that are not configured: decided before they went, or before they came.
  for (const char* name : {"first", "second", "third"}) {
    journal(Made{.id = {.event = event, .destination = name}, .due = now_.wall, .content = content});
  }
}

void World::command() {
  if (truth_.empty() || random_.below(4) != 0) return;
  auto row = std::next(truth_.begin(), static_cast<std::ptrdiff_t>(random_.below(truth_.size())));
  // Often about one that is under way.
  if (!transforming_.empty() && random_.below(2) == 0) {
    const AttemptOrder& order = transforming_[random_.below(transforming_.size())];
    row = truth_.find({.event = order.event, .destination = known_[order.destination].name});
  }
  const auto kind = random_.below(2) == 0 ? Command::Kind::cancel : Command::Kind::retry;
  if (runs(row->first) || closing_.contains(row->first) || row->second.sequence > told_upto_)
    raced_.emplace(row->first, true);
  journal(Command{
      .kind = kind, .event = row->first.event, .destination = row->first.destination, .at = now_.wall});
}

void World::index_some() {
  std::vector<std::pair<DeliveryId, DeliveryNews>> batch;
  const auto until = std::min<std::size_t>(journal_.size(), indexed_ + 1 + random_.below(6));
  for (; indexed_ < until; ++indexed_) {
    std::vector<DeliveryId> changed;
    const Record& record = journal_[indexed_];
    apply(index_, record, indexed_ + 1, index_tells_ignored_outcomes_, &changed);
    for (const DeliveryId& id : changed) {
      const Truth& row = index_.at(id);
      const bool with_content = std::holds_alternative<Made>(record) && random_.below(10) != 0;
      // The index knows only the names that were published.
      const auto number = numbers_.find(id.destination);
      if (number == numbers_.end()) continue;
      mail_.push_back(Told{.id = id,
                           .number = number->second,
                           .news = {.event = id.event,
                                    .ordinal = id.ordinal,
                                    .state = row.state,
                                    .due = row.due,
                                    .attempts = row.attempts,
                                    .attempts_base = row.attempts_base,
                                    .sequence = row.sequence,
                                    .content = with_content ? row.content : nullptr}});
    }
  }
}

void World::tell_some() {
  for (auto count = 1 + random_.below(6); count > 0 && !mail_.empty(); --count) {
    if (const auto* reload = std::get_if<Reload>(&mail_.front())) {
      apply_reload(*reload);
    } else {
      tell(std::get<Told>(mail_.front()));
    }
    mail_.pop_front();
  }
  if (mail_.empty()) told_upto_ = indexed_;
}

void World::tell(const Told& told) {
  told_upto_ = std::max(told_upto_, told.news.sequence);
  dispatcher_->on_news(told.number, told.news, now_);
  if (!dispatcher_->is_held(told.number, told.id.event, told.id.ordinal)) held_.erase(told.id);
  if (told.news.state != DeliveryState::pending) closing_.erase(told.id);
}

void World::apply_reload(const Reload& reload) {
  applied_broken_ = reload.broken;
  held_.clear();
  active_.clear();
  for (const auto& [number, destination] : reload.destinations) {
    if (number >= known_.size()) {
      known_.resize(number + 1);
      fetching_.resize(number + 1, false);
    }
    known_[number] = destination;
    active_.insert(number);
    dispatcher_->put(number, destination, now_);
  }
  for (std::size_t number = 0; number < known_.size(); ++number) {
    if (!active_.contains(number)) dispatcher_->remove(number);
  }
}

void World::read_page() {
  if (asks_.empty() || page_) return;
  const auto [destination, query] = asks_.front();
  asks_.pop_front();
  asked_ = !asks_.empty();
  std::vector<std::pair<std::pair<Time, EventId>, DeliveryId>> pending;
  for (const auto& [id, row] : index_) {
    if (id.destination != query.destination || row.state != DeliveryState::pending) continue;
    const std::pair place(row.due, id.event);
    if (query.after && place <= *query.after) continue;
    pending.emplace_back(place, id);
  }
  std::ranges::sort(pending);
  page_.emplace(destination, DuePage{.upto = indexed_});
  std::size_t bytes = 0;
  for (const auto& [place, id] : pending) {
    const Truth& row = index_.at(id);
    auto& rows = page_->second.deliveries;
    bytes += row.content->body.size();
    if (!rows.empty() && (rows.size() >= query.limit || bytes > query.bytes_max)) {
      page_->second.more = true;
      break;
    }
    rows.push_back({.id = id,
                    .due = row.due,
                    .attempts = row.attempts,
                    .attempts_base = row.attempts_base,
                    .event = row.content});
  }
}

void World::bring_page() {
  if (!page_) return;
  auto [destination, page] = *std::exchange(page_, std::nullopt);
  fetching_[destination] = false;
  if (failures_of_ten_ > 0 && random_.below(20) == 0) return dispatcher_->on_page_failed(destination, now_);
  dispatcher_->on_page(destination, std::move(page), now_);
}

void World::end_attempt() {
  if (running_.empty()) return;
  const auto which = static_cast<std::ptrdiff_t>(random_.below(running_.size()));
  AttemptOrder order = std::move(running_[static_cast<std::size_t>(which)]);
  running_.erase(running_.begin() + which);
  const bool fails = random_.below(10) < failures_of_ten_;
  dispatcher_->on_attempt_ended(
      order,
      {.result = fails ? AttemptResult::status : AttemptResult::delivered, .status = fails ? 500 : 200},
      now_);
}

void World::end_transform() {
  if (transforming_.empty()) return;
  const auto which = static_cast<std::ptrdiff_t>(random_.below(transforming_.size()));
  AttemptOrder order = std::move(transforming_[static_cast<std::size_t>(which)]);
  transforming_.erase(transforming_.begin() + which);
  const DeliveryId id{
      .event = order.event, .destination = known_[order.destination].name, .ordinal = order.ordinal};
  if (!active_.contains(order.destination)) return dispatcher_->on_attempt_withdrawn(order);
  const auto kind = order.event.sequence() % 5;
  if (kind < 2 && applied_broken_[kind]) {
    if (dispatcher_->on_attempt_held(order, DestinationQueue::Hold::failed)) held_.insert(id);
  } else if (kind == 2 && applied_broken_[2]) {
    if (!dispatcher_->on_attempt_held(order, DestinationQueue::Hold::cancelled)) return;
    closing_.insert(id);
    if (failures_of_ten_ > 0 && random_.below(3) == 0) return uncancelled_.push_back(std::move(order));
    if (truth_.at(id).sequence > told_upto_) raced_.emplace(id, true);
    journal(Command{
        .kind = Command::Kind::cancel, .event = id.event, .destination = id.destination, .at = now_.wall});
  } else {
    dispatcher_->on_attempt_leaves(order, now_);
    running_.push_back(std::move(order));
  }
}

void World::release() {
  if (uncancelled_.empty()) return;
  const AttemptOrder order = std::move(uncancelled_.front());
  uncancelled_.pop_front();
  closing_.erase({.event = order.event, .destination = known_[order.destination].name});
  dispatcher_->release(order.destination, order.event, order.ordinal);
}

void World::pass_time() {
  const auto by = std::chrono::milliseconds(random_.below(random_.below(3) == 0 ? 5000 : 50));
  now_.ticks += by;
  now_.wall += by;
  if (clocks_jump_ && random_.below(10) == 0) {
    now_.wall += std::chrono::hours(static_cast<std::int64_t>(random_.below(20'000)) - 10'000);
  }
}

void World::restart() {
  running_.clear();
  transforming_.clear();
  held_.clear();
  closing_.clear();
  uncancelled_.clear();
  asks_.clear();
  asked_ = false;
  page_.reset();
  mail_.clear();
  known_.clear();
  numbers_.clear();
  active_.clear();
  applied_broken_ = broken_;
  for (const auto& [name, destination] : configured_) {
    numbers_.emplace(name, known_.size());
    active_.insert(known_.size());
    known_.push_back(destination);
  }
  fetching_.assign(known_.size(), false);
  Actions& actions = *this;
  dispatcher_.emplace(known_, limits_, random_.next(), actions);
  while (indexed_ < journal_.size())
    index_some();
  while (!mail_.empty())
    tell_some();
  told_upto_ = indexed_;
  advance();
  EXPECT_TRUE(running_.empty()) << "an attempt before the index has caught up, seed " << seed_;
  dispatcher_->begin();
}

}  // namespace creel::dispatcher_model
