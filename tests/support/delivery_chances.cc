#include "tests/support/delivery_chances.h"

#include <vector>

namespace creel::trial {

using namespace std::chrono_literals;

Destination random_destination(std::string_view name, DestinationKinds kinds, Random& random) {
  Destination destination;
  destination.name = name;
  destination.concurrency = 1 + static_cast<int>(random.below(3));
  destination.retry = {.initial = 100ms,
                       .max = std::chrono::seconds(1 + random.below(10)),
                       .attempts = 1 + static_cast<int>(random.below(6))};
  if (kinds.are_ordered && random.below(3) != 0) {
    destination.order.by = "header:" + std::string(kKeyHeader);
    destination.order.on_failure = static_cast<OrderPolicy::OnFailure>(random.below(3));
  }
  if (!kinds.are_limited) return destination;
  if (random.below(2) == 0) {
    destination.rate = Rate{.count = static_cast<std::uint32_t>(1 + random.below(5)),
                            .per = std::chrono::milliseconds(50 + random.below(1000))};
    if (random.below(2) == 0) destination.rate->burst = static_cast<std::uint32_t>(1 + random.below(4));
  }
  if (random.below(2) == 0) {
    destination.breaker = BreakerPolicy{.ratio = 0.5,
                                        .attempts = static_cast<int>(2 + random.below(4)),
                                        .window = 10s,
                                        .probe_after = std::chrono::milliseconds(random.below(3000))};
  }
  destination.is_adaptive = random.below(2) == 0;
  if (random.below(3) == 0) destination.retry.age = std::chrono::milliseconds(500 + random.below(5000));
  if (random.below(3) == 0) destination.retry.statuses = {{500, 599}, {429, 429}};
  return destination;
}

std::shared_ptr<const Routes> routes(bool is_renamed) {
  static const auto all = [] {
    const std::vector<std::string> from(kSources.begin(), kSources.end());
    const std::vector<std::string> to(kDestinations.begin(), kDestinations.end());
    std::vector<std::shared_ptr<const Routes>> made;
    for (const char* name : {"narrow", "renamed"}) {
      made.push_back(Routes::make({{.name = name, .from = from, .types = {"rare"}, .to = to},
                                   {.name = "wide", .from = from, .to = to}})
                         .value());
    }
    return made;
  }();
  return all[is_renamed ? 1 : 0];
}

Pause random_pause(Random& random) {
  Pause pause;
  switch (random.below(3)) {
    case 0:
      pause.what = Pause::What::source;
      pause.name = kSources[random.below(kSources.size())];
      break;
    case 1:
      pause.what = Pause::What::route;
      pause.name = random.below(2) == 0 ? "narrow" : "wide";
      break;
    default:
      pause.what = Pause::What::destination;
      pause.name = kDestinations[random.below(kDestinations.size())];
      break;
  }
  return pause;
}

Moody::Moody(bool is_plain, Random& random) : is_plain_(is_plain), failures_of_ten_(random.below(10)) {
  if (is_plain_) return;
  is_slow_ = random.below(4) == 0;
  is_liar_ = random.below(3) == 0;
  if (random.below(3) != 0) return;
  up_ = std::chrono::milliseconds(1 + random.below(20'000));
  down_ = std::chrono::milliseconds(1 + random.below(20'000));
}

std::chrono::milliseconds Moody::takes(Random& random) const {
  if (is_slow_ || random.below(10) == 0) return std::chrono::milliseconds(random.below(30'000));
  return std::chrono::milliseconds(random.below(random.below(2) == 0 ? 5 : 800));
}

AttemptReport Moody::answer(Ticks now, Random& random) const {
  if (!is_mended_) {
    const bool is_down = down_ > 0ms && now.time_since_epoch() % (up_ + down_) >= up_;
    if (now < away_until_ || is_down) return {.result = AttemptResult::connect, .error = "it is away"};
    if (random.below(10) < failures_of_ten_) return failure(random);
  }
  AttemptReport report{.result = AttemptResult::delivered, .status = 200};
  // It has taken it, and wants to be left alone all the same.
  if (is_liar_ && random.below(10) == 0) report.retry_after = std::chrono::hours(1);
  return report;
}

AttemptReport Moody::failure(Random& random) const {
  AttemptReport report{.result = AttemptResult::status,
                       .status = 500,
                       .reply = "HTTP/1.1 500 Oh\r\n\r\nno",
                       .error = "it said no"};
  if (is_plain_) return report;
  switch (random.below(12)) {
    case 0:
      return {.result = AttemptResult::timeout, .error = "it said nothing"};
    case 1:
    case 2:
      report.status = 429;
      report.retry_after = std::chrono::seconds(random.below(20));
      if (is_liar_ && random.below(4) == 0) report.retry_after = std::chrono::hours(876'000);
      break;
    case 3:
      if (random.below(is_liar_ ? 2 : 8) == 0) report.status = 410;
      break;
    case 4:
      report.is_final = true;
      break;
    case 5:
      report.status = 404;
      break;
    default:
      break;
  }
  return report;
}

}  // namespace creel::trial
