// An HTTP/1.1 port: strict about what it reads (http/head.h), patient with nobody, cheap while nothing
// happens.
//
// A Loop is one thread's event loop. A Server listens on one address and lives on a Loop; everything it does
// happens there.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "core/executor.h"
#include "core/threads.h"
#include "http/http.h"
#include "http/tls.h"

namespace creel::http {

class Loop final : public Executor {
 public:
  Loop();
  ~Loop() override;
  void post(std::move_only_function<void()> work) override;
  void run();               // until stop(); becomes the loop thread
  void stop();              // from any thread
  bool is_current() const;  // whether the calling thread is the one that runs this loop
  // Calls `work` on the loop after `delay`, once; used for drains, long polls and the like.
  void after(std::chrono::milliseconds delay, std::move_only_function<void()> work) ON_LOOP;
  // Calls `on_signal` with the signal's number on the loop each time one of them arrives.
  void on_signals(std::initializer_list<int> signals, std::move_only_function<void(int)> on_signal);

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

struct ServerOptions {
  std::string address = "0.0.0.0";
  std::uint16_t port = 3000;  // 0: any free one
  std::size_t connections_max = 10'000;
  std::size_t bodies_bytes_max = std::size_t{256}
                                 << 20;  // of all bodies held at once, until they are answered
  std::size_t head_bytes_max = std::size_t{16} << 10;
  std::size_t headers_max = 100;
  std::chrono::milliseconds head_timeout = std::chrono::seconds(10);
  std::chrono::milliseconds body_timeout = std::chrono::seconds(30);
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(75);
  // The longest pause in a body; and below this many bytes a second, averaged after its first second, it is
  // too slow.
  std::size_t body_rate_min = 256;
  // Whether another Server of this program may listen on the same address already (one a loop): no probe
  // then.
  bool shared = false;
  // Null: plain HTTP.
  std::shared_ptr<const TlsContext> tls;
};

struct ListenError {
  std::string message;  // "0.0.0.0:3000 is in use by creel (pid 4711)"
  bool in_use = false;
};

class Server {
 public:
  // `loop` and `handler` outlive the server and every task that the handler has begun. Destroyed on the loop,
  // or when the loop does not run.
  Server(Loop& loop, ServerOptions options, Handler& handler);
  ~Server();

  // Probes with a plain bind first, as SO_REUSEPORT alone would share the port with whoever has it; then
  // listens with SO_REUSEPORT. Raises the limit of open files as far as connections_max needs. Before
  // Loop::run().
  std::expected<void, ListenError> listen();
  std::uint16_t port() const;  // the one bound

  // For connections whose first byte comes from here on. Only for a server that had one from the start, and
  // never null.
  void set_tls(std::shared_ptr<const TlsContext> tls) ON_LOOP;

  // Stops accepting and closes idle connections; `done` is called when the last answer is out or after
  // `limit`. What is still open then is closed; a handler's task that still runs ends later, and its answer
  // is dropped.
  void drain(std::chrono::milliseconds limit, std::move_only_function<void()> done) ON_LOOP;
  std::size_t connections() const ON_LOOP;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace creel::http
