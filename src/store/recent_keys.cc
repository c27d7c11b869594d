#include "store/recent_keys.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

namespace creel::store {

struct KeyHasher::Impl {
  std::array<unsigned char, XXH3_SECRET_DEFAULT_SIZE> secret;
  std::string buffer;
};

KeyHasher::KeyHasher(const StoreIdentity& identity) : impl_(std::make_unique<Impl>()) {
  // Another secret than that of the checksums, out of the same seed.
  std::string seed = "dedupe keys";
  seed.append(identity.secret.begin(), identity.secret.end());
  XXH3_generateSecret(impl_->secret.data(), impl_->secret.size(), seed.data(), seed.size());
}
KeyHasher::~KeyHasher() = default;
KeyHasher::KeyHasher(KeyHasher&&) noexcept = default;

KeyHash KeyHasher::operator()(std::string_view source, std::string_view key) {
  std::string& buffer = impl_->buffer;
  const auto source_bytes = static_cast<std::uint32_t>(source.size());
  buffer.assign(reinterpret_cast<const char*>(&source_bytes), sizeof source_bytes);
  buffer.append(source).append(key);
  const auto hash =
      XXH3_128bits_withSecret(buffer.data(), buffer.size(), impl_->secret.data(), impl_->secret.size());
  return {hash.low64, hash.high64};
}

namespace {

// calloc gives large blocks as untouched zero pages: memory is used as keys come.
template <class T>
T* untouched(std::size_t count) {
  void* memory = std::calloc(count, sizeof(T));
  if (memory == nullptr) throw std::bad_alloc();
  return static_cast<T*>(memory);
}

}  // namespace

RecentKeys::RecentKeys(std::size_t capacity)
    : capacity_(std::clamp<std::size_t>(capacity, 1, std::size_t{1} << 30)),
      mask_(std::bit_ceil(2 * capacity_) - 1),
      ring_(untouched<Entry>(capacity_)),
      table_(untouched<std::uint32_t>(mask_ + 1)) {}

RecentKeys::~RecentKeys() {
  std::free(ring_);
  std::free(table_);
}

// The slot of the key, or the empty one where it would go.
std::size_t RecentKeys::slot_of(KeyHash key) const {
  std::size_t slot = home(key);
  while (table_[slot] != 0 && ring_[table_[slot] - 1].key != key)
    slot = (slot + 1) & mask_;
  return slot;
}

std::optional<RecentKeys::Known> RecentKeys::find(KeyHash key) const {
  const std::uint32_t place = table_[slot_of(key)];
  if (place == 0) return std::nullopt;
  const Entry& entry = ring_[place - 1];
  // How far before `next_` the entry was pushed tells whether it waits.
  const std::uint64_t newest = (next_ + capacity_ - 1) % capacity_;
  const std::uint64_t age = (newest + capacity_ - (place - 1)) % capacity_;
  return Known{entry.received, age < next_ - waiting_};
}

// Empties a slot and moves up what had been pushed on by it.
void RecentKeys::unlink(std::size_t slot) {
  ring_[table_[slot] - 1].is_live = false;
  count_ -= 1;
  std::size_t hole = slot;
  for (std::size_t at = (hole + 1) & mask_; table_[at] != 0; at = (at + 1) & mask_) {
    const std::size_t wanted = home(ring_[table_[at] - 1].key);
    if (((at - wanted) & mask_) >= ((at - hole) & mask_)) {
      table_[hole] = table_[at];
      hole = at;
    }
  }
  table_[hole] = 0;
}

void RecentKeys::drop_oldest() {
  const Entry& entry = ring_[oldest_ % capacity_];
  if (entry.is_live) unlink(slot_of(entry.key));
  oldest_ += 1;
  waiting_ = std::max(waiting_, oldest_);
}

void RecentKeys::push(KeyHash key, Time received) {
  if (const std::size_t slot = slot_of(key); table_[slot] != 0) unlink(slot);
  if (next_ - oldest_ == capacity_) drop_oldest();
  const std::uint64_t place = next_++ % capacity_;
  ring_[place] = {key, received, true};
  table_[slot_of(key)] = static_cast<std::uint32_t>(place) + 1;
  count_ += 1;
}

void RecentKeys::add_waiting(KeyHash key, Time received) {
  push(key, received);
}

void RecentKeys::commit() {
  waiting_ = next_;
}

void RecentKeys::forget_waiting() {
  while (next_ > waiting_) {
    next_ -= 1;
    const Entry& entry = ring_[next_ % capacity_];
    if (entry.is_live) unlink(slot_of(entry.key));
  }
}

void RecentKeys::add_known(KeyHash key, Time received) {
  push(key, received);
  waiting_ = next_;
}

}  // namespace creel::store
