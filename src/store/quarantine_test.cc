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
  std::vector<std::string> details(std::optional<std::uint64_t> before = {}, std::size_t limit = 100) {
    std::vector<std::string> found;
    const auto rows = quarantine->list(before, limit);
    for (const auto& row : *rows)
      found.push_back(row.detail);
    return found;
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
  const auto page = *world.quarantine->list(std::nullopt, 2);
  EXPECT_THAT(world.details(page.back().id, 10), ElementsAre("3", "2", "1"));
}

TEST(Quarantine, GivesARequestByItsIdWithItsBodyCut) {
  QuarantineWorld world;
  world.keep("1", std::string(5000, 'b'));
  const auto row = world.quarantine->list(std::nullopt, 1)->at(0);
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
    admitted += world.quarantine->admit("openai", "invalid_json") ? 1 : 0;
  EXPECT_EQ(admitted, 5);
  EXPECT_EQ(world.quarantine->dropped(), 45u);
  EXPECT_TRUE(world.quarantine->admit("openai", "missing_id"));
  world.clock.time += std::chrono::minutes(1);
  EXPECT_TRUE(world.quarantine->admit("openai", "invalid_json"));
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
