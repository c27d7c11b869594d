// Chance comes in through the door, like time.
#pragma once

#include <cstdint>
#include <random>

namespace creel {

// Deterministic for a seed. Not for secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t next() { return engine_(); }
  // Below `bound`, which is at least 1.
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  // In [-1, 1).
  double spread() { return static_cast<double>(engine_() >> 11) * 0x1.0p-52 - 1.0; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace creel
