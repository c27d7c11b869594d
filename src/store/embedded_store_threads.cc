#include "store/embedded_store_threads.h"

#include <algorithm>

#include "core/priority.h"

namespace creel::store {
namespace {

constexpr std::chrono::seconds kPatience{1};

}  // namespace

void Bell::ring() {
  {
    const std::lock_guard lock(mutex_);
    if (rung_) return;
    rung_ = true;
  }
  changed_.notify_one();
}

void Bell::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_one();
}

void Bell::hurry() {
  {
    const std::lock_guard lock(mutex_);
    hurried_ = true;
  }
  changed_.notify_one();
}

bool Bell::rest(std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, until, [this] { return hurried_ || closed_; });
  hurried_ = false;
  return !closed_;
}

bool Bell::wait(std::optional<std::chrono::steady_clock::time_point> until) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return rung_ || closed_; };
  if (until) {
    changed_.wait_until(lock, *until, ready);
  } else {
    changed_.wait(lock, ready);
  }
  rung_ = false;
  return !closed_;
}

void Questions::start(std::vector<std::unique_ptr<Reader>> readers) {
  readers_ = std::move(readers);
  for (const auto& reader : readers_) {
    threads_.emplace_back([this, one = reader.get()] {
      set_priority(Priority::looking);
      serve(*one);
    });
  }
}

void Questions::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
  threads_.clear();
  readers_.clear();
}

void Questions::ask(Sequence target, Question question) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({target, std::chrono::steady_clock::now() + kPatience, std::move(question)});
  }
  changed_.notify_one();
}

void Questions::on_progress() {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return;
  }
  changed_.notify_all();
}

void Questions::serve(Reader& reader) {
  const Role::Holder holder(on_read);
  std::unique_lock lock(mutex_);
  while (true) {
    const auto now = std::chrono::steady_clock::now();
    const Sequence indexed = indexed_();
    const auto ready = std::ranges::find_if(waiting_, [this, now, indexed](const Waiting& one) {
      return stopping_ || one.target <= indexed || one.patience <= now;
    });
    if (ready != waiting_.end()) {
      Waiting one = std::move(*ready);
      waiting_.erase(ready);
      lock.unlock();
      one.question(reader, {.behind = one.target > indexed ? one.target - indexed : 0});
      one.question = nullptr;  // What it holds must not be destroyed under the lock.
      lock.lock();
      continue;
    }
    if (stopping_) return;
    if (waiting_.empty()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, std::ranges::min_element(waiting_, {}, &Waiting::patience)->patience);
    }
  }
}

}  // namespace creel::store
