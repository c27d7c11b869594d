// What an API coroutine waits for: a question's answer, a command's sync, a pause, some time.
//
// Each lives in the frame of the coroutine that awaits it and resumes it on the loop. The store holds on to
// it meanwhile: a task that awaits one must not be destroyed before it has gone on.
#pragma once

#include <chrono>
#include <coroutine>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "admin/resources.h"
#include "core/executor.h"
#include "core/threads.h"
#include "store/store.h"

namespace creel::admin {

// Wakes a coroutine on the loop, exactly once. When the store drops what it was given instead of calling it,
// as it may while it stops, the coroutine is woken all the same and finds the answer it had before.
class Waker {
 public:
  Waker(Executor& loop, std::coroutine_handle<> waiting) : loop_(&loop), waiting_(waiting) {}
  Waker(Waker&& other) noexcept : loop_(std::exchange(other.loop_, nullptr)), waiting_(other.waiting_) {}
  Waker& operator=(Waker&&) = delete;
  ~Waker() { wake(); }

  void wake() {
    if (Executor* loop = std::exchange(loop_, nullptr))
      loop->post([waiting = waiting_] { waiting.resume(); });
  }

 private:
  Executor* loop_;
  std::coroutine_handle<> waiting_;
};

class Asking {
 public:
  Asking(Store& store, Executor& loop, Freshness freshness, Question question)
      : store_(store), loop_(loop), freshness_(freshness), question_(std::move(question)) {}
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    store_.read(freshness_,
                [this, waker = Waker(loop_, waiting)](Reader& reader, Staleness staleness) mutable {
                  answer_ = question_(reader, staleness);
                  waker.wake();
                });
  }
  Answer await_resume() { return std::move(answer_); }

 private:
  Store& store_;
  Executor& loop_;
  Freshness freshness_;
  Question question_;
  Answer answer_{.response = error(StoreError::stopping)};
};

class Commanding {
 public:
  using Result = std::expected<Sequence, StoreError>;

  Commanding(Store& store, Executor& loop, Command command)
      : store_(store), loop_(loop), command_(std::move(command)) {}
  Commanding(const Commanding&) = delete;
  Commanding& operator=(const Commanding&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    store_.command(std::move(command_), [this, waker = Waker(loop_, waiting)](Result result) mutable {
      result_ = std::move(result);
      waker.wake();
    });
  }
  Result await_resume() const { return result_; }

 private:
  Store& store_;
  Executor& loop_;
  Command command_;
  Result result_ = std::unexpected(StoreError::stopping);
};

// Store::set_state, awaited.
class KeepingState {
 public:
  using Result = std::expected<Sequence, StoreError>;

  KeepingState(Store& store, Executor& loop, std::string name, std::string value)
      : store_(store), loop_(loop), name_(std::move(name)), value_(std::move(value)) {}
  KeepingState(const KeepingState&) = delete;
  KeepingState& operator=(const KeepingState&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    store_.set_state(std::move(name_), std::move(value_),
                     [this, waker = Waker(loop_, waiting)](Result result) mutable {
                       result_ = result;
                       waker.wake();
                     });
  }
  Result await_resume() const { return result_; }

 private:
  Store& store_;
  Executor& loop_;
  std::string name_, value_;
  Result result_ = std::unexpected(StoreError::stopping);
};

class Accepting {
 public:
  using Accept = decltype(AdminOptions::accept);

  Accepting(const Accept& accept, Executor& loop, RejectedRequest request)
      : accept_(accept), loop_(loop), request_(std::move(request)) {}
  Accepting(const Accepting&) = delete;
  Accepting& operator=(const Accepting&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    accept_(std::move(request_), [this, waker = Waker(loop_, waiting)](AcceptAnswer answer) mutable {
      answer_ = std::move(answer);
      waker.wake();
    });
  }
  AcceptAnswer await_resume() { return std::move(answer_); }

 private:
  const Accept& accept_;
  Executor& loop_;
  RejectedRequest request_;
  AcceptAnswer answer_{.status = AcceptAnswer::Status::cannot,
                       .event = {},
                       .cause = "stopping",
                       .text = "creel is stopping. Try again when it is back."};
};

// A word about a source, a route or a destination: nothing when the gateway stopped before it was carried
// out.
class OrderingPause {
 public:
  using Pause = decltype(AdminOptions::pause);

  OrderingPause(const Pause& pause, Executor& loop, creel::Pause::What what, std::string name, bool is_paused)
      : pause_(pause), loop_(loop), what_(what), name_(std::move(name)), is_paused_(is_paused) {}
  OrderingPause(const OrderingPause&) = delete;
  OrderingPause& operator=(const OrderingPause&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    pause_(what_, std::move(name_), is_paused_,
           [this, waker = Waker(loop_, waiting)](PauseAnswer answer) mutable {
             answer_ = answer;
             waker.wake();
           });
  }
  std::optional<PauseAnswer> await_resume() const { return answer_; }

 private:
  const Pause& pause_;
  Executor& loop_;
  creel::Pause::What what_;
  std::string name_;
  bool is_paused_;
  std::optional<PauseAnswer> answer_;
};

class Pausing {
 public:
  using After = std::function<void(std::chrono::milliseconds, std::move_only_function<void()>)>;

  Pausing(const After& after, std::chrono::milliseconds delay) : after_(after), delay_(delay) {}

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    after_(delay_, [waiting] { waiting.resume(); });
  }
  void await_resume() const noexcept {}

 private:
  const After& after_;
  std::chrono::milliseconds delay_;
};

}  // namespace creel::admin
