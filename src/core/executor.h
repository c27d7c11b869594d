// A thread that takes work: post a function, and it runs there, later, in the order posted.
#pragma once

#include <functional>

namespace creel {

class Executor {
 public:
  virtual ~Executor() = default;
  // From any thread. Never runs `work` before it returns.
  virtual void post(std::move_only_function<void()> work) = 0;
};

}  // namespace creel
