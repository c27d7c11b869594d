// Which deliveries a transform holds, and why: written by the deliver thread, read by any.
//
// The one place where that crosses. Many deliveries are held for one reason, so a reason is kept once; of a
// destination whose transform finds ever new ones, only the first so many.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/ids.h"

namespace creel {

class HeldDeliveries {
 public:
  struct Row {
    std::string destination;
    std::uint64_t deliveries = 0;
    std::string reason;  // of the latest
  };

  void add(std::string_view destination, EventId event, std::uint32_t ordinal, std::string_view reason);
  // False when it was not there.
  bool erase(std::string_view destination, EventId event, std::uint32_t ordinal);
  void clear();

  // "" for one that is not held.
  std::string reason(const DeliveryId& delivery) const;
  // The destinations that have any, by name.
  std::vector<Row> rows() const;

 private:
  struct Key {
    EventId event;
    std::uint32_t ordinal;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept {
      return static_cast<std::size_t>((key.event.value + key.ordinal) * 0x9e3779b97f4a7c15u >> 7);
    }
  };
  struct OfDestination {
    std::unordered_map<Key, const std::string*, KeyHash> deliveries;
    std::set<std::string, std::less<>> reasons;  // which hold still
    const std::string* latest = nullptr;
  };
  static const std::string* kept(OfDestination& of, std::string_view reason);

  mutable std::mutex mutex_;
  std::map<std::string, OfDestination, std::less<>> destinations_;
};

}  // namespace creel
