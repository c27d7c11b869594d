// Latencies in bounded memory: 256 buckets for each power of two, so a percentile is at most 0.4 % too high.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace creel::bench {

class Histogram {
 public:
  void add(std::uint64_t value) {
    ++counts_[bucket(value)];
    ++total_;
    sum_ += static_cast<double>(value);
    max_ = std::max(max_, value);
  }

  // The smallest value that `share` (0 to 1) of all values do not exceed; 0 when there are none.
  std::uint64_t percentile(double share) const {
    auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_) + 0.5);
    wanted = std::clamp<std::uint64_t>(wanted, 1, std::max<std::uint64_t>(total_, 1));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= wanted) return std::min(max_, last_of(i));
    }
    return max_;
  }

  std::uint64_t total() const { return total_; }
  std::uint64_t max() const { return max_; }
  double mean() const { return total_ ? sum_ / static_cast<double>(total_) : 0; }

 private:
  static constexpr int kBits = 8;
  static constexpr std::uint64_t kLinear = std::uint64_t{1} << kBits;

  // Values below kLinear have a bucket each; beyond, the top kBits + 1 bits choose it.
  static std::size_t bucket(std::uint64_t value) {
    if (value < kLinear) return value;
    int shift = static_cast<int>(std::bit_width(value)) - kBits - 1;
    return (static_cast<std::size_t>(shift) << kBits) + (value >> shift);
  }
  static std::uint64_t last_of(std::size_t index) {
    if (index < 2 * kLinear) return index;
    std::size_t shift = (index >> kBits) - 1;
    return (((index & (kLinear - 1)) + kLinear + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>((66 - kBits) << kBits);
  std::uint64_t total_ = 0, max_ = 0;
  double sum_ = 0;
};

}  // namespace creel::bench
