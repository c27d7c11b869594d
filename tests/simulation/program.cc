#include "tests/simulation/program.h"

#include <algorithm>

#include "store/journal_reader.h"
#include "store/record.h"

namespace creel::simulation {

std::expected<std::unique_ptr<Program>, store::OpenError> Program::open(ProgramOptions options, Parts parts,
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
      indexer_({*journal_, view_, parts_.clock, parts_.log, options_.index}),
      retention_(retention_parts()),
      reader_(store::make_reader(*journal_, nullptr, view_, parts_.clock, {.folder = options_.index.folder})),
      wants_content_(parts_.destinations.size()),
      random_(seed),
      dispatcher_(parts_.destinations, options_.limits, seed, *this) {}

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
  while (!works_.empty()) {
    works_.front()(*journal_);
    works_.pop_front();
  }
  commit_due_ = committer_.step().value_or(Ticks::max());
  rung_ = true;
}

void Program::finish() {
  assume(on_journal);
  committer_.finish();
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
  } else if (const auto retained = retention_.step(*index); !retained) {
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
    const auto destination = dispatcher_.find(delivery.destination);
    if (!destination) continue;
    News news{*destination,
              {.event = delivery.event,
               .ordinal = delivery.ordinal,
               .state = delivery.state,
               .due = delivery.due,
               .attempts = delivery.attempts,
               .attempts_base = delivery.attempts_base,
               .sequence = delivery.sequence,
               .content = nullptr}};
    const bool is_wanted = wants_content_[*destination] && delivery.state == DeliveryState::pending;
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
  auto [destination, query] = std::move(questions_.front());
  questions_.pop_front();
  answers_.push_back({destination, reader_->due(query)});
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
    if (auto* batch = std::get_if<std::vector<News>>(&mail)) {
      for (const News& one : *batch) {
        dispatcher_.on_news(one.destination, one.news, now());
        parts_.watcher.on_told({one.news.event, parts_.destinations[one.destination].name, one.news.ordinal},
                               one.news.sequence);
      }
    } else if (auto* answer = std::get_if<PageAnswer>(&mail)) {
      if (answer->page) {
        dispatcher_.on_page(answer->destination, *std::move(answer->page), now());
      } else {
        dispatcher_.on_page_failed(answer->destination, now());
      }
    } else {
      has_begun_ = true;
      dispatcher_.begin();
    }
  }
  dispatcher_.advance(now());
  for (std::size_t i = 0; i < wants_content_.size(); ++i)
    wants_content_[i] = dispatcher_.wants_content(i);
}

void Program::end_attempt(const AttemptOrder& order, AttemptReport report) {
  dispatcher_.on_attempt_ended(order, std::move(report), now());
}

void Program::start(AttemptOrder order, Time) {
  parts_.watcher.on_start(std::move(order));
}

void Program::fetch(std::size_t destination, DueQuery query) {
  questions_.emplace_back(destination, std::move(query));
}

void Program::record(std::size_t, Outcome outcome) {
  assume(on_journal);
  parts_.watcher.on_outcome(outcome);
  committer_.submit(std::move(outcome));
  commit_due_ = std::min(commit_due_, parts_.clock.ticks());
}

}  // namespace creel::simulation
