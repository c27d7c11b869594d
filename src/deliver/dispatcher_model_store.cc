// The store of the model: a journal, an index that lags behind it, and pages that are read from it.
#include <algorithm>
#include <utility>

#include "deliver/dispatcher_model.h"

namespace creel::dispatcher_model {

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
      if (row.state != DeliveryState::pending && row.state != DeliveryState::dead) return;
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
  content->source = trial::kSources[random_.below(3) == 0 ? 1 : 0];
  content->type = trial::kTypes[random_.below(3) == 0 ? 1 : 0];
  content->received = now_.wall;
  if (random_.below(4) != 0)
    content->head = "POST / HTTP/1.1\r\n" + std::string(trial::kKeyHeader) + ": " +
                    std::to_string(random_.below(3)) + "\r\n";
  content->body.assign(random_.below(8) == 0 ? 500 : 1 + random_.below(90), 'x');
  // To those too that are not configured: decided before they went, or before they came.
  for (const std::string& name : kNames) {
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
  if (kind == Command::Kind::retry) {
    retried_.insert(row->first);
    if (row->second.state != DeliveryState::dead) unordered_.insert(row->first);
  }
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

void World::read_page() {
  if (asks_.empty() || page_) return;
  Ask ask = std::move(asks_.front());
  asks_.pop_front();
  asked_ = !asks_.empty();
  DuePage page = ask.is_of_dead ? dead_page(ask.query) : due_page(ask.query);
  page_.emplace(std::move(ask), std::move(page));
}

DuePage World::due_page(const DueQuery& query) const {
  std::vector<std::pair<std::pair<Time, EventId>, DeliveryId>> pending;
  for (const auto& [id, row] : index_) {
    if (id.destination != query.destination || row.state != DeliveryState::pending) continue;
    const std::pair place(row.due, id.event);
    if (query.after && place <= *query.after) continue;
    pending.emplace_back(place, id);
  }
  std::ranges::sort(pending);
  DuePage page{.upto = indexed_};
  std::size_t bytes = 0, looked = 0;
  for (const auto& [place, id] : pending) {
    const Truth& row = index_.at(id);
    auto& rows = page.deliveries;
    // It looks at so many rows and no more.
    const bool is_tired = !query.without_sources.empty() && ++looked > query.limit + 1;
    const bool is_left_out =
        std::ranges::find(query.without_sources, row.content->source) != query.without_sources.end();
    if (!is_left_out) bytes += row.content->body.size();
    if (is_tired ||
        (!is_left_out && !rows.empty() && (rows.size() >= query.limit || bytes > query.bytes_max))) {
      page.more = true;
      break;
    }
    page.next = place;
    if (is_left_out) continue;
    rows.push_back({.id = id,
                    .due = row.due,
                    .attempts = row.attempts,
                    .attempts_base = row.attempts_base,
                    .event = row.content});
  }
  return page;
}

DuePage World::dead_page(const DueQuery& query) const {
  DuePage page{.upto = indexed_};
  for (const auto& [id, row] : index_) {
    if (id.destination != query.destination || row.state != DeliveryState::dead) continue;
    if (query.after && id.event <= query.after->second) continue;
    if (page.deliveries.size() == 3) {
      page.more = true;
      break;
    }
    page.deliveries.push_back({.id = id, .due = row.due, .attempts = row.attempts, .event = row.content});
    page.next = std::pair(row.due, id.event);
  }
  return page;
}

void World::bring_page() {
  if (!page_) return;
  auto [ask, page] = *std::exchange(page_, std::nullopt);
  const bool fails = failures_of_ten_ > 0 && random_.below(20) == 0;
  if (ask.is_of_dead) {
    if (fails) return dispatcher_->on_dead_page_failed(ask.destination, now_);
    return dispatcher_->on_dead_page(ask.destination, page, now_);
  }
  fetching_[ask.destination] = false;
  if (fails) return dispatcher_->on_page_failed(ask.destination, now_);
  dispatcher_->on_page(ask.destination, std::move(page), now_);
}

}  // namespace creel::dispatcher_model
