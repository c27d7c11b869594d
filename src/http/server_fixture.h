// For the tests of this folder: a server on loopback with a handler that does what it is told, and a raw
// client.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstring>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "http/server.h"

namespace creel::http {

using namespace std::chrono_literals;

// Lets whoever awaits it wait until open() is called, on any thread.
class Gate {
 public:
  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    const std::lock_guard lock(mutex_);
    if (open_) return false;
    waiting_ = waiting;
    arrived_.set_value();
    return true;
  }
  void await_resume() const {}

  // Goes on with what waits, on the caller's thread. Returns when that has ended or waits for something else.
  void open() {
    std::coroutine_handle<> waiting;
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
      waiting = std::exchange(waiting_, nullptr);
    }
    if (waiting) waiting.resume();
  }
  void wait_until_somebody_waits() { arrived_.get_future().wait(); }

 private:
  std::mutex mutex_;
  bool open_ = false;
  std::coroutine_handle<> waiting_;
  std::promise<void> arrived_;
};

// Answers with what it was sent; remembers what http refused.
class EchoHandler : public Handler {
 public:
  std::size_t body_bytes_max = std::size_t{1} << 20;
  Gate* gate = nullptr;  // where requests for /wait stop

  std::expected<HeadDecision, Response> admit(const Request& request) override {
    ++admitted;
    if (request.path == "/missing") {
      Response response;
      response.status = 404;
      response.body = "no such thing";
      return std::unexpected(std::move(response));
    }
    return HeadDecision{body_bytes_max};
  }

  Task<Response> handle(Request request) override {
    ++handled;
    if (request.path == "/wait" && gate != nullptr) {
      Gate& here = *gate;
      co_await here;
    }
    Response response;
    describe(request, response);
    co_return response;
  }

  void refused(int status, std::string_view reason, std::string_view) override {
    const std::lock_guard lock(mutex_);
    refusals_.emplace_back(std::to_string(status) + " " + std::string(reason));
  }

  std::vector<std::string> refusals() {
    const std::lock_guard lock(mutex_);
    return refusals_;
  }

  std::atomic<int> admitted = 0;
  std::atomic<int> handled = 0;

 private:
  static void describe(const Request& request, Response& response) {
    if (request.path == "/large") {
      response.body.assign(8 << 20, 'x');
      return;
    }
    if (request.path == "/head") {
      response.body = request.head;
      return;
    }
    if (request.path == "/adjacent") {
      response.body = request.head.data() + request.head.size() + 2 == request.body.data() ? "yes" : "no";
      return;
    }
    response.body =
        std::string(request.method) + " " + std::string(request.target) + " " + std::string(request.body);
    response.headers.emplace_back("x-peer", std::string(request.peer));
  }

  std::mutex mutex_;
  std::vector<std::string> refusals_;
};

// Who reads responses, whatever they come through.
class Reader {
 public:
  Reader() = default;
  Reader(Reader&&) = default;
  virtual ~Reader() = default;

  // The next whole response, head and body; what has come when the peer closes or five seconds are over.
  std::string response(bool to_head = false) {
    while (true) {
      const std::size_t head = received_.find("\r\n\r\n");
      if (head != received_.npos) {
        const std::size_t bytes = head + 4 + (to_head ? 0 : content_length(head));
        if (received_.size() >= bytes) return take(bytes);
      }
      if (!receive()) return take(received_.size());
    }
  }
  // Everything until the peer closes.
  std::string rest() {
    while (receive()) {
    }
    return take(received_.size());
  }
  // Whether the peer has closed in an orderly manner, within five seconds, with nothing more to say.
  bool is_closed_by_peer() { return rest().empty() && ended_; }

 protected:
  bool has_received() const { return !received_.empty(); }

 private:
  // As recv, after five seconds at most.
  virtual ssize_t read_some(char* to, std::size_t room) = 0;

