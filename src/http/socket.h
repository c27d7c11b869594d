// A descriptor that a Loop watches. All reading and writing is done by whoever owns it, with plain calls that
// do not block; this only says when to try again. It keeps Asio in one file.
#pragma once

#include <memory>

#include "core/threads.h"
#include "http/server.h"

namespace creel::http {

class Socket {
 public:
  enum class Event { readable, writable };
  // Told when the wait is over. Kept alive by a wait that is under way.
  class Waiter {
   public:
    virtual ~Waiter() = default;
    virtual void ready(Event event) ON_LOOP = 0;
  };

  Socket(Loop& loop, int descriptor);  // Owns the descriptor from here on.
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int descriptor() const { return descriptor_; }  // -1 once closed

  // Calls `waiter` once, later, when the event comes, also when the peer has gone; it may come for nothing.
  // One wait for each event at a time. Allocates nothing. An event is told once: wait after a read or write
  // that came back short, or call expect_more() before.
  void wait(Event event, std::shared_ptr<Waiter> waiter) ON_LOOP;
  void expect_more(Event event) ON_LOOP;

  // A waiter is not called any more.
  void close() ON_LOOP;

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
  int descriptor_;
};

}  // namespace creel::http
