#include "cli/test_world.h"

#include <arpa/inet.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <thread>

namespace creel::cli {
namespace {

// A socket bound to a free port of 127.0.0.1, and the port.
std::pair<int, int> bound_socket() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(descriptor, generic, size) != 0 || getsockname(descriptor, generic, &size) != 0) std::abort();
  return {descriptor, ntohs(address.sin_port)};
}

std::size_t content_length(const std::string& head) {
  for (std::size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at + 2)) {
    constexpr std::string_view kName = "\r\nContent-Length: ";
    if (strncasecmp(head.c_str() + at, kName.data(), kName.size()) != 0) continue;
    std::size_t length = 0;
    std::from_chars(head.data() + at + kName.size(), head.data() + head.size(), length);
    return length;
  }
  return 0;
}

std::string read_request(int connection) {
  std::string request;
  std::array<char, 65536> buffer;
  while (true) {
    const std::size_t end = request.find("\r\n\r\n");
    if (end != std::string::npos && request.size() >= end + 4 + content_length(request.substr(0, end + 2)))
      return request;
    const ssize_t got = recv(connection, buffer.data(), buffer.size(), 0);
    if (got <= 0) return request;
    request.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

int World::run(const std::vector<std::string>& arguments) {
  const FixedClock clock;
  std::istringstream in(input);
  std::ostringstream out_stream, err_stream;
  const auto from = [](const auto& texts) {
    return [&texts](std::string_view name) -> std::optional<std::string> {
      const auto found = texts.find(name);
      return found == texts.end() ? std::nullopt : std::optional(found->second);
    };
  };
  Io io{.in = in,
        .out = out_stream,
        .err = err_stream,
        .outside = {.variable = from(variables), .file = from(files)},
        .clock = clock,
        .in_is_terminal = in_is_terminal,
        .err_is_terminal = err_is_terminal,
        .serve =
            [this](Config config) {
              served.push_back(std::move(config));
              return 0;
            },
        .pause =
            [this](std::chrono::milliseconds time) {
              paused += time;
              ++pauses;
            },
        .interrupted = [this] { return interrupted_after >= 0 && pauses >= interrupted_after; }};
  const int code = cli::run(arguments, io);
  out = out_stream.str();
  err = err_stream.str();
  return code;
}

struct LoopbackServer::Impl {
  int listener = -1;
  int port = 0;
  std::vector<std::string> requests;
  std::thread thread;
};

LoopbackServer::LoopbackServer(std::vector<Answer> answers) : impl_(std::make_unique<Impl>()) {
  std::tie(impl_->listener, impl_->port) = bound_socket();
  if (listen(impl_->listener, 16) != 0) std::abort();
  impl_->thread = std::thread([impl = impl_.get(), answers = std::move(answers)] {
    for (const Answer& answer : answers) {
      const int connection = accept(impl->listener, nullptr, nullptr);
      if (connection < 0) return;
      impl->requests.push_back(read_request(connection));
      const std::string text =
          "HTTP/1.1 " + std::to_string(answer.status) +
          " Whatever\r\nConnection: close\r\nContent-Length: " + std::to_string(answer.body.size()) +
          "\r\n\r\n" + answer.body;
      if (send(connection, text.data(), text.size(), MSG_NOSIGNAL) < 0) std::abort();
      close(connection);
    }
  });
}

LoopbackServer::~LoopbackServer() {
  requests();
  close(impl_->listener);
}

std::string LoopbackServer::url() const {
  return "http://127.0.0.1:" + std::to_string(impl_->port);
}

std::vector<std::string> LoopbackServer::requests() {
  // Ends a thread that still waits for a client.
  shutdown(impl_->listener, SHUT_RDWR);
  if (impl_->thread.joinable()) impl_->thread.join();
  return impl_->requests;
}

std::string unreachable_url() {
  const auto [descriptor, port] = bound_socket();
  close(descriptor);
  return "http://127.0.0.1:" + std::to_string(port);
}

}  // namespace creel::cli