  std::string take(std::size_t bytes) {
    std::string taken = received_.substr(0, bytes);
    received_.erase(0, bytes);
    return taken;
  }
  std::size_t content_length(std::size_t head) const {
    const std::size_t at = received_.find("\r\nContent-Length: ");
    return at < head ? std::stoul(received_.substr(at + 18)) : 0;
  }
  bool receive() {
    char bytes[65536];
    const ssize_t some = read_some(bytes, sizeof bytes);
    if (some == 0) ended_ = true;
    if (some <= 0) return false;
    received_.append(bytes, static_cast<std::size_t>(some));
    return true;
  }

  bool ended_ = false;
  std::string received_;
};

// A client that sends what it is given, byte for byte.
class Client : public Reader {
 public:
  Client() : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {}
  explicit Client(std::uint16_t port) : Client() { connect(port); }
  Client(Client&& other) noexcept
      : Reader(std::move(other)),
        descriptor_(std::exchange(other.descriptor_, -1)),
        connected_(other.connected_) {}
  ~Client() override { close(); }

  void connect(std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  bool is_connected() const { return connected_; }
  int descriptor() const { return descriptor_; }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t some = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (some <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(some));
    }
  }
  void finish_sending() { ::shutdown(descriptor_, SHUT_WR); }
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }
  // Closes with a reset.
  void abort() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

  bool has_something_to_read(std::chrono::milliseconds within) {
    pollfd poll{.fd = descriptor_, .events = POLLIN, .revents = 0};
    return has_received() || ::poll(&poll, 1, static_cast<int>(within.count())) > 0;
  }

 private:
  ssize_t read_some(char* to, std::size_t room) override {
    pollfd poll{.fd = descriptor_, .events = POLLIN, .revents = 0};
    if (::poll(&poll, 1, 5000) <= 0) return -1;
    return ::recv(descriptor_, to, room, 0);
  }

  int descriptor_;
  bool connected_ = false;
};

inline ServerOptions test_options() {
  ServerOptions options;
  options.address = "127.0.0.1";
  options.port = 0;
  return options;
}

// A server on a thread of its own.
class RunningServer {
 public:
  explicit RunningServer(ServerOptions options = test_options()) : server(loop, std::move(options), handler) {
    const auto listening = server.listen();
    EXPECT_TRUE(listening) << listening.error().message;
    thread_ = std::thread([this] { loop.run(); });
  }
  ~RunningServer() {
    loop.stop();
    thread_.join();
  }

  Client connect() { return Client(server.port()); }
  std::string exchange(std::string_view request) {
    Client client = connect();
    client.send(request);
    return client.response();
  }
  // What `question` says on the loop.
  template <class Question>
  auto on_the_loop(Question question) {
    std::promise<decltype(question())> answer;
    loop.post([&] { answer.set_value(question()); });
    return answer.get_future().get();
  }
  std::size_t connections() {
    return on_the_loop([this] {
      assume(on_loop);
      return server.connections();
    });
  }
  // Waits until so many connections are open, for five seconds at most.
  bool comes_to(std::size_t wanted) {
    const auto until = std::chrono::steady_clock::now() + 5s;
    while (connections() != wanted) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::yield();
    }
    return true;
  }
  std::future<void> drain(std::chrono::milliseconds limit) {
    auto done = std::make_shared<std::promise<void>>();
    auto future = done->get_future();
    loop.post([this, limit, done] {
      assume(on_loop);
      server.drain(limit, [done] { done->set_value(); });
    });
    return future;
  }

  Loop loop;
  EchoHandler handler;
  Server server;

 private:
  std::thread thread_;
};

inline int status_of(std::string_view response) {
  return response.starts_with("HTTP/1.1 ") ? std::atoi(std::string(response.substr(9, 3)).c_str()) : 0;
}
inline std::string body_of(std::string_view response) {
  const std::size_t head = response.find("\r\n\r\n");
  return head == response.npos ? std::string() : std::string(response.substr(head + 4));
}
inline bool says_close(std::string_view response) {
  return response.find("\r\nConnection: close\r\n") != response.npos;
}

inline std::string post(std::string_view path, std::string_view body, std::string_view more_headers = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + std::string(more_headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace creel::http
