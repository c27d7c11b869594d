#include "store/quarantine.h"

#include <gmock/gmock.h>

#include "store/inspect.h"
#include "store/journal_test_world.h"

namespace creel::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class HandClock final : public Clock {
 public:
  Time now() const override { return time; }
  Ticks ticks() const override { return Ticks(time.time_since_epoch()); }
  Time time{std::chrono::milliseconds(1'750'000'000'000)};
};

struct QuarantineWorld {
  QuarantineWorld() {
    options.segment_bytes = 8192;
    options.bytes_max = 32'768;
    options.body_bytes_max = 100;
    options.kept_per_minute = 5;
    open();
  }
  void open() {
    quarantine.reset();
    folder.reset();
    auto opened = StoreFolder::open(disk, "store");
    ASSERT_TRUE(opened);
    folder.emplace(*std::move(opened));
    auto made = Quarantine::open(*folder, clock, options);
    ASSERT_TRUE(made) << made.error().message;
    quarantine = *std::move(made);
  }
  void keep(std::string_view detail, std::string_view body = "body") {
    quarantine->keep({.source = "openai",
                      .received = clock.now(),
                      .peer = "10.0.0.1",
                      .cause = "signature_mismatch",
                      .detail = detail,
                      .status = 400,
                      .head = "POST /\r\n",
                      .body = body});
  }
  RejectedPage list(const RejectedQuery& query = {.filter = {}, .before = {}, .limit = 1000}) {
    return quarantine->list(query).value_or(RejectedPage());
  }
  std::vector<std::string> details(std::optional<std::uint64_t> before = {}, std::size_t limit = 100,
                                   const RejectedFilter& filter = {}) {
    std::vector<std::string> found;
    for (const auto& row : list({.filter = filter, .before = before, .limit = limit}).rows)
      found.push_back(row.detail);
    return found;
  }
  std::uint64_t id_of(std::string_view detail) {
    for (const auto& row : list().rows) {
      if (row.detail == detail) return row.id;
    }
    return 0;
  }
  void accept(std::string_view detail, std::uint64_t event) {
    const auto mark = quarantine->mark(id_of(detail), {event});
    ASSERT_TRUE(mark);
    quarantine->keep(*mark);
  }
  std::optional<Acceptance> acceptance(std::string_view detail) {
    const auto request = quarantine->get(id_of(detail));
    return request ? request->row.accepted : std::nullopt;
  }
  FaultyDisk disk;
  HandClock clock;
  QuarantineOptions options;
  std::optional<StoreFolder> folder;
  std::unique_ptr<Quarantine> quarantine;
};

TEST(Quarantine, ListsTheNewestFirstInPages) {
  QuarantineWorld world;
  for (const auto* detail : {"1", "2", "3", "4", "5"})
    world.keep(detail);
  EXPECT_THAT(world.details({}, 2), ElementsAre("5", "4"));
  const auto page = world.list({.filter = {}, .before = {}, .limit = 2});
  EXPECT_TRUE(page.more);
  EXPECT_THAT(world.details(page.next, 10), ElementsAre("3", "2", "1"));
  EXPECT_FALSE(world.list({.filter = {}, .before = page.next, .limit = 3}).more);
}

TEST(Quarantine, ListsWhatAFilterNames) {
  QuarantineWorld world;
  world.keep("1");
  world.clock.time += std::chrono::seconds(10);
  world.keep("2");
  world.quarantine->keep({.source = "stripe",
                          .received = world.clock.now(),
                          .peer = {},
                          .cause = "invalid_json",
                          .detail = "3",
                          .status = 400,
                          .head = {},
                          .body = {}});
  RejectedFilter filter{.source = "openai", .cause = {}, .since = {}, .until = {}};
  EXPECT_THAT(world.details({}, 9, filter), ElementsAre("2", "1"));
  filter = {.source = {}, .cause = "invalid_json", .since = {}, .until = {}};
  EXPECT_THAT(world.details({}, 9, filter), ElementsAre("3"));
  filter = {.source = "openai", .cause = {}, .since = world.clock.now(), .until = {}};
  EXPECT_THAT(world.details({}, 9, filter), ElementsAre("2"));
  filter = {.source = {}, .cause = {}, .since = {}, .until = world.clock.now() - std::chrono::seconds(1)};
  EXPECT_THAT(world.details({}, 9, filter), ElementsAre("1"));
}

