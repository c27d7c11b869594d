// A journal and an index in a folder of their own, with verbs for what a test does to them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/log.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/reader_impl.h"
#include "store/record.h"

namespace creel::store {

class TestClock final : public Clock {
 public:
  Time now() const override {
    return Time(std::chrono::milliseconds(1'700'000'000'000)) +
           std::chrono::duration_cast<std::chrono::milliseconds>(since_);
  }
  Ticks ticks() const override { return Ticks(since_); }
  void advance(std::chrono::milliseconds by) { since_ += by; }

 private:
  std::chrono::nanoseconds since_{0};
};

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "creel-store-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Remembers what it was told.
struct RecordingFeed final : DeliveryFeed {
  struct Told {
    EventId event;
    std::string destination;
    DeliveryState state;
    Time due;
    std::uint32_t attempts, attempts_base;
    std::string body;  // "-" for one without content
    std::vector<std::string> transformed = {};
  };
  void on_indexed(std::span<const IndexedDelivery> deliveries, Sequence upto_now) override {
    for (const IndexedDelivery& one : deliveries) {
      told.push_back({one.event,
                      std::string(one.destination),
                      one.state,
                      one.due,
                      one.attempts,
                      one.attempts_base,
                      one.content != nullptr ? std::string(one.content->body) : "-",
                      {}});
      if (one.content != nullptr) told.back().transformed = one.content->copy().transformed;
    }
    upto = upto_now;
  }
  void on_caught_up() override { ++caught_up; }

  std::vector<Told> told;
  Sequence upto = 0;
  int caught_up = 0;
};

// What a test says of an event; the rest is made up.
struct Said {
  std::string key;
  std::string body = "{}";
  std::string type = "batch.completed";
  std::string subject;
  std::vector<std::string> destinations{"app"};
  std::chrono::seconds window = std::chrono::days(7);
  std::string source = "openai";
  std::optional<Time> received;
  std::string secret = "first";  // the label of the one that verified it
  std::optional<std::vector<Target>> targets = std::nullopt;
};

class IndexFixture {
 public:
  explicit IndexFixture(JournalOptions options = small())
      : options_(options), log_(clock_, {.level = LogLevel::error}) {
    open_journal();
  }

  static JournalOptions small() {
    JournalOptions options;
    options.segment_bytes = std::uint64_t{1} << 20;
    options.reserve_bytes = std::uint64_t{64} << 10;
    return options;
  }

  void open_journal() {
    index_.reset();
    journal_.reset();
    folder_.reset();
    auto folder = StoreFolder::open(disk_, temp_.path() + "/store");
    ASSERT_TRUE(folder.has_value()) << folder.error().message;
    folder_ = std::make_unique<StoreFolder>(*std::move(folder));
    auto journal = Journal::open(*folder_, options_);
    ASSERT_TRUE(journal.has_value()) << journal.error().message;
    journal_ = *std::move(journal);
  }

  IndexOptions index_options(const std::string& name = "index") const {
    IndexOptions options = index_options_;
    options.folder = temp_.path() + "/" + name;
    return options;
  }
  std::expected<void, IndexFailure> try_open_index() {
    index_.reset();
    auto index = Index::open(*journal_, log_, index_options());
    if (!index) return std::unexpected(index.error());
    index_ = *std::move(index);
    view_.set(index_->keys(), index_->names());
    return {};
  }
  void open_index() {
    const auto opened = try_open_index();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
  }
  // Indexes to the end.
  void index() {
    if (!index_) open_index();
    step_to_end(*index_, &feed_);
  }
  static void step_to_end(Index& index, DeliveryFeed* feed) {
    assume(on_index);
    while (true) {
      const auto step = index.step(feed);
      ASSERT_TRUE(step.has_value()) << step.error().message;
      if (!step->more) return;
    }
  }

