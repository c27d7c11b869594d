// The newest dedupe keys, in memory: what answers the usual duplicate at once.
//
// It belongs to the journal thread. A key is waiting from the moment its record is gathered until the sync;
// only then does it answer `duplicate`. Older keys than the newest `capacity` are forgotten: the index knows
// them still and drops their duplicates later. Two keys are equal when 128 bits of a hash keyed per store
// are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "core/clock.h"
#include "store/journal_folder.h"
#include "store/record.h"

namespace creel::store {

struct KeyHash {
  std::uint64_t low = 0, high = 0;
  bool operator==(const KeyHash&) const = default;
};

// The store's keyed hash of (source, key): the same in the recent set, in the index and in records of kind
// `keys`.
class KeyHasher {
 public:
  explicit KeyHasher(const StoreIdentity& identity);
  ~KeyHasher();
  KeyHasher(KeyHasher&&) noexcept;
  // Not for two threads at once: it has a buffer of its own.
  KeyHash operator()(std::string_view source, std::string_view key);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Whether an event received at `later` repeats one with its key received at `earlier`. A window of nothing
// means no dedupe; a clock that went back makes a duplicate.
constexpr bool within_window(Time earlier, Time later, std::chrono::seconds window) {
  return window.count() > 0 && later - earlier < window;
}

class RecentKeys {
 public:
  explicit RecentKeys(std::size_t capacity = 1'000'000);  // 40 bytes a key, touched only as keys come
  ~RecentKeys();
  RecentKeys(const RecentKeys&) = delete;

  struct Known {
    Time received;
    bool is_waiting = false;
  };
  std::optional<Known> find(KeyHash key) const;

  // A key whose record is being written; newer than all others. Replaces what was known of the key.
  void add_waiting(KeyHash key, Time received);
  // The sync succeeded: what waits is known now.
  void commit();
  // It did not: what waits is forgotten.
  void forget_waiting();

  // For filling at start, oldest first, before anything waits.
  void add_known(KeyHash key, Time received);

  std::size_t size() const { return count_; }
  std::size_t capacity() const { return capacity_; }

 private:
  struct Entry {
    KeyHash key;
    Time received;
    bool is_live = false;
  };
  std::size_t home(KeyHash key) const { return static_cast<std::size_t>(key.low) & mask_; }
  std::size_t slot_of(KeyHash key) const;
  void unlink(std::size_t slot);
  void drop_oldest();
  void push(KeyHash key, Time received);

  std::size_t capacity_, mask_;
  // A ring of entries in the order they came, numbered for ever: [oldest_, next_), of which [waiting_, next_)
  // wait.
  Entry* ring_;
  std::uint32_t* table_;  // open addressing: a place in the ring plus one, or 0
  std::uint64_t oldest_ = 0, waiting_ = 0, next_ = 0;
  std::size_t count_ = 0;
};

}  // namespace creel::store