TEST(Quarantine, EndsAPageThatLooksThroughTooMuch) {
  QuarantineWorld world;
  world.options.page_bytes = 16'384;
  world.open();
  world.keep("wanted");
  for (int i = 0; i < 200; ++i)
    world.keep("other", std::string(100, 'b'));
  RejectedQuery query{.filter = {}, .before = {}, .limit = 100};
  query.filter.until = world.clock.now() - std::chrono::hours(1);  // matches none
  int pages = 0;
  for (RejectedPage page;; query.before = page.next) {
    page = world.list(query);
    EXPECT_TRUE(page.rows.empty());
    ++pages;
    if (!page.more) break;
    ASSERT_TRUE(page.next && (!query.before || *page.next < *query.before));
  }
  EXPECT_GT(pages, 1);
}

TEST(Quarantine, ShowsAMarkAtOnceAndAfterARestart) {
  QuarantineWorld world;
  for (const auto* detail : {"1", "2", "3"})
    world.keep(detail);
  const std::uint64_t id = world.id_of("2");
  const auto mark = world.quarantine->mark(id, {77});
  ASSERT_TRUE(mark);
  ASSERT_TRUE(world.acceptance("2"));
  EXPECT_EQ(world.acceptance("2")->event.value, 77u);
  EXPECT_FALSE(world.quarantine->mark(id, {78}));
  world.quarantine->keep(*mark);
  world.clock.time += std::chrono::hours(1);
  world.open();
  ASSERT_TRUE(world.acceptance("2"));
  EXPECT_EQ(world.acceptance("2")->event.value, 77u);
  EXPECT_EQ(world.acceptance("2")->at, world.clock.now() - std::chrono::hours(1));
  EXPECT_FALSE(world.acceptance("1"));
  RejectedFilter filter;
  filter.unaccepted = true;
  EXPECT_THAT(world.details({}, 10, filter), ElementsAre("3", "1"));
}

// The mark stands segments behind its request, and each is asked for first after a restart.
TEST(Quarantine, FindsMarksFarBehindTheirRequests) {
  QuarantineWorld world;
  for (int i = 0; i < 40; ++i)
    world.keep("old " + std::to_string(i), std::string(100, 'b'));
  for (int i = 0; i < 40; i += 2)
    world.accept("old " + std::to_string(i), 1000 + static_cast<std::uint64_t>(i));
  for (int i = 0; i < 40; ++i)
    world.keep("new " + std::to_string(i), std::string(100, 'b'));
  const std::uint64_t oldest = world.id_of("old 1");
  world.open();
  EXPECT_FALSE(world.quarantine->get(oldest)->row.accepted);
  for (int i = 0; i < 40; ++i) {
    const auto accepted = world.acceptance("old " + std::to_string(i));
    ASSERT_EQ(accepted.has_value(), i % 2 == 0) << i;
    if (accepted) {
      ASSERT_EQ(accepted->event.value, 1000u + static_cast<std::uint64_t>(i));
    }
  }
}

TEST(Quarantine, LetsTheFirstOfTwoMarksCount) {
  QuarantineWorld world;
  world.keep("1");
  world.accept("1", 5);
  for (int i = 0; i < 40; ++i)
    world.keep("between", std::string(100, 'b'));
  const AcceptedRecord second{world.id_of("1"), {6}, world.clock.now()};
  world.quarantine->keep(second);
  world.open();
  ASSERT_TRUE(world.acceptance("1"));
  EXPECT_EQ(world.acceptance("1")->event.value, 5u);
}

// A kill in the middle of writing a mark: the request is shown unaccepted, and everything else is there.
TEST(Quarantine, LosesATornMarkAndNothingElse) {
  for (std::uint64_t spoiled = 0; spoiled < 57; ++spoiled) {
    SCOPED_TRACE(spoiled);
    QuarantineWorld world;
    for (const auto* detail : {"1", "2", "3"})
      world.keep(detail);
    world.accept("1", 7);
    world.accept("2", 8);
    std::uint64_t offset = 0;
    ASSERT_TRUE(dump_journal(world.disk, "store", {.is_quarantine = true}, [&](std::string_view line) {
      constexpr std::string_view kOffset = "\"offset\":";
      offset = std::stoull(std::string(line.substr(line.find(kOffset) + kOffset.size())));
      return true;
    }));
    const std::string segment = "store/quarantine/0000000001.segment";
    const auto other = static_cast<char>(world.disk.contents(segment).at(offset + spoiled) ^ 0xa5);
    world.disk.overwrite(segment, offset + spoiled, std::string(1, other));
    world.open();
    EXPECT_THAT(world.details(), ElementsAre("3", "2", "1"));
    EXPECT_TRUE(world.acceptance("1"));
    EXPECT_FALSE(world.acceptance("2"));
    world.accept("2", 8);
    world.open();
    EXPECT_TRUE(world.acceptance("2"));
  }
}

