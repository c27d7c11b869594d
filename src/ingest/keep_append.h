// Awaiting an append: the request sleeps on the loop until the sync that covers it.
//
//   KeepAppend keeping(std::move(event), store, returns);
//   const KeepAppend::Result kept = co_await keeping;
//
// The append lives in the frame of the coroutine that awaits it, so a request costs no allocation of its own.
// The store holds on to it until it is done: a task that awaits one must never be destroyed before it has
// gone on, not even when its client has left. Whoever owns the task (the HTTP connection) lets it run to its
// end.
//
// Threads: made and resumed on the loop; done() comes on the journal thread.
#pragma once

#include <coroutine>
#include <expected>
#include <memory>
#include <utility>
#include <vector>

#include "core/executor.h"
#include "core/mailbox.h"
#include "core/threads.h"
#include "store/store.h"

namespace creel {

class KeepAppend;

// The way back from the journal thread to one loop. A batch of appends that are done together wakes the loop
// once.
class AppendReturns {
 public:
  explicit AppendReturns(Executor& loop) : loop_(loop), state_(std::make_shared<State>()) {}

  // Goes on with what awaits `append`, on the loop.
  void give(KeepAppend& append) ON_JOURNAL;

 private:
  // Held by the posted work too: it may outlive whoever owns this.
  struct State {
    Mailbox<KeepAppend*> box;
    std::vector<KeepAppend*> taken;  // The loop's alone; keeps its capacity.
  };
  static void resume_all(State& state) ON_LOOP;

  Executor& loop_;
  std::shared_ptr<State> state_;
};

class KeepAppend final : public Append {
 public:
  using Result = std::expected<Kept, StoreError>;

  KeepAppend(Genuine<NewEvent> accepted, Store& store, AppendReturns& returns)
      : Append(std::move(accepted)), store_(store), returns_(returns) {}
  KeepAppend(const KeepAppend&) = delete;
  KeepAppend& operator=(const KeepAppend&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    store_.append(*this);
  }
  Result await_resume() const { return result; }

  void done() ON_JOURNAL override { returns_.give(*this); }

 private:
  friend class AppendReturns;

  Store& store_;
  AppendReturns& returns_;
  std::coroutine_handle<> waiting_;
};

}  // namespace creel
