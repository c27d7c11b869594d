// The one file that knows Asio.
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

// Memory for the one wait of a socket, used over and over. Freed by whichever is last, the socket or its
// wait.
class WaitMemory {
 public:
  void* allocate(std::size_t bytes) {
    if (in_use_ || bytes > sizeof memory_) return ::operator new(bytes);
    in_use_ = true;
    return memory_;
  }
  void release(void* memory) {
    if (memory == memory_) {
      in_use_ = false;
    } else {
      ::operator delete(memory);
    }
  }

 private:
  alignas(std::max_align_t) std::byte memory_[256];
  bool in_use_ = false;
};

template <class T>
struct WaitAllocator {
  using value_type = T;
  explicit WaitAllocator(std::shared_ptr<WaitMemory> one) : memory(std::move(one)) {}
  template <class U>
  explicit WaitAllocator(const WaitAllocator<U>& other) : memory(other.memory) {}
  T* allocate(std::size_t count) { return static_cast<T*>(memory->allocate(count * sizeof(T))); }
  void deallocate(T* pointer, std::size_t) { memory->release(pointer); }
  template <class U>
  bool operator==(const WaitAllocator<U>& other) const {
    return memory == other.memory;
  }
  std::shared_ptr<WaitMemory> memory;
};

struct WaitHandler {
  using allocator_type = WaitAllocator<void>;
  allocator_type get_allocator() const { return allocator; }
  void operator()(const boost::system::error_code& error) {
    if (error == asio::error::operation_aborted) return;
    assume(on_loop);
    waiter->ready(event);
  }
  Socket::Event event;
  WaitAllocator<void> allocator;
  std::shared_ptr<Socket::Waiter> waiter;
};

}  // namespace

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

struct Socket::Impl {
  Impl(asio::io_context& context, int number) : descriptor(context, number) {}
  Descriptor descriptor;
  std::shared_ptr<WaitMemory> memory = std::make_shared<WaitMemory>();
};

Socket::Socket(Loop& loop, int descriptor)
    : impl_(std::make_unique<Impl>(loop.impl().context, descriptor)), descriptor_(descriptor) {}
Socket::~Socket() = default;

void Socket::wait(Event event, std::shared_ptr<Waiter> waiter) {
  if (descriptor_ < 0) return;
  const auto what = event == Event::readable ? Descriptor::wait_read : Descriptor::wait_write;
  impl_->descriptor.async_wait(what,
                               WaitHandler{event, WaitAllocator<void>(impl_->memory), std::move(waiter)});
}

void Socket::close() {
  boost::system::error_code ignored;
  static_cast<void>(impl_->descriptor.close(ignored));
  descriptor_ = -1;
}

}  // namespace creel::http
