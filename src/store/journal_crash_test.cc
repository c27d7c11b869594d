// The promise, against every fault at every step: what was acknowledged is there with its bytes, and nothing
// that was refused or torn comes back in its place.
#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <set>

#include "core/random.h"
#include "store/journal_test_world.h"

namespace creel::store {
namespace {

// Appends at random and remembers what may be read back.
class Witness {
 public:
  explicit Witness(std::uint64_t seed) : world(seed * 2 + 1), random_(seed) { world.options.bytes_max = 0; }

  // Opens, perhaps after failing to, and checks. What is read back then is durable and stays.
  void open_and_check() {
    for (int tries = 0; world.try_open(); ++tries) {
      ASSERT_LT(tries, 3) << world.try_open()->message;
      world.disk.calm();
    }
    check();
  }

  void check() {
    const auto all = world.read_all();
    std::map<Sequence, std::string> found;
    for (const auto& record : all) {
      if (record.kind == RecordKind::event) found[record.sequence] = record.payload;
    }
    const Sequence oldest = world.journal->oldest().next;
    for (const auto& [sequence, payload] : acknowledged_) {
      if (sequence < oldest) continue;
      ASSERT_TRUE(found.contains(sequence)) << "lost " << sequence;
      ASSERT_EQ(found[sequence], payload) << "changed " << sequence;
    }
    for (const auto& [sequence, payload] : found) {
      const bool is_known = written_.contains(sequence) && written_[sequence] == payload;
      ASSERT_TRUE(is_known || refused_.contains({sequence, payload}))
          << "stale " << sequence << " " << payload.substr(0, 9);
    }
    for (const auto& [sequence, payload] : found)
      acknowledged_[sequence] = written_[sequence] = payload;
    unsynced_.clear();
    refused_.clear();
  }

  // One step of an ordinary life. False when the journal has failed for good.
  bool step() {
    switch (random_.below(10)) {
      case 0:
        world.journal->prepare();
        break;
      case 1:
        if (random_.below(2) == 0) world.disk.write_back();
        static_cast<void>(world.journal->accepts_events());
        break;
      case 2:
        if (world.journal->segments().size() > 6) static_cast<void>(world.journal->remove_oldest());
        break;
      case 3:
      case 4:
        write(Room::reserved);
        break;
      default:
        write(Room::ordinary);
        sync();
    }
    return !world.journal->has_failed();
  }

  JournalWorld world;

 private:
  void write(Room room) {
    std::vector<std::string> payloads;
    const auto count = 1 + random_.below(6);
    const std::size_t size = random_.below(20) == 0 && count == 1 ? 20'000 : 1 + random_.below(900);
    for (std::uint64_t i = 0; i < count; ++i) {
      // Of one size mostly, so that a stale record would fit behind a fresh one.
      payloads.push_back(std::to_string(++written_count_) + std::string(size, static_cast<char>('a' + i)));
      if (payloads.back().size() > 1000) break;
    }
    const Sequence expected = world.journal->written().next;
    const auto first = world.write(payloads, room);
    if (first) {
      // What was refused before is wiped now, and must never be seen again.
      refused_.clear();
      Sequence sequence = *first;
      for (const auto& payload : payloads)
        written_[sequence] = unsynced_[sequence] = payload, ++sequence;
      return;
    }
    // It may be seen after a crash, as nobody could wipe it before; in a new segment behind the state record.
    for (const Sequence begin : {expected, expected + 1}) {
      Sequence sequence = begin;
      for (const auto& payload : payloads)
        refused_.emplace(sequence++, payload);
    }
  }

  void sync() {
    if (!world.journal->sync()) return;
    for (const auto& [sequence, payload] : unsynced_)
      acknowledged_[sequence] = payload;
    unsynced_.clear();
  }

  Random random_;
  std::uint64_t written_count_ = 0;
  std::map<Sequence, std::string> written_;             // the last that was taken with this sequence
  std::set<std::pair<Sequence, std::string>> refused_;  // since the last write that was not
  std::map<Sequence, std::string> unsynced_;
  std::map<Sequence, std::string> acknowledged_;
};

constexpr Loss kLosses[] = {Loss::none, Loss::everything, Loss::random_pages, Loss::random_sectors};

TEST(JournalCrash, LosesNothingAcknowledgedWhicheverOperationFailsAndWhateverIsLost) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Witness witness(seed);
    witness.open_and_check();
    for (int life = 0; life < 8; ++life) {
      const auto trouble = random.below(5);
      if (trouble == 1) witness.world.disk.fail_at(1 + random.below(60), EIO);
      if (trouble == 2) witness.world.disk.fail_at(1 + random.below(60), ENOSPC);
      if (trouble == 3)
        witness.world.disk.set_capacity(witness.world.disk.bytes_used() + random.below(30'000));
      if (trouble == 4) witness.world.disk.set_write_max(1 + random.below(3000));
      const auto steps = random.below(40);
      for (std::uint64_t i = 0; i < steps && witness.step(); ++i) {
      }
      witness.world.disk.calm();
      // Once in a while recovery itself is disturbed.
      witness.world.disk.crash(kLosses[random.below(4)]);
      if (random.below(4) == 0) witness.world.disk.fail_at(1 + random.below(8), EIO);
      witness.open_and_check();
      if (testing::Test::HasFailure()) return;
    }
  }
}

// The same short life, with the n-th operation failing, for every n, and every kind of loss behind it.
TEST(JournalCrash, SurvivesAFailureOfEachSingleOperation) {
  for (const int code : {EIO, ENOSPC}) {
    for (const Loss loss : kLosses) {
      for (std::uint64_t n = 1;; ++n) {
        SCOPED_TRACE("operation " + std::to_string(n) + " errno " + std::to_string(code) + " loss " +
                     std::to_string(static_cast<int>(loss)));
        Witness witness(99);
        witness.open_and_check();
        const std::uint64_t before = witness.world.disk.operations();
        witness.world.disk.fail_at(n, code);
        for (int i = 0; i < 40 && witness.step(); ++i) {
        }
        const bool happened = witness.world.disk.operations() - before >= n;
        witness.world.disk.calm();
        witness.world.disk.crash(loss);
        witness.open_and_check();
        if (testing::Test::HasFailure()) return;
        if (!happened) break;
      }
    }
  }
}

// A crash after each operation of that life.
TEST(JournalCrash, SurvivesACrashAfterEachOperation) {
  for (const Loss loss : kLosses) {
    for (std::uint64_t n = 1;; ++n) {
      SCOPED_TRACE("operation " + std::to_string(n) + " loss " + std::to_string(static_cast<int>(loss)));
      Witness witness(7);
      witness.open_and_check();
      const std::uint64_t before = witness.world.disk.operations();
      witness.world.disk.fail_from(n + 1, EIO);  // nothing more reaches the disk
      for (int i = 0; i < 40 && witness.step(); ++i) {
      }
      const bool happened = witness.world.disk.operations() - before > n;
      witness.world.disk.calm();
      witness.world.disk.crash(loss);
      witness.open_and_check();
      ASSERT_TRUE(witness.step());
      if (testing::Test::HasFailure()) return;
      if (!happened) break;
    }
  }
}

}  // namespace
}  // namespace creel::store
