// Destinations, routes, pauses and answers by chance: the world that the dispatcher's model and the
// simulation of store and dispatcher put around it.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/model.h"
#include "core/random.h"
#include "deliver/destination.h"
#include "rules/routes.h"

namespace creel::trial {

inline constexpr std::array<std::string_view, 3> kDestinations{"first", "second", "third"};
inline constexpr std::array<std::string_view, 2> kSources{"near", "far"};
inline constexpr std::array<std::string_view, 2> kTypes{"usual", "rare"};
// What destinations with an order go by.
inline constexpr std::string_view kKeyHeader = "X-Key";

struct DestinationKinds {
  bool are_limited = false;  // rates, breakers, adaptive concurrency, final statuses, ages
  bool are_ordered = false;
};
Destination random_destination(std::string_view name, DestinationKinds kinds, Random& random);

// Events of one type take one route, all others another; the first can have another name.
std::shared_ptr<const Routes> routes(bool is_renamed);
Pause random_pause(Random& random);

// What a destination is like. Some fail by the dice, some come and go, some are slow, and some say what is
// not so: that they are gone, that one should come back in a century, that a delivery is hopeless.
class Moody {
 public:
  // One that `is_plain` fails by the dice only, and says 500.
  Moody(bool is_plain, Random& random);
  // From now on it takes everything, at once.
  void mend() { is_mended_ = true; }
  // It is not there until then.
  void go_away(Ticks until) { away_until_ = until; }

  std::chrono::milliseconds takes(Random& random) const;
  AttemptReport answer(Ticks now, Random& random) const;

 private:
  AttemptReport failure(Random& random) const;

  bool is_plain_, is_mended_ = false;
  bool is_slow_ = false, is_liar_ = false;
  std::uint64_t failures_of_ten_;
  std::chrono::milliseconds up_{0}, down_{0};  // it flaps
  Ticks away_until_{};
};

}  // namespace creel::trial