TEST(Quarantine, GivesARequestByItsIdWithItsBodyCut) {
  QuarantineWorld world;
  world.keep("1", std::string(5000, 'b'));
  const auto row = world.list().rows.at(0);
  EXPECT_EQ(row.body_bytes, 5000u);
  const auto request = world.quarantine->get(row.id);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body, std::string(100, 'b'));
  EXPECT_EQ(request->head, "POST /\r\n");
  EXPECT_EQ(request->row.cause, "signature_mismatch");
  EXPECT_EQ(world.quarantine->get(row.id + 1).error(), StoreError::not_found);
}

TEST(Quarantine, AdmitsSoManyAMinuteOfEachSourceAndCause) {
  QuarantineWorld world;
  int admitted = 0;
  for (int i = 0; i < 50; ++i)
    admitted += world.quarantine->admit("openai", "invalid_json", 10) ? 1 : 0;
  EXPECT_EQ(admitted, 5);
  EXPECT_EQ(world.quarantine->dropped(), 45u);
  EXPECT_TRUE(world.quarantine->admit("openai", "missing_id", 10));
  world.clock.time += std::chrono::minutes(1);
  EXPECT_TRUE(world.quarantine->admit("openai", "invalid_json", 10));
}

TEST(Quarantine, AdmitsSoManyBytesAMinuteOfEachSourceAndCause) {
  QuarantineWorld world;
  world.options.kept_bytes_per_minute = 250;
  world.open();
  EXPECT_TRUE(world.quarantine->admit("openai", "invalid_json", 100));
  EXPECT_TRUE(world.quarantine->admit("openai", "invalid_json", 1'000'000));  // It will be cut at 100.
  EXPECT_FALSE(world.quarantine->admit("openai", "invalid_json", 60));
  EXPECT_TRUE(world.quarantine->admit("openai", "invalid_json", 50));
  world.clock.time += std::chrono::minutes(1);
  EXPECT_TRUE(world.quarantine->admit("openai", "invalid_json", 100));
}

TEST(Quarantine, PushesOutItsOldestAndStaysBelowItsLimit) {
  QuarantineWorld world;
  for (int i = 0; i < 1000; ++i) {
    world.keep(std::to_string(i), std::string(100, 'b'));
    ASSERT_LE(world.quarantine->bytes(), world.options.bytes_max);
  }
  const auto found = world.details({}, 1000);
  EXPECT_EQ(found.front(), "999");
  EXPECT_GT(found.size(), 50u);
  EXPECT_LT(found.size(), 200u);
}

TEST(Quarantine, SurvivesARestart) {
  QuarantineWorld world;
  for (int i = 0; i < 100; ++i)
    world.keep(std::to_string(i));
  world.open();
  world.keep("new");
  const auto found = world.details({}, 1000);
  EXPECT_EQ(found.front(), "new");
  EXPECT_EQ(found.size(), 101u);
}

TEST(Quarantine, OpensWhateverAPowerCutLeft) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    QuarantineWorld world;
    for (std::uint64_t i = 0; i < 20 * seed; ++i)
      world.keep(std::to_string(i));
    world.disk.crash(seed % 2 == 0 ? Loss::random_pages : Loss::random_sectors);
    world.open();
    world.keep("new");
    ASSERT_EQ(world.details({}, 1).at(0), "new");
  }
}

TEST(Inspect, DumpsRecordsAndChecksTheWhole) {
  QuarantineWorld world;
  for (int i = 0; i < 200; ++i)
    world.keep(std::to_string(i) + " \"quoted\"");
  std::vector<std::string> lines;
  ASSERT_TRUE(dump_journal(world.disk, "store", {.is_quarantine = true, .with_bodies = true},
                           [&](std::string_view line) {
                             lines.emplace_back(line);
                             return true;
                           }));
  EXPECT_THAT(lines.at(1), HasSubstr(R"("cause":"signature_mismatch","detail":"0 \"quoted\"")"));
  const auto check = check_journal(world.disk, "store", true);
  ASSERT_TRUE(check);
  EXPECT_EQ(check->records, lines.size());
  EXPECT_TRUE(check->damage.empty());
  world.disk.overwrite("store/quarantine/0000000001.segment", 300, "spoiled");
  const auto bad = check_journal(world.disk, "store", true);
  ASSERT_EQ(bad->damage.size(), 1u);
  EXPECT_THAT(describe(bad->damage[0]), HasSubstr("0000000001.segment is damaged from byte"));
  EXPECT_EQ(bad->records, lines.size() - 1);
}

}  // namespace
}  // namespace creel::store
