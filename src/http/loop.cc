// The one file that knows Asio.
#include <sys/epoll.h>
#include <unistd.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstddef>
#include <new>
#include <optional>
#include <vector>

#include "core/mailbox.h"
#include "core/priority.h"
#include "http/server.h"
#include "http/socket.h"

namespace creel::http {
namespace {

namespace asio = boost::asio;
using Work = std::move_only_function<void()>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                               asio::io_context::executor_type>;
using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;
using SignalSet = asio::basic_signal_set<asio::io_context::executor_type>;

thread_local const Loop* current_loop = nullptr;

}  // namespace

// Watches the descriptors of sockets, all of them through one descriptor that Asio waits for.
//
// Each is registered once, edge-triggered: between two requests of a connection nothing has to be asked of
// the kernel, while an asynchronous wait of Asio's costs an epoll_ctl and a queued operation each time.
struct Poller {
  explicit Poller(asio::io_context& context) : watched(context, ::epoll_create1(EPOLL_CLOEXEC)) { wait(); }

  void wait() {
    watched.async_wait(Descriptor::wait_read, [this](const boost::system::error_code& error) {
      if (error) return;
      assume(on_loop);
      look();
      wait();
    });
  }
  void look() ON_LOOP;
  void call_ready() ON_LOOP;

  Descriptor watched;
  std::vector<std::shared_ptr<Socket::Impl>> ready;  // waits for what has already come
  std::vector<std::shared_ptr<Socket::Impl>> calling;
  std::vector<std::shared_ptr<Socket::Impl>>
      removed;  // may still be among the events that are being looked at
  bool is_posted = false;
};

struct Loop::Impl {
  explicit Impl(const Loop& loop) : owner(loop) {}

  void drain() {
    posted.take(taken);
    for (Work& work : taken)
      work();
    taken.clear();
  }
  void wait_for_signal() {
    signals->async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      on_signal(number);
      wait_for_signal();
    });
  }

  const Loop& owner;
  // One thread runs it, others only post: Asio's locks around descriptors are not needed.
  asio::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  Poller poller{context};
  Mailbox<Work> posted;
  std::vector<Work> taken;
  std::optional<SignalSet> signals;
  std::move_only_function<void(int)> on_signal;
};

Loop::Loop() : impl_(std::make_unique<Impl>(*this)) {}
Loop::~Loop() = default;

void Loop::post(Work work) {
  if (impl_->posted.post(std::move(work))) asio::post(impl_->context, [this] { impl_->drain(); });
}

void Loop::run() {
  const Role::Holder holder(on_loop);
  const Loop* const before = std::exchange(current_loop, this);
  set_priority(Priority::answering);
  const auto guard = asio::make_work_guard(impl_->context);
  impl_->context.run();
  impl_->context.restart();
  current_loop = before;
}

void Loop::stop() {
  impl_->context.stop();
}

bool Loop::is_current() const {
  return current_loop == this;
}

void Loop::after(std::chrono::milliseconds delay, Work work) {
  auto timer = std::make_unique<Timer>(impl_->context, delay);
  Timer& waiting = *timer;
  waiting.async_wait(
      [timer = std::move(timer), work = std::move(work)](const boost::system::error_code& error) mutable {
        if (!error) work();
      });
}

void Loop::on_signals(std::initializer_list<int> signals, std::move_only_function<void(int)> on_signal) {
  impl_->signals.emplace(impl_->context);
  for (const int number : signals)
    impl_->signals->add(number);
  impl_->on_signal = std::move(on_signal);
  impl_->wait_for_signal();
}

struct Socket::Impl : std::enable_shared_from_this<Socket::Impl> {
  struct Side {
    bool has_come = false;  // since the last call
    bool is_over = false;   // nothing else will come
    std::shared_ptr<Waiter> waiter;
  };
  explicit Impl(Loop::Impl& the_loop) : loop(the_loop) {}

  void come(std::uint32_t events) ON_LOOP {
    // Ends come once and stay: a peer that only stopped sending can be written to as before.
    const bool is_broken = (events & (EPOLLHUP | EPOLLERR)) != 0;
    if (is_broken || (events & EPOLLRDHUP) != 0) reading.is_over = true;
    if (is_broken) writing.is_over = true;
    if (reading.is_over || (events & EPOLLIN) != 0) reading.has_come = true;
    if (writing.is_over || (events & EPOLLOUT) != 0) writing.has_come = true;
    call();
  }
  void call() ON_LOOP {
    call(reading, Event::readable);
    call(writing, Event::writable);
  }
  void call(Side& side, Event event) ON_LOOP {
    if (!side.has_come || !side.waiter) return;
    side.has_come = side.is_over;
    const std::shared_ptr<Waiter> waiter = std::move(side.waiter);
    side.waiter = nullptr;
    waiter->ready(event);
  }

  Loop::Impl& loop;
  Side reading, writing;
};

void Poller::look() {
  epoll_event events[256];
  const int count = ::epoll_wait(watched.native_handle(), events, 256, 0);
  for (int number = 0; number < count; ++number) {
    static_cast<Socket::Impl*>(events[number].data.ptr)->come(events[number].events);
  }
  removed.clear();
}

void Poller::call_ready() {
  is_posted = false;
  std::swap(ready, calling);
  for (const auto& socket : calling)
    socket->call();
  calling.clear();
}

Socket::Socket(Loop& loop, int descriptor)
    : impl_(std::make_shared<Impl>(loop.impl())), descriptor_(descriptor) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = impl_.get();
  ::epoll_ctl(impl_->loop.poller.watched.native_handle(), EPOLL_CTL_ADD, descriptor, &event);
}
Socket::~Socket() {
  assume(on_loop);
  close();
}

void Socket::wait(Event event, std::shared_ptr<Waiter> waiter) {
  if (descriptor_ < 0) return;
  Impl::Side& side = event == Event::readable ? impl_->reading : impl_->writing;
  side.waiter = std::move(waiter);
  if (!side.has_come) return;
  Poller& poller = impl_->loop.poller;
  poller.ready.push_back(impl_);
  if (!std::exchange(poller.is_posted, true)) {
    asio::post(impl_->loop.context, [&poller] {
      assume(on_loop);
      poller.call_ready();
    });
  }
}

void Socket::expect_more(Event event) {
  (event == Event::readable ? impl_->reading : impl_->writing).has_come = true;
}

void Socket::close() {
  if (descriptor_ < 0) return;
  ::close(std::exchange(descriptor_, -1));
  impl_->reading.waiter = impl_->writing.waiter = nullptr;
  impl_->loop.poller.removed.push_back(impl_);
}

}  // namespace creel::http
