// A destination to measure against: answers 200 at once, or so many a second, and counts what came.
//
//   creel-sink --port 8088              at once
//   creel-sink --port 8088 --rate 1000  holds answers back so that 1000 a second leave
//   creel-sink --port 8088 --log FILE   writes a line for each webhook in the order in which they came: the
//                                       event's id, the number of the attempt, the webhook's id and when it
//                                       came, in nanoseconds of the clock that never jumps
//
// GET /ids gives every webhook-id that came, GET /stats the counts: requests, distinct webhook-ids, and how
// far out of the order of sending they came (by the number in each body, see prepared.h). One thread, epoll.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <deque>
#include <fstream>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "http_text.h"
#include "options.h"
#include "prepared.h"

namespace creel::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Peer {
  std::string in, out;
  bool waits_to_write = false;
};

class Sink {
 public:
  Sink(int port, double rate, const std::string& log) : rate_(rate), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (!log.empty()) log_.open(log);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 ||
        listen(listener_, 1024) < 0) {
      std::perror("sink: listen");
      std::exit(69);
    }
    watch(listener_, EPOLLIN, EPOLL_CTL_ADD);
  }

  [[noreturn]] void run() {
    epoll_event events[256];
    while (true) {
      const int ready = epoll_wait(epoll_, events, 256, held_.empty() ? 1000 : 1);
      for (int i = 0; i < ready; ++i) {
        if (events[i].data.fd == listener_)
          accept_all();
        else
          read(events[i].data.fd, events[i].events);
      }
      release();
    }
  }

 private:
  void watch(int fd, std::uint32_t what, int how) const {
    epoll_event event{.events = what, .data = {.fd = fd}};
    epoll_ctl(epoll_, how, fd, &event);
  }

  void accept_all() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      peers_[fd] = Peer{};
      watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    }
  }

  void drop(int fd) {
    peers_.erase(fd);
    close(fd);
  }

  void read(int fd, std::uint32_t what) {
    const auto found = peers_.find(fd);
    if (found == peers_.end()) return;
    Peer& peer = found->second;
    if (what & EPOLLOUT) flush(fd, peer);
    char buffer[65536];
    const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return drop(fd);
    peer.in.append(buffer, static_cast<std::size_t>(got));
    std::size_t used = 0;
    while (true) {
      const std::string_view rest = std::string_view(peer.in).substr(used);
      const Message message = parse_message(rest);
      if (message.bytes == 0) break;
      take(fd, peer, rest.substr(0, message.bytes), message);
      used += message.bytes;
    }
    peer.in.erase(0, used);
    flush(fd, peer);
  }

  void take(int fd, Peer& peer, std::string_view text, const Message& message) {
    if (message.first_line.starts_with("GET ")) {
      const std::string body = message.first_line.starts_with("GET /ids ") ? all_ids() : stats();
      log_.flush();
      peer.out += "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
      return;
    }
    ++requests_;
    std::string_view id, event, attempt;
    each_header(text.substr(0, text.find("\r\n\r\n")), [&](std::string_view line) {
      if (auto value = header_value(line, "webhook-id:"); !value.empty()) id = value;
      if (auto value = header_value(line, "creel-event-id:"); !value.empty()) event = value;
      if (auto value = header_value(line, "creel-attempt:"); !value.empty()) attempt = value;
    });
    if (!id.empty()) ids_.emplace(id);
    if (log_.is_open()) {
      log_ << event << ' ' << attempt << ' ' << id << ' ' << Clock::now().time_since_epoch().count() << '\n';
    }
    if (const std::size_t mark = message.body.find(PreparedRequests::kNumberMark);
        mark != std::string_view::npos) {
      const std::string digits(
          message.body.substr(mark + PreparedRequests::kNumberMark.size(), PreparedRequests::kNumberDigits));
      const auto number = std::strtoull(digits.c_str(), nullptr, 16);
      newest_ = std::max<std::uint64_t>(newest_, number);
      out_of_order_max_ = std::max<std::uint64_t>(out_of_order_max_, newest_ - number);
    }
    if (rate_ > 0)
      held_.push_back(fd);
    else
      answer(peer);
  }

  static void answer(Peer& peer) { peer.out += "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"; }

  // Lets as many held answers go as the rate allows; unused allowance does not pile up beyond 10 ms.
  void release() {
    if (rate_ <= 0) return;
    const auto now = Clock::now();
    allowance_ += std::chrono::duration<double>(now - last_).count() * rate_;
    last_ = now;
    while (!held_.empty() && allowance_ >= 1) {
      allowance_ -= 1;
      const int fd = held_.front();
      held_.pop_front();
      if (const auto found = peers_.find(fd); found != peers_.end()) {
        answer(found->second);
        flush(fd, found->second);
      }
    }
    allowance_ = std::min(allowance_, std::max(1.0, rate_ / 100));
  }

  void flush(int fd, Peer& peer) {
    while (!peer.out.empty()) {
      const ssize_t sent = send(fd, peer.out.data(), peer.out.size(), MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno == EAGAIN && !peer.waits_to_write) watch(fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
        peer.waits_to_write = errno == EAGAIN;
        return;
      }
      peer.out.erase(0, static_cast<std::size_t>(sent));
    }
    if (peer.waits_to_write) watch(fd, EPOLLIN, EPOLL_CTL_MOD);
    peer.waits_to_write = false;
  }

  std::string all_ids() const {
    std::string text;
    for (const std::string& id : ids_)
      text += id + "\n";
    return text;
  }

  std::string stats() const {
    return "{\"requests\":" + std::to_string(requests_) + ",\"distinct\":" + std::to_string(ids_.size()) +
           ",\"out_of_order_max\":" + std::to_string(out_of_order_max_) +
           ",\"held\":" + std::to_string(held_.size()) + "}\n";
  }

  double rate_, allowance_ = 0;
  int epoll_, listener_ = -1;
  Clock::time_point last_ = Clock::now();
  std::unordered_map<int, Peer> peers_;
  std::deque<int> held_;  // sockets that wait for an answer
  std::unordered_set<std::string> ids_;
  std::ofstream log_;
  std::uint64_t requests_ = 0, newest_ = 0, out_of_order_max_ = 0;
};

}  // namespace
}  // namespace creel::bench

int main(int argc, char** argv) {
  int port = 8088;
  double rate = 0;
  std::string log;
  creel::bench::Options("creel-sink", "[options]")
      .value("--port", "to listen on, loopback (8088)", port)
      .value("--rate", "answers a second (no limit)", rate)
      .value("--log", "file for what came, a line each", log)
      .parse(argc, argv);
  creel::bench::Sink(port, rate, log).run();
}
