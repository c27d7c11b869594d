// A coroutine that gives one value, started by whoever awaits it.
//
//   Task<Response> Ingest::receive(Request request) { … co_await keep(append) … }
//
// Tasks are named functions with parameters by value (g++ 12 miscompiles more than names, literals and calls
// in a statement with co_await). An exception that escapes one ends the process. A Task is not thread-safe:
// it goes on in whichever thread resumes it, and whoever suspends it says which that is.
#pragma once

#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

namespace creel {

template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type {
    std::optional<T> value;
    std::coroutine_handle<> waiting = std::noop_coroutine();

    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> done) noexcept {
        return done.promise().waiting;
      }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    void return_value(T result) { value.emplace(std::move(result)); }
    void unhandled_exception() noexcept { std::terminate(); }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) noexcept {
    handle_.promise().waiting = waiting;
    return handle_;
  }
  T await_resume() { return std::move(*handle_.promise().value); }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

// Runs a task from outside any coroutine and hands its value to `done`, at once if the task never suspends.
template <class T, class Done>
void start(Task<T> task, Done done);

namespace detail {
struct Started {
  struct promise_type {
    Started get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};
template <class T, class Done>
Started run(Task<T> task, Done done) {
  T value = co_await task;
  done(std::move(value));
}
}  // namespace detail

template <class T, class Done>
void start(Task<T> task, Done done) {
  detail::run(std::move(task), std::move(done));
}

}  // namespace creel
