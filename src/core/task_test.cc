#include "core/task.h"

#include <gtest/gtest.h>

#include <memory>

namespace creel {
namespace {

// Suspends whoever awaits it until release() is called.
struct Gate {
  std::coroutine_handle<> waiting;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) { waiting = handle; }
  int await_resume() const { return 7; }
  void release() { std::exchange(waiting, nullptr).resume(); }
};

Task<int> through(Gate* gate) {
  int value = co_await *gate;
  co_return value + 1;
}

Task<int> twice(Gate* gate) {
  int first = co_await through(gate);
  int second = co_await through(gate);
  co_return first + second;
}

Task<std::unique_ptr<int>> at_once() {
  co_return std::make_unique<int>(3);
}

TEST(Task, GoesOnWhereItWasResumedAndHandsItsValueOver) {
  Gate gate;
  int got = 0;
  start(twice(&gate), [&](int value) { got = value; });
  EXPECT_EQ(got, 0);
  gate.release();
  EXPECT_EQ(got, 0);
  gate.release();
  EXPECT_EQ(got, 16);
}

TEST(Task, ThatNeverSuspendsEndsBeforeStartReturns) {
  std::unique_ptr<int> got;
  start(at_once(), [&](std::unique_ptr<int> value) { got = std::move(value); });
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, 3);
}

TEST(Task, ThatIsNeverStartedLeavesNothingBehind) {
  auto token = std::make_shared<int>(1);
  {
    auto body = [](std::shared_ptr<int> held) -> Task<int> { co_return *held; };
    auto task = body(token);
    EXPECT_EQ(token.use_count(), 2);
  }
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace creel
