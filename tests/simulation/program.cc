#include "tests/simulation/program.h"

#include <algorithm>

#include "store/journal_reader.h"
#include "store/record.h"

namespace creel::simulation {

std::expected<std::unique_ptr<Program>, store::OpenError> Program::open(ProgramOptions options, Parts parts,
                                                                        Settings settings,
                                                                        std::uint64_t seed) {
  auto folder = store::StoreFolder::open(parts.disk, options.folder, [](std::span<std::uint8_t> into) {
    std::ranges::fill(into, std::uint8_t{7});
  });
  if (!folder) return std::unexpected(folder.error());
  options.index.folder = folder->path() + "/index";
  auto journal = store::Journal::open(*folder, options.journal);
  if (!journal) return std::unexpected(journal.error());
  auto program = std::unique_ptr<Program>(
      new Program(std::move(options), parts, *std::move(folder), *std::move(journal), seed));
  assume(on_index);
  if (!program->indexer_.open()) {
    return std::unexpected(store::OpenError{store::OpenError::Kind::newer, "the index is of a newer creel"});
  }
  program->fill_keys();
  program->book_.open(program->operator_state_.all());
  program->pauses_ = program->book_.all();
  program->dispatcher_.pause(program->pauses_, program->now());
  program->take(program->number(std::move(settings)));
  return program;
}

Program::Program(ProgramOptions options, Parts parts, store::StoreFolder folder,
                 std::unique_ptr<store::Journal> journal, std::uint64_t seed)
    : options_(std::move(options)),
      parts_(parts),
      folder_(std::move(folder)),
      journal_(std::move(journal)),
      end_at_open_(journal_->synced().next - 1),
      keys_(options_.recent_keys),
      committer_(*journal_, keys_, nullptr, parts_.clock, parts_.log, nullptr),
      commit_due_(parts_.clock.ticks()),
      operator_state_(journal_->recovered_state(),
                      [this](store::Forward forward) {
                        works_.push_back([this, forward = std::move(forward)](store::Journal&) mutable {
                          assume(on_journal);
                          committer_.submit(std::move(forward));
                        });
                        commit_due_ = parts_.clock.ticks();
                      }),
      indexer_({*journal_, view_, parts_.clock, parts_.log, options_.index}),
      retention_(retention_parts()),
      reader_(store::make_reader(*journal_, nullptr, view_, parts_.clock, {.folder = options_.index.folder})),
      random_(seed),
      book_(book_parts(), parts_.clock, parts_.log, loop_),
      dispatcher_({}, options_.limits, seed, *this) {
  journal_->set_state_source([this](std::string& payload) { operator_state_.encode(payload); });
}

Program::~Program() = default;

store::Retention::Parts Program::retention_parts() {
  return {.journal = *journal_,
          .clock = parts_.clock,
          .log = parts_.log,
          .writer = {.forward =
                         [this](store::Forward forward) {
                           assume(on_journal);
                           committer_.submit(std::move(forward));
                           commit_due_ = parts_.clock.ticks();
                         },
                     .run =
                         [this](std::move_only_function<void(store::Journal&)> work) {
                           works_.push_back(std::move(work));
                           commit_due_ = parts_.clock.ticks();
                         }},
          .other_bytes = [] { return std::uint64_t{0}; },
          .wake = [this] { rung_ = true; },
          .options = options_.retention};
}

PauseBook::Parts Program::book_parts() {
  return {.keep =
              [this](std::string name, std::string value, std::move_only_function<void(bool)> done) {
                operator_state_.set(
                    std::move(name), std::move(value),
                    [done = std::move(done)](const auto& kept) mutable { done(kept.has_value()); });
              },
          .obey =
              [this](std::vector<Pause> pauses, std::move_only_function<void()> done) {
                mail_.emplace_back(Repause{std::move(pauses), std::move(done)});
              },
          .changed = {}};
}

// What the store does at open: the recent keys out of the index and of the journal's tail behind it.
void Program::fill_keys() {
  store::JournalPlace from = journal_->oldest();
  if (store::Index* index = indexer_.index()) {
    index->recent_keys(keys_.capacity(),
                       [this](store::KeyHash key, Time received) { keys_.add_known(key, received); });
    from = index->place();
  }
  store::JournalReader tail(*journal_, from);
  store::KeyHasher hasher(journal_->identity());
  store::EventRecord event;
  while (true) {
    const auto record = tail.next();
    if (!record || !*record) return;
    if ((*record)->kind != store::RecordKind::event || !store::decode_event((*record)->payload, event))
      continue;
    for (const store::EventItem& item : event.items)
      keys_.add_known(hasher(event.source, item.dedupe_key), event.received);
  }
}

// --- The journal thread
// --------------------------------------------------------------------------------------------

void Program::append(Append& append) {
  assume(on_journal);
  committer_.submit(append);
  commit_due_ = parts_.clock.ticks();
}

void Program::command(Command command, store::CommandDone done) {
  assume(on_journal);
  committer_.submit(std::move(command), std::move(done));
  commit_due_ = parts_.clock.ticks();
}

void Program::commit() {
  assume(on_journal);
  do_works();
  commit_due_ = committer_.step().value_or(Ticks::max());
  if (!works_.empty()) commit_due_ = parts_.clock.ticks();
  rung_ = true;
}

void Program::do_works() {
  while (!works_.empty()) {
    auto work = std::move(works_.front());
    works_.pop_front();
    work(*journal_);
  }
}

void Program::finish() {
  assume(on_journal);
  do {
    do_works();
    committer_.finish();
  } while (!works_.empty());
}

// --- The loop
// ------------------------------------------------------------------------------------------------------

void Program::reload(Settings settings) {
  mail_.emplace_back(number(std::move(settings)));
}

// As Deliverer does it: the index thread knows the names before the deliver thread does.
Program::Reload Program::number(Settings settings) {
  Reload reload{.destinations = {}, .routes = std::move(settings.routes)};
  for (auto& [name, lane] : lanes_)
    lane.is_configured = false;
  for (Destination& destination : settings.destinations) {
    Lane& lane = lanes_.try_emplace(destination.name, Lane{.number = lanes_.size()}).first->second;
    lane.is_configured = true;
    reload.destinations.emplace_back(lane.number, std::move(destination));
  }
  wants_content_.resize(lanes_.size());
  return reload;
}

void Program::pause(Pause::What what, std::string name, bool is_paused,
                    std::move_only_function<void(bool)> done) {
  assume(on_loop);
  book_.set(what, std::move(name), is_paused, "by hand", std::move(done));
}

void Program::turn_loop() {
  auto work = std::move(loop_.works.front());
  loop_.works.pop_front();
  work();
}

// --- The index thread
// ----------------------------------------------------------------------------------------------

void Program::index() {
  assume(on_index);
  rung_ = false;
  index_due_ = indexer_.step(*this);
  store::Index* index = indexer_.index();
  if (index == nullptr) {
    retention_.reset();
  } else if (const auto retained = retention_.step(*index, this); !retained) {
    indexer_.drop(retained.error());
    index_due_ = parts_.clock.ticks();
  } else {
    journal_->set_other_bytes(retention_.other_bytes());
    if (*retained && (!index_due_ || **retained < *index_due_)) index_due_ = *retained;
  }
  if (!index_due_) index_due_ = Ticks::max();
  if (parts_.disk.has_removed()) {
    parts_.disk.forget();
    parts_.disk.remember();
  } else if (random_.below(4) == 0) {
    parts_.disk.remember();
  }
}

bool Program::index_all() {
  assume(on_index);
  for (int i = 0; i < 10'000; ++i) {
    if (indexer_.index() != nullptr && indexer_.indexed() + 1 >= journal_->synced().next) return true;
    if (index_due_ && *index_due_ > parts_.clock.ticks() && indexer_.index() == nullptr) return false;
    index();
  }
  return false;
}

void Program::on_indexed(std::span<const IndexedDelivery> deliveries, Sequence) {
  if (!is_caught_up_) return;
  std::vector<News> batch;
  for (const IndexedDelivery& delivery : deliveries) {
    const auto lane = lanes_.find(delivery.destination);
    if (lane == lanes_.end()) continue;
    const std::size_t number = lane->second.number;
    News news{number,
              {.event = delivery.event,
               .ordinal = delivery.ordinal,
               .state = delivery.state,
               .due = delivery.due,
               .attempts = delivery.attempts,
               .attempts_base = delivery.attempts_base,
               .sequence = delivery.sequence,
               .content = nullptr}};
    const bool is_wanted =
        lane->second.is_configured && wants_content_[number] && delivery.state == DeliveryState::pending;
    if (delivery.content != nullptr && is_wanted && random_.below(10) != 0) {
      news.news.content = std::make_shared<StoredEvent>(delivery.content->copy());
    }
    batch.push_back(std::move(news));
  }
  if (!batch.empty()) mail_.emplace_back(std::move(batch));
}

void Program::on_caught_up() {
  is_caught_up_ = true;
  mail_.emplace_back(CaughtUp{});
}

// --- The read threads
// ----------------------------------------------------------------------------------------------

void Program::read() {
  assume(on_read);
  const Question asked = std::move(questions_.front());
  questions_.pop_front();
  answers_.push_back({asked.destination,
                      asked.is_of_dead ? reader_->dead(asked.query) : reader_->due(asked.query),
                      asked.is_of_dead});
}

void Program::post_answer() {
  mail_.emplace_back(std::move(answers_.front()));
  answers_.pop_front();
}

// --- The deliver thread
// --------------------------------------------------------------------------------------------

void Program::deliver(std::size_t letters) {
  for (; letters > 0 && !mail_.empty(); --letters) {
    Mail mail = std::move(mail_.front());
    mail_.pop_front();
    std::visit([this](auto& one) { take(std::move(one)); }, mail);
  }
  dispatcher_.advance(now());
  for (std::size_t i = 0; i < names_.size(); ++i)
    wants_content_[i] = dispatcher_.wants_content(i);
}

void Program::take(std::vector<News> batch) {
  for (const News& one : batch) {
    dispatcher_.on_news(one.destination, one.news, now());
    if (one.destination >= names_.size()) continue;
    parts_.watcher.on_told({one.news.event, names_[one.destination], one.news.ordinal}, one.news.sequence);
  }
}

void Program::take(PageAnswer answer) {
  const std::size_t number = answer.destination;
  if (answer.is_of_dead) {
    if (answer.page) return dispatcher_.on_dead_page(number, *answer.page, now());
    return dispatcher_.on_dead_page_failed(number, now());
  }
  if (answer.page) return dispatcher_.on_page(number, *std::move(answer.page), now());
  dispatcher_.on_page_failed(number, now());
}

void Program::take(CaughtUp) {
  has_begun_ = true;
  dispatcher_.begin();
}

void Program::take(Reload reload) {
  routes_ = std::move(reload.routes);
  dispatcher_.set_routes(routes_, now());
  const std::vector<bool> was_active = std::exchange(is_active_, {});
  is_active_.resize(was_active.size());
  for (auto& [number, destination] : reload.destinations) {
    if (number == names_.size()) names_.push_back(destination.name);
    is_active_.resize(names_.size());
    is_active_[number] = true;
    parts_.watcher.on_configured(number, &destination);
    dispatcher_.put(number, std::move(destination), now());
  }
  for (std::size_t number = 0; number < was_active.size(); ++number) {
    if (!was_active[number] || is_active_[number]) continue;
    parts_.watcher.on_configured(number, nullptr);
    dispatcher_.remove(number);
  }
}

void Program::take(Repause repause) {
  pauses_ = std::move(repause.pauses);
  dispatcher_.pause(pauses_, now());
  if (repause.done) repause.done();
}

void Program::end_attempt(const AttemptOrder& order, AttemptReport report) {
  dispatcher_.on_attempt_ended(order, std::move(report), now());
}

void Program::start(AttemptOrder order, Time) {
  parts_.watcher.on_start(std::move(order));
}

void Program::fetch(std::size_t destination, DueQuery query) {
  questions_.push_back({.destination = destination, .query = std::move(query)});
}

void Program::fetch_dead(std::size_t destination, DueQuery query) {
  questions_.push_back({.destination = destination, .query = std::move(query), .is_of_dead = true});
}

// As the gateway does it: the dispatcher obeys already, and the book keeps it.
void Program::on_gone(std::size_t destination) {
  Pause pause{.what = Pause::What::destination,
              .name = names_[destination],
              .since = parts_.clock.now(),
              .reason = "it answered 410 Gone"};
  parts_.watcher.on_gone(destination);
  pauses_.push_back(pause);
  book_.add_gone(std::move(pause));
}

void Program::on_breaker(std::size_t destination, BreakerState state) {
  parts_.watcher.on_breaker(destination, state);
}

void Program::record(std::size_t, Outcome outcome) {
  assume(on_journal);
  parts_.watcher.on_outcome(outcome);
  committer_.submit(std::move(outcome));
  commit_due_ = std::min(commit_due_, parts_.clock.ticks());
}

}  // namespace creel::simulation
