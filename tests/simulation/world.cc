#include "tests/simulation/world.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace creel::simulation {
namespace {

using namespace std::chrono_literals;

constexpr int kSettleRounds = 30'000;
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
  limits_ = {.deliveries_max = 1 + random_.below(8), .bytes_max = 200 + random_.below(2000)};
  recent_keys_ = chance(3) ? 1 + random_.below(4) : 10'000;
  leaps_ = chance(4);
  crash_one_in_ = chance(6) ? 100'000 : 15 + random_.below(60);
  fault_one_in_ = chance(6) ? 100'000 : 10 + random_.below(60);
  failures_of_ten_ = random_.below(8);
  for (int i = 0; i < 2; ++i)
    windows_.push_back(std::array<std::chrono::seconds, 3>{60s, 1h, 24h * 7}[random_.below(3)]);
  for (const char* name : {"app", "audit", "mail"}) {
    Destination destination;
    destination.name = name;
    destination.concurrency = 1 + static_cast<int>(random_.below(3));
    destination.retry = {
        .initial = 200ms, .max = 1h, .factor = 4, .attempts = 1 + static_cast<int>(random_.below(6))};
    destinations_.push_back(destination);
  }
  down_until_.resize(destinations_.size());
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

void World::run() {
  const auto steps = 150 + random_.below(250);
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
  switch (random_.below(16)) {
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
      return program_->deliver(1 + random_.below(4));
    case 13:
      return end_some_attempt();
    case 14:
      return operate();
    default:
      return pass_time();
  }
}

// --- Senders and operators
// -------------------------------------------------------------------------------------------

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
      const auto source = random_.below(windows_.size());
      webhook->source = fmt::format("source-{}", source);
      webhook->window = windows_[source];
      const std::size_t items = chance(8) ? 2 + random_.below(2) : 1;
      ++webhooks_;
      for (std::size_t i = 0; i < items; ++i)
        webhook->keys.push_back(fmt::format("wh_{}_{}", webhooks_, i));
      if (items > 1 && !repeatable_.empty() && chance(2))
        webhook->keys[0] = repeatable_[random_.below(repeatable_.size())]->keys[0];
      webhook->head = fmt::format("POST /webhooks/{} HTTP/1.1\r\nwebhook-id: {}\r\n\r\n", source, webhooks_);
      const std::size_t bytes = chance(25) ? random_.below(12'000) : random_.below(200);
      webhook->body = fmt::format("{{\"number\":{:09}}}", webhooks_) + std::string(bytes, '.');
      for (const Destination& destination : destinations_) {
        if (!chance(3)) webhook->destinations.push_back(destination.name);
      }
      aim(*webhook);
      repeatable_.push_back(std::make_unique<Webhook>(*webhook));
    }
    webhook->received = clock_.now();
    if (chance(12)) webhook->received -= 1ms * static_cast<std::int64_t>(random_.below(200'000));
    note("send {} with {} items, {} bytes", webhook->keys[0], webhook->keys.size(), webhook->body.size());
    sendings_.push_back(std::make_unique<Sending>(std::move(webhook), answered_));
    program_->append(*sendings_.back());
  }
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

void World::operate() {
  if (truth_.events().empty() || !chance(2)) return;
  const auto event =
      std::next(truth_.events().begin(), static_cast<std::ptrdiff_t>(random_.below(truth_.events().size())));
  if (gone_.contains(event->first)) return;
  const auto kind = chance(2) ? Command::Kind::retry : Command::Kind::cancel;
  // What retention may remove at this moment is left alone: it could go before the word is heard.
  if (retention_options_.age.count() != 0 && !event->second.is_pending()) return;
  const std::string destination = chance(3) ? "" : destinations_[random_.below(destinations_.size())].name;
  note("{} {} to '{}'", kind == Command::Kind::retry ? "retry" : "cancel", creel::to_text(event->first),
       destination);
  program_->command({.kind = kind, .event = event->first, .destination = destination, .at = clock_.now()},
                    {});
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

void World::end_some_attempt() {
  std::vector<std::size_t> over;
  for (std::size_t i = 0; i < running_.size(); ++i) {
    if (running_[i].ends <= clock_.ticks()) over.push_back(i);
  }
  if (over.empty()) return;
  const std::size_t which = over[random_.below(over.size())];
  const Running one = std::move(running_[which]);
  running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(which));
  AttemptReport report;
  const bool is_hopeless = one.order.event.sequence() % 11 == 0;
  const bool is_down = down_until_[one.order.destination] > clock_.ticks();
  if (is_hopeless || (!is_calm_ && (is_down || random_.below(10) < failures_of_ten_))) {
    report.result = is_down ? AttemptResult::connect : AttemptResult::status;
    report.status = is_down ? 0 : 500;
    report.reply = is_down ? "" : "HTTP/1.1 500 Oh\r\n\r\nno";
    report.error = "it said no";
    if (chance(8)) report.retry_after = std::chrono::seconds(random_.below(200));
  } else {
    report.result = AttemptResult::delivered;
    report.status = 200;
  }
  note("attempt {} of {} to {} ends: {}", one.order.number, creel::to_text(one.order.event),
       destinations_[one.order.destination].name, creel::to_text(report.result));
  program_->end_attempt(one.order, std::move(report));
}

// --- Time
// ------------------------------------------------------------------------------------------------------------

std::optional<Ticks> World::next_deadline() const {
  std::optional<Ticks> first;
  const auto consider = [&](std::optional<Ticks> at) {
    if (at && *at != Ticks::max() && (!first || *at < *first)) first = at;
  };
  consider(program_->commit_due());
  consider(program_->index_due());
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

void World::pass_time() {
  if (leaps_ && chance(6)) {
    const auto by = 1min * (static_cast<std::int64_t>(random_.below(6000)) - 3000);
    note("the wall clock leaps by {} minutes", by.count());
    clock_.leap(by);
  }
  if (chance(20)) {
    const auto which = random_.below(down_until_.size());
    down_until_[which] = clock_.ticks() + 1min * static_cast<std::int64_t>(random_.below(600));
  }
  Ticks::duration by = 1us * static_cast<std::int64_t>(random_.below(20'000));
  if (chance(3)) by = 1ms * static_cast<std::int64_t>(random_.below(1500));
  if (chance(30)) by = 1s * static_cast<std::int64_t>(random_.below(7200));
  const auto deadline = next_deadline();
  if (chance(2) && deadline && *deadline > clock_.ticks()) by = *deadline - clock_.ticks();
  pass(by);
}

// --- The end
// ---------------------------------------------------------------------------------------------------------

// Everybody does what there is to do. False: there was nothing.
bool World::settle_once() {
  bool any = false;
  const auto does = [&](bool has_work) {
    any = any || has_work;
    return has_work;
  };
  if (does(program_->commit_due() <= clock_.ticks())) commit();
  while (program_->has_question() && ok() && does(true))
    program_->read();
  while (program_->has_answer() && ok() && does(true))
    program_->post_answer();
  if (does(program_->index_is_due())) program_->index();
  does(program_->has_mail());
  const auto due = program_->deliver_due();
  does(due && *due <= clock_.ticks());
  program_->deliver(1000);
  const std::size_t before = running_.size();
  end_some_attempt();
  does(running_.size() != before);
  return any;
}

void World::settle() {
  note("the storms cease");
  is_calm_ = true;
  calm();
  std::ranges::fill(down_until_, Ticks());
  for (int round = 0; ok() && round < kSettleRounds; ++round) {
    // A sync may have failed that nobody has heard of until now.
    if (program_->health() == store::JournalHealth::failed) die(End::restart);
    if (!ok()) return;
    calm();
    if (settle_once()) continue;
    const bool is_done = !truth_.has_pending() && running_.empty() &&
                         program_->indexer().indexed() + 1 >= program_->journal().synced().next &&
                         program_->commit_due() == Ticks::max();
    if (is_done) return;
    // Retention looks again every second for ever; what has to come comes by another's clock.
    const auto deadline = next_deadline();
    if (!deadline) break;
    pass(std::max<Ticks::duration>(*deadline - clock_.ticks(), 1us));
  }
  if (!ok()) return;
  for (const auto& [id, event] : truth_.events()) {
    for (const auto& [destination, delivery] : event.deliveries) {
      if (delivery.now().state != DeliveryState::pending) continue;
      return fail(fmt::format("{} to {} is never made: pending with {} attempts, due {} ms from now",
                              creel::to_text(id), destination, delivery.now().attempts,
                              (delivery.now().due - clock_.now()).count()));
    }
  }
  fail("the program does not come to rest");
}

}  // namespace creel::simulation
