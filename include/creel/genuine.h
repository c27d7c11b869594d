// Proof in the type: a Genuine<T> can be made only by what checks signatures.
//
// A function that takes a Genuine<T> cannot be given unverified bytes; the compiler sees to it. Whoever
// builds another value out of a genuine one takes the proof along with `map`.
#pragma once

#include <type_traits>
#include <utility>

namespace creel {

class Receiver;
class Verifier;

template <class T>
class Genuine {
 public:
  const T& operator*() const& { return value_; }
  T&& operator*() && { return std::move(value_); }
  const T* operator->() const { return &value_; }

  // What `make` builds out of the genuine value is as genuine as the value was.
  template <class F>
  auto map(F&& make) && -> Genuine<std::remove_cvref_t<std::invoke_result_t<F, T&&>>> {
    return Genuine<std::remove_cvref_t<std::invoke_result_t<F, T&&>>>(
        std::forward<F>(make)(std::move(value_)));
  }

 private:
  friend class Receiver;
  friend class Verifier;
  template <class U>
  friend class Genuine;
  explicit Genuine(T value) : value_(std::move(value)) {}

  T value_;
};

}  // namespace creel
