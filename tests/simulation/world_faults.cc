// What the disk does to the program, and how a life ends and the next one begins.

#include <array>
#include <cerrno>
#include <string_view>

#include "tests/simulation/world.h"

namespace creel::simulation {
namespace {

using namespace std::chrono_literals;

// An outcome that found no room is tried again this much later, so that trouble lasts as long.
constexpr auto kTroubleEcho = 600ms;

std::string_view to_text(bool is_power_cut) {
  return is_power_cut ? "the power goes" : "the process is killed";
}

}  // namespace

void World::fault() {
  store::FaultyDisk& disk = disk_->faulty();
  if (is_faulty_) return calm();
  is_faulty_ = true;
  switch (random_.below(8)) {
    case 0:
      note("the next operation of the disk fails");
      return disk.fail_at(1 + random_.below(6), EIO);
    case 1:
    case 2:
      // The process ends in the middle of a step, as far as the disk can tell.
      is_cutting_ = true;
      cut_at_ = disk.operations() + 1 + random_.below(8);
      note("the disk stops before operation {}", cut_at_);
      return disk.fail_from(cut_at_ - disk.operations(), EIO);
    case 3:
      note("writes are short");
      return disk.set_write_max(1 + random_.below(300));
    case 4:
    case 5:
      note("the disk is full");
      return disk.set_capacity(disk.bytes_used() + random_.below(3000));
    case 6:
      note("the disk gives up in the middle of a write");
      return disk.fail_after_bytes(random_.below(3000), ENOSPC);
    default:
      note("the disk is read-only");
      return disk.set_read_only(true);
  }
}

void World::calm() {
  if (is_faulty_) note("the disk is well again");
  disk_->faulty().calm();
  is_faulty_ = is_cutting_ = false;
}

void World::watch_trouble() {
  if (is_faulty_ || program_->health() != store::JournalHealth::good)
    last_trouble_ = clock_.ticks() + kTroubleEcho;
}

void World::die(End end) {
  watch_trouble();
  if (end == End::restart) {
    note("a restart");
    ++tally_.restarts;
    program_->drain();
    program_->finish();
    if (auto wrong = truth_.follow(program_->journal())) return fail(*std::move(wrong));
    check_answers();
    if (!ok()) return;
  } else {
    note("{}", to_text(end == End::power_cut));
    ++(end == End::kill ? tally_.kills : tally_.power_cuts);
  }
  lives_.push_back({.end = end, .ended = clock_.ticks(), .last_trouble = last_trouble_});
  tally_.rebuilds += program_->indexer().rebuilds();
  tally_.segments_removed += program_->retention().segments_removed();
  tally_.events_copied += program_->retention().events_copied();
  if (end == End::power_cut) {
    disk_->faulty().crash(std::array{store::Loss::everything, store::Loss::random_pages,
                                     store::Loss::random_sectors}[random_.below(3)]);
  } else if (end == End::kill) {
    disk_->faulty().crash(store::Loss::none);
  }
  SplitDisk::Copy left = disk_->copy();
  program_.reset();
  if (end == End::power_cut) left = disk_->after_power_cut(std::move(left), random_);
  if (end != End::restart) disk_->put_back(left);
  disk_->forget();
  calm();
  sendings_.clear();
  answered_.clear();
  running_.clear();
  unsettled_.clear();
  told_.clear();
  sites_.clear();
  asked_.clear();
  last_trouble_.reset();
  static constexpr std::array kAccidents{IndexAccident::deleted, IndexAccident::garbage,
                                         IndexAccident::older};
  if (chance(8)) ruin_index(kAccidents[random_.below(kAccidents.size())]);
  // Somebody has to start it again.
  if (chance(2)) clock_.advance_to(clock_.ticks() + 1ms * static_cast<std::int64_t>(random_.below(60'000)));
  open();
}

// What no crash does, and what the index has to get over all the same.
void World::ruin_index(IndexAccident accident) {
  SplitDisk::Copy copy = disk_->copy();
  rebuilds_allowed_ = 100;
  switch (accident) {
    case IndexAccident::none:
      return;
    case IndexAccident::deleted:
      note("the index is deleted");
      return store::Index::remove(*disk_, disk_->index_folder());
    case IndexAccident::garbage:
      note("the index is overwritten");
      // All of its head: SQLite cannot see that a row in the middle has become another.
      if (copy.database.size() > 100) copy.database.replace(0, 100, 100, 'x');
      return disk_->put_back(copy);
    case IndexAccident::older:
      note("an older index is put back");
      if (backup_) disk_->put_back(*backup_);
      backup_ = std::move(copy);
      return;
  }
}

ProgramOptions World::program_options() const {
  return {.folder = folder_,
          .journal = journal_options_,
          .index = index_options_,
          .retention = retention_options_,
          .recent_keys = recent_keys_,
          .limits = limits_};
}

void World::open() {
  for (int tries = 0;; ++tries) {
    const bool is_hindered = tries < 3 && chance(6);
    if (is_hindered) disk_->faulty().fail_from(1 + random_.below(12), EIO);
    sites_.clear();
    auto opened =
        Program::open(program_options(), {.disk = *disk_, .clock = clock_, .log = log_, .watcher = *this},
                      settings(), random_.next());
    if (opened) {
      program_ = *std::move(opened);
      is_faulty_ = is_cutting_ = is_hindered;
      cut_at_ = 0;
      break;
    }
    note("opening fails: {}", opened.error().message);
    ++tally_.failed_opens;
    if (!is_hindered || opened.error().kind != store::OpenError::Kind::disk)
      return fail("the store does not open: " + opened.error().message);
    const bool is_power_cut = chance(2);
    disk_->faulty().crash(is_power_cut ? store::Loss::random_sectors : store::Loss::none);
    // What the life before had written and not synced goes with it.
    if (is_power_cut && !lives_.empty() && lives_.back().end == End::kill) lives_.back().end = End::power_cut;
    disk_->faulty().calm();
  }
  note("open: the journal ends with {}", program_->end_at_open());
  if (auto wrong = truth_.compare(program_->journal())) return fail(*std::move(wrong));
  if (auto wrong = truth_.follow(program_->journal())) return fail(*std::move(wrong));
  check_state();
  for (const auto& [id, event] : truth_.events()) {
    for (const auto& [name, delivery] : event.deliveries) {
      if (delivery.was_retried) unordered_.insert({.event = id, .destination = name});
    }
  }
  if (!is_faulty_ && chance(3)) {
    check_index();
    if (ok() && chance(2)) check_rebuilt();
  }
}

}  // namespace creel::simulation
