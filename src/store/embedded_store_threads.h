// The threads that wait for work: questions for the readers, and a bell for the index.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "store/store.h"

namespace creel::store {

// Wakes one thread, which may sleep until a time of its own.
class Bell {
 public:
  void ring();
  void close();
  // Ends a rest.
  void hurry();
  // Until somebody hurries it, or until then, whether it rings or not. False: closed.
  bool rest(std::chrono::steady_clock::time_point until);
  // Until it rings, or until then. False: closed.
  bool wait(std::optional<std::chrono::steady_clock::time_point> until);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false, hurried_ = false, closed_ = false;
};

// Questions that wait for the index to pass a place, and the threads that answer them.
class Questions {
 public:
  using Question = std::move_only_function<void(Reader&, Staleness)>;

  // `indexed` says how far the index is; from any thread.
  explicit Questions(std::function<Sequence()> indexed) : indexed_(std::move(indexed)) {}
  ~Questions() { stop(); }

  void start(std::vector<std::unique_ptr<Reader>> readers);
  // Answers what waits with what there is, and ends the threads.
  void stop();

  // Asks when the index has passed `target`, or after a second at most.
  void ask(Sequence target, Question question);
  // The index has moved.
  void on_progress();

 private:
  struct Waiting {
    Sequence target = 0;
    std::chrono::steady_clock::time_point patience;
    Question question;
  };
  void serve(Reader& reader);

  std::function<Sequence()> indexed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Waiting> waiting_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::vector<std::thread> threads_;
};

}  // namespace creel::store
