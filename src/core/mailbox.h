// Values handed from many threads to one.
//
// post() from any thread; the owner takes everything at once. The caller of post() learns whether the box was
// empty, and then, and only then, has to wake the owner: one wake-up a batch, not one a value.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

namespace creel {

template <class T>
class Mailbox {
 public:
  // True when the box was empty before: the owner may be asleep.
  [[nodiscard]] bool post(T value) {
    std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    return values_.size() == 1;
  }

  // Swaps everything that has gathered into `into`, which is cleared first and lends its capacity.
  void take(std::vector<T>& into) {
    into.clear();
    std::lock_guard lock(mutex_);
    std::swap(into, values_);
  }

 private:
  std::mutex mutex_;
  std::vector<T> values_;
};

}  // namespace creel
