// A small server for tests: real sockets on loopback, one thread a connection, and a function that answers.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace creel {

class LoopbackServer {
 public:
  // Is given a connection and one whole request that came over it; false closes the connection.
  using Answer = std::function<bool(int socket, const std::string& request)>;

  explicit LoopbackServer(Answer answer) : answer_(std::move(answer)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (::bind(listener_, static_cast<sockaddr*>(static_cast<void*>(&address)), size) != 0 ||
        ::listen(listener_, 128) != 0)
      std::abort();
    ::getsockname(listener_, static_cast<sockaddr*>(static_cast<void*>(&address)), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~LoopbackServer() {
    stopping_ = true;
    acceptor_.join();
    for (std::thread& thread : threads_)
      thread.join();
    ::close(listener_);
  }

  std::uint16_t port() const { return port_; }
  std::string url(std::string_view path = "/hook") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  std::vector<std::string> requests() {
    std::lock_guard lock(mutex_);
    return requests_;
  }
  bool stopping() const { return stopping_; }
  std::size_t connections() const { return connections_; }

  static bool send(int socket, std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Until the server ends or the other side has closed.
  void hang(int socket) const {
    while (!stopping_) {
      pollfd wait{.fd = socket, .events = POLLIN, .revents = 0};
      char byte = 0;
      if (::poll(&wait, 1, 5) > 0 && ::recv(socket, &byte, 1, 0) <= 0) return;
    }
  }

 private:
  void accept_all() {
    while (!stopping_) {
      pollfd wait{.fd = listener_, .events = POLLIN, .revents = 0};
      if (::poll(&wait, 1, 5) <= 0) continue;
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      ++connections_;
      threads_.emplace_back([this, socket] { serve(socket); });
    }
  }
  void serve(int socket) {
    std::string buffer;
    while (!stopping_) {
      pollfd wait{.fd = socket, .events = POLLIN, .revents = 0};
      if (::poll(&wait, 1, 5) <= 0) continue;
      char part[16384];
      const auto got = ::recv(socket, part, sizeof(part), 0);
      if (got <= 0) break;
      buffer.append(part, static_cast<std::size_t>(got));
      const auto whole = request_size(buffer);
      if (whole == 0) continue;
      std::string request = buffer.substr(0, whole);
      buffer.erase(0, whole);
      {
        std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      if (!answer_(socket, request)) break;
    }
    ::close(socket);
  }
  static std::size_t request_size(const std::string& buffer) {
    const auto end = buffer.find("\r\n\r\n");
    const auto length = buffer.find("Content-Length: ");
    if (end == std::string::npos) return 0;
    if (length > end) return end + 4;  // without a body
    const auto size = end + 4 + static_cast<std::size_t>(std::atoll(buffer.c_str() + length + 16));
    return buffer.size() >= size ? size : 0;
  }

  Answer answer_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::size_t> connections_ = 0;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace creel
