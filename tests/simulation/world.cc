#include "tests/simulation/world.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace creel::simulation {
namespace {

using namespace std::chrono_literals;

constexpr int kRestlessMax = 1000;  // steps at one moment

}  // namespace

World::World(std::uint64_t seed, std::string folder, Log& log, std::vector<std::string>* trace)
    : random_(seed), folder_(std::move(folder)), log_(log), trace_(trace) {
  journal_options_.segment_bytes = std::uint64_t{4096} << random_.below(3);
  journal_options_.slice_bytes = 1024;
  journal_options_.batch_bytes_max = 2048 + random_.below(3) * 1024;
  journal_options_.reserve_bytes = 8192;
  index_options_.records_max = 1 + random_.below(16);
  index_options_.keys_in_memory = 2 + random_.below(30);
  index_options_.merge_ratio = 1 + random_.below(12);
  index_options_.wal_bytes_max = 65536;
  limits_ = {.deliveries_max = 1 + random_.below(8),
             .bytes_max = 200 + random_.below(2000),
             .awaited_max = 1 + random_.below(12),
             .held_max = chance(3) ? 1 + random_.below(3) : 100'000};
  recent_keys_ = chance(3) ? 1 + random_.below(4) : 10'000;
  leaps_ = chance(4);
  crash_one_in_ = chance(6) ? 100'000 : 15 + random_.below(60);
  fault_one_in_ = chance(6) ? 100'000 : 10 + random_.below(60);
  reloads_ = chance(2);
  pauses_ = chance(2);
  kinds_ = {.are_limited = chance(2), .are_ordered = chance(2)};
  for (std::size_t i = 0; i < trial::kSources.size(); ++i)
    windows_.push_back(std::array<std::chrono::seconds, 3>{60s, 1h, 24h * 7}[random_.below(3)]);
  routes_ = trial::routes(false);
  for (const std::string_view name : trial::kDestinations) {
    moods_.emplace(name, trial::Moody(!kinds_.are_limited, random_));
    configure(name);
  }
  if (reloads_) configured_.erase("third");
  if (chance(2)) {
    // Retention is never shorter than a window.
    std::ranges::fill(windows_, 20s);
    retention_options_.age = chance(2) ? 20s : 2h;
    retention_options_.dedupe_window_max = 20s;
  }
  retention_options_.segment_bytes = journal_options_.segment_bytes;
  disk_ = std::make_unique<SplitDisk>(folder_, random_.next());
  open();
}

World::~World() = default;

void World::fail(std::string what) {
  if (!wrong_) wrong_ = std::move(what);
}

void World::fail(const DeliveryId& id, std::uint32_t number, const trial::Wrong& wrong) {
  if (wrong) fail(fmt::format("attempt {} of {}: {}", number, creel::to_text(id), *wrong));
}

void World::run() {
  const auto steps = 200 + random_.below(300);
  for (std::uint64_t i = 0; i < steps && ok(); ++i) {
    step();
    if (!ok()) return;
    watch_trouble();
    if (is_cutting_ && disk_->faulty().operations() >= cut_at_) {
      die(chance(2) ? End::kill : End::power_cut);
    } else if (chance(crash_one_in_)) {
      die(std::array{End::kill, End::power_cut, End::power_cut, End::restart}[random_.below(4)]);
    } else if (chance(fault_one_in_)) {
      fault();
    }
  }
  if (ok()) settle();
  if (ok()) check_end();
}

void World::step() {
  switch (random_.below(20)) {
    case 0:
    case 1:
      return send();
    case 2:
    case 3:
    case 4:
      return commit();
    case 5:
      return program_->prepare();
    case 6:
    case 7:
    case 8:
      return index();
    case 9:
      if (program_->has_question()) program_->read();
      return;
    case 10:
      if (program_->has_answer()) program_->post_answer();
      return;
    case 11:
    case 12:
      return deliver(1 + random_.below(4));
    case 13:
    case 14:
      return end_some_attempt();
    case 15:
      return operate();
    case 16:
      if (program_->has_loop_work()) program_->turn_loop();
      return;
    case 17:
      return bustle();
    case 18:
      if (reloads_ && chance(4)) return reload();
      if (pauses_ && chance(3)) return repause();
      return;
    default:
      return pass_time();
  }
}

// --- Senders
// ---------------------------------------------------------------------------------------------------------

void World::send() {
  for (auto count = 1 + random_.below(4); count > 0; --count) {
    auto webhook = std::make_unique<Webhook>();
    if (!repeatable_.empty() && chance(3)) {
      // The sender tries again, perhaps at the same moment.
      const std::size_t newest = repeatable_.size() - 1;
      *webhook = *repeatable_[chance(2) ? newest : random_.below(repeatable_.size())];
      // The routes may have changed meanwhile: what came first decides.
      if (chance(4)) aim(*webhook);
    } else {
      webhook = make_webhook();
      repeatable_.push_back(std::make_unique<Webhook>(*webhook));
    }
    webhook->received = clock_.now();
    // Its place among others of its key is that of its receipt.
    if (!kinds_.are_ordered && chance(12))
      webhook->received -= 1ms * static_cast<std::int64_t>(random_.below(200'000));
    note("send {} with {} items, {} bytes", webhook->keys[0], webhook->keys.size(), webhook->body.size());
    sendings_.push_back(std::make_unique<Sending>(std::move(webhook), answered_));
    program_->append(*sendings_.back());
  }
}

std::unique_ptr<Webhook> World::make_webhook() {
  auto webhook = std::make_unique<Webhook>();
  const auto source = random_.below(windows_.size());
  webhook->source = trial::kSources[source];
  webhook->type = trial::kTypes[chance(3) ? 1 : 0];
  webhook->window = windows_[source];
  const std::size_t items = chance(8) ? 2 + random_.below(2) : 1;
  ++webhooks_;
  for (std::size_t i = 0; i < items; ++i)
    webhook->keys.push_back(fmt::format("wh_{}_{}", webhooks_, i));
  if (items > 1 && !repeatable_.empty() && chance(2))
    webhook->keys[0] = repeatable_[random_.below(repeatable_.size())]->keys[0];
  webhook->head = fmt::format("POST /webhooks/{} HTTP/1.1\r\nwebhook-id: {}\r\n", source, webhooks_);
  if (!chance(4)) webhook->head += fmt::format("{}: {}\r\n", trial::kKeyHeader, random_.below(3));
  webhook->head += "\r\n";
  const std::size_t bytes = chance(25) ? random_.below(12'000) : random_.below(200);
  webhook->body = fmt::format("{{\"number\":{:09}}}", webhooks_) + std::string(bytes, '.');
  // To those too that are not configured: decided before they went, or before they came.
  for (const std::string_view name : trial::kDestinations) {
    if (!chance(3)) webhook->destinations.emplace_back(name);
  }
  aim(*webhook);
  return webhook;
}

// Sends each item some way: most of them to all destinations, some to a few, some to none.
void World::aim(Webhook& webhook) {
  webhook.targets.assign(webhook.keys.size(), std::nullopt);
  for (auto& targets : webhook.targets) {
    if (!chance(2)) continue;
    targets.emplace();
    for (std::uint16_t i = 0; i < webhook.destinations.size(); ++i) {
      if (chance(3)) continue;
      const Target target{.destination = i, .transformed = chance(3)};
      targets->insert(chance(2) ? targets->begin() : targets->end(), target);
    }
  }
}

// --- The program's threads
// -------------------------------------------------------------------------------------------

void World::commit() {
  const bool had_failed = program_->journal().has_failed();
  program_->commit();
  if (program_->journal().has_failed() && !had_failed) {
    ++tally_.failed_syncs;
    note("a sync failed");
  }
  if (auto wrong = truth_.follow(program_->journal())) return fail(*std::move(wrong));
  check_answers();
}

void World::index() {
  if (program_->index_is_due()) program_->index();
}

void World::deliver(std::size_t letters) {
  program_->deliver(letters);
  for (std::size_t i = 0; i < sites_.size() && ok(); ++i) {
    if (const auto wrong = trial::bounds_wrong(program_->dispatcher().status(i), limits_))
      fail(fmt::format("{}: {}", sites_[i].settings.name, *wrong));
  }
}

void World::end_some_attempt() {
  std::vector<std::size_t> over;
  for (std::size_t i = 0; i < running_.size(); ++i) {
    if (running_[i].ends <= clock_.ticks()) over.push_back(i);
  }
  if (over.empty()) return;
  const std::size_t which = over[random_.below(over.size())];
  const Running one = std::move(running_[which]);
  running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(which));
  Site& site = sites_[one.order.destination];
  AttemptReport report = moods_.at(site.settings.name).answer(clock_.ticks(), random_);
  if (one.order.event.sequence() % 11 == 0) {
    report = {.result = AttemptResult::status, .status = 500, .error = "it is hopeless"};
  }
  note("attempt {} of {} to {} ends: {} {}", one.order.number, creel::to_text(one.order.event),
       site.settings.name, creel::to_text(report.result), report.status);
  if (site.canary == one.order.event) site.canary.reset();
  if (report.result == AttemptResult::status && report.retry_after &&
      (report.status == 429 || report.status == 503)) {
    // So long at most can it keep us away.
    const auto wait = std::min<std::chrono::seconds>(*report.retry_after, 1h);
    site.held_until = std::max(site.held_until, clock_.ticks() + wait);
  }
  ending_ = &report;
  AttemptReport sent = report;
  program_->end_attempt(one.order, std::move(sent));
  ending_ = nullptr;
}

// --- Time
// ------------------------------------------------------------------------------------------------------------

std::optional<Ticks> World::next_deadline() const {
  std::optional<Ticks> first;
  const auto consider = [&](std::optional<Ticks> at) {
    if (at && *at != Ticks::max() && (!first || *at < *first)) first = at;
  };
  consider(program_->commit_due());
  assume(on_index);
  // Once it has everything, only retention looks again, every second and for ever.
  const bool is_behind = !program_->has_begun() || program_->indexer().index() == nullptr ||
                         program_->indexer().indexed() + 1 < program_->journal().synced().next;
  if (!is_resting_ || is_behind) consider(program_->index_due());
  consider(program_->deliver_due());
  for (const Running& one : running_)
    consider(one.ends);
  return first;
}

// The journal thread keeps its times; the others may be late.
void World::pass(Ticks::duration by) {
  const Ticks until = clock_.ticks() + by;
  int restless = 0;
  while (ok() && program_->commit_due() <= until) {
    restless = program_->commit_due() > clock_.ticks() ? 0 : restless + 1;
    if (restless == kRestlessMax) return fail("the journal thread is always busy and gets nothing done");
    clock_.advance_to(program_->commit_due());
    commit();
  }
  clock_.advance_to(until);
}

// For a while no thread is slow.
void World::bustle() {
  for (auto rounds = 1 + random_.below(12); ok() && rounds > 0; --rounds) {
    const bool any = settle_once();
    const auto deadline = next_deadline();
    if (!any && deadline && *deadline - clock_.ticks() < 1min)
      pass(std::max<Ticks::duration>(*deadline - clock_.ticks(), 1us));
  }
}

void World::pass_time() {
  if (leaps_ && chance(6)) {
    auto by = 1min * (static_cast<std::int64_t>(random_.below(6000)) - 3000);
    // Keys go by the newest record's time: what comes with an older one afterwards may be new again.
    if (retention_options_.age.count() > 0) by = std::chrono::abs(by);
    note("the wall clock leaps by {} minutes", by.count());
    clock_.leap(by);
  }
  if (chance(20)) {
    const auto name = trial::kDestinations[random_.below(trial::kDestinations.size())];
    moods_.find(name)->second.go_away(clock_.ticks() + 1min * static_cast<std::int64_t>(random_.below(600)));
  }
  Ticks::duration by = 1us * static_cast<std::int64_t>(random_.below(20'000));
  if (chance(3)) by = 1ms * static_cast<std::int64_t>(random_.below(1500));
  if (chance(30)) by = 1s * static_cast<std::int64_t>(random_.below(7200));
  const auto deadline = next_deadline();
  if (chance(2) && deadline && *deadline > clock_.ticks()) by = *deadline - clock_.ticks();
  pass(by);
}

}  // namespace creel::simulation