  EventId keep(const Said& said) {
    std::vector<NewItem> items(1);
    items[0] = {.dedupe_key = said.key,
                .provider_id = said.key,
                .type = said.type,
                .subject = said.subject,
                .occurred = clock_.now(),
                .body_offset = 0,
                .body_bytes = static_cast<std::uint32_t>(said.body.size())};
    if (said.targets) items[0].targets = *said.targets;
    return keep(said, items);
  }
  EventId keep(const Said& said, std::span<const NewItem> items) {
    std::vector<std::string_view> destinations(said.destinations.begin(), said.destinations.end());
    const std::string head = "POST /webhooks/openai HTTP/1.1\r\nwebhook-id: " + said.key + "\r\n\r\n";
    const NewEvent event{.source = said.source,
                         .received = said.received.value_or(clock_.now()),
                         .dedupe_window = said.window,
                         .peer = "127.0.0.1",
                         .secret_label = said.secret,
                         .head = head,
                         .body = said.body,
                         .items = items,
                         .destinations = destinations};
    std::string meta;
    encode_event_meta(event, meta);
    return EventId::of(write({RecordKind::event, {meta, head, said.body}}), 0);
  }
  void attempt(EventId event, std::uint32_t number, AttemptResult result, DeliveryState state,
               const std::string& destination = "app", const std::string& reply = "") {
    Outcome outcome;
    outcome.delivery = {event, destination, 1};
    outcome.attempt = {.number = number,
                       .started = clock_.now(),
                       .took = std::chrono::milliseconds(7),
                       .result = result,
                       .status = result == AttemptResult::delivered ? 200 : 500,
                       .reply = reply,
                       .error = result == AttemptResult::delivered ? "" : "it said no"};
    outcome.state = state;
    outcome.due = clock_.now() + std::chrono::seconds(number);
    std::string payload;
    encode_outcome(outcome, payload);
    write({RecordKind::outcome, {payload, {}, {}}});
  }
  void command(Command::Kind kind, EventId event, const std::string& destination = "") {
    std::string payload;
    encode_command({.kind = kind, .event = event, .destination = destination, .at = clock_.now()}, payload);
    write({RecordKind::command, {payload, {}, {}}});
  }
  Sequence write(const NewRecord& record) {
    const auto written = journal_->write(std::span(&record, 1), Room::ordinary);
    EXPECT_TRUE(written.has_value());
    if (!deferred_) sync();
    return written.value_or(0);
  }
  void sync() { EXPECT_TRUE(journal_->sync().has_value()); }
  // Many writes, one sync.
  void defer(bool deferred) {
    deferred_ = deferred;
    if (!deferred) sync();
  }

  static std::vector<std::string> rows_of(Index& index) {
    assume(on_index);
    std::vector<std::string> rows;
    index.dump_rows([&rows](std::string_view row) { rows.emplace_back(row); });
    return rows;
  }
  std::vector<std::string> rows() { return rows_of(*index_); }
  // The rows of an index made of the journal as it is now.
  std::vector<std::string> rebuilt_rows() {
    const IndexOptions options = index_options("rebuilt");
    Index::remove(disk_, options.folder);
    auto index = Index::open(*journal_, log_, options);
    EXPECT_TRUE(index.has_value()) << index.error().message;
    if (!index) return {};
    step_to_end(**index, nullptr);
    return rows_of(**index);
  }

  // A concrete one: its questions may be asked on this thread.
  std::unique_ptr<IndexReader> reader() {
    return std::make_unique<IndexReader>(*journal_, nullptr, view_, clock_,
                                         ReaderOptions{.folder = index_options().folder});
  }

  RealDisk disk_;
  TestClock clock_;
  TempFolder temp_;
  JournalOptions options_;
  IndexOptions index_options_;
  Log log_;
  RecordingFeed feed_;
  IndexView view_;
  std::unique_ptr<StoreFolder> folder_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Index> index_;
  bool deferred_ = false;
};

}  // namespace creel::store
