// The load generator: signed webhooks over keep-alive connections, every answer checked.
//
//   closed loop  each connection sends its next request when the answer to the last one is complete
//   open loop    --rate R: request i is due at start + i/R whether or not a connection is free, and its
//   latency runs from
//                then. A server that stalls is charged for the queue that it caused.
//
// One thread, epoll. Requests are signed before the clock starts. The timestamp is that of the start, so a
// run has to end within the receiver's tolerance of 300 s.
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
#include <map>
#include <string>
#include <vector>

#include "histogram.h"
#include "http_text.h"
#include "options.h"
#include "prepared.h"

namespace creel::bench {
namespace {

struct LoadOptions {
  RequestShape shape;
  std::string address = "127.0.0.1";
  int port = 3000;
  int connections = 64;
  double seconds = 5, warmup = 1;
  double rate = 0;        // requests a second; 0 for the closed loop
  std::size_t count = 0;  // prepared requests; 0 to guess
  std::string label, ids_file;
  bool json = false;
};

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                    std::chrono::nanoseconds(1));
}
std::uint64_t to_ns(double seconds) {
  return static_cast<std::uint64_t>(seconds * 1e9);
}

struct Connection {
  int fd = -1;
  bool busy = false, waits_to_write = false;
  std::size_t request = 0, sent = 0;
  std::uint64_t since = 0;  // when the request was sent or, in the open loop, due
  std::string out, in;
};

struct Totals {
  std::uint64_t answered = 0;         // warm-up included
  std::uint64_t accepted = 0;         // of those, 2xx that say received
  std::uint64_t ok = 0, refused = 0;  // in the measured time: 2xx, and anything else
  std::uint64_t wrong =
      0;  // a 2xx without {"received":true}, a corrupt request accepted or a good one refused
  std::uint64_t duplicates = 0;  // answers that say duplicate
  std::uint64_t broken = 0;      // connections that ended with a request on them
  std::uint64_t unanswered = 0, backlog_max = 0;
  std::map<int, std::uint64_t> by_status;
  double elapsed = 0;
  bool ran_out = false;
};

class Load {
 public:
  Load(const LoadOptions& options, const PreparedRequests& requests)
      : options_(options),
        requests_(requests),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        connections_(static_cast<std::size_t>(options.connections)),
        accepted_(requests.size()) {}

  bool run() {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (!open(i)) return false;
    }
    start_ = now_ns();
    measure_from_ = start_ + to_ns(options_.warmup);
    stop_ = measure_from_ + to_ns(options_.seconds);
    for (std::size_t i = 0; i < connections_.size(); ++i)
      next(i);
    std::vector<epoll_event> events(512);
    while (true) {
      const std::uint64_t now = now_ns();
      if (now >= stop_ + to_ns(2)) break;
      std::uint64_t wait = to_ns(0.1);
      if (options_.rate > 0) wait = issue_due(now);
      if (now >= stop_ || totals.ran_out) {
        if (all_quiet()) break;
        wait = to_ns(0.005);
      }
      const timespec timeout{0, static_cast<long>(wait)};
      const int ready =
          epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
      for (int i = 0; i < ready; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        if (event.events & EPOLLOUT) flush(event.data.u64);
        if (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read(event.data.u64);
      }
    }
    finish();
    return !gone_;
  }

  // A line for each accepted request: its id, the SHA-256 of its body, and when it was sent or, in the open
  // loop, due, in nanoseconds of the clock that never jumps.
  void write_ids(const std::string& path) const {
    std::ofstream file(path);
    std::string request;
    for (std::size_t i = 0; i < accepted_.size(); ++i) {
      if (accepted_[i] == 0) continue;
      requests_.write(i, request);
      file << requests_.id(i) << " "
           << sha256_hex(std::string_view(request).substr(request.find("\r\n\r\n") + 4)) << " "
           << accepted_[i] << "\n";
    }
  }

  Histogram latency;
  Totals totals;

 private:
  bool open(std::size_t index) {
    Connection& connection = connections_[index];
    connection.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(options_.port));
    inet_pton(AF_INET, options_.address.c_str(), &address.sin_addr);
    if (connect(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) {
      std::perror("load: connect");
      gone_ = true;
      return false;
    }
    const int on = 1;
    setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection.in.clear();
    connection.waits_to_write = false;
    epoll_event event{.events = EPOLLIN, .data = {.u64 = index}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
    return true;
  }

  void watch_for_writing(std::size_t index, bool wanted) {
    Connection& connection = connections_[index];
    if (connection.waits_to_write == wanted) return;
    connection.waits_to_write = wanted;
    epoll_event event{.events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, .data = {.u64 = index}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
  }

  void send_request(std::size_t index, std::size_t request, std::uint64_t since) {
    Connection& connection = connections_[index];
    connection.busy = true;
    connection.request = request;
    connection.sent = 0;
    connection.since = since;
    requests_.write(request, connection.out);
    flush(index);
  }

  void flush(std::size_t index) {
    Connection& connection = connections_[index];
    while (connection.sent < connection.out.size()) {
      const ssize_t written = send(connection.fd, connection.out.data() + connection.sent,
                                   connection.out.size() - connection.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (written < 0) {
        if (errno == EAGAIN) watch_for_writing(index, true);
        return;  // Any other error shows on the reading side.
      }
      connection.sent += static_cast<std::size_t>(written);
    }
    watch_for_writing(index, false);
  }

  bool take(std::size_t& request) {
    if (next_request_ >= requests_.size()) {
      totals.ran_out = true;
      return false;
    }
    request = next_request_++;
    return true;
  }

  // A connection is free: what is due or, in the closed loop, the next request.
  void next(std::size_t index) {
    connections_[index].busy = false;
    std::size_t request = 0;
    if (options_.rate <= 0) {
      const std::uint64_t now = now_ns();
      if (now < stop_ && take(request)) send_request(index, request, now);
    } else if (!due_.empty()) {
      const auto [due_request, since] = due_.front();
      due_.pop_front();
      send_request(index, due_request, since);
    } else {
      free_.push_back(index);
    }
  }

  // Sends or queues everything that is due by now, and says how long until the next is.
  std::uint64_t issue_due(std::uint64_t now) {
    const double gap = 1e9 / options_.rate;
    std::uint64_t due = 0;
    while (true) {
      due = start_ + static_cast<std::uint64_t>(static_cast<double>(next_request_) * gap);
      std::size_t request = 0;
      if (due > now || due >= stop_ || !take(request)) break;
      if (free_.empty()) {
        due_.emplace_back(request, due);
        totals.backlog_max = std::max<std::uint64_t>(totals.backlog_max, due_.size());
      } else {
        const std::size_t index = free_.back();
        free_.pop_back();
        send_request(index, request, due);
      }
    }
    const std::uint64_t later = now_ns();
    return due > later ? std::min(due - later, to_ns(0.1)) : 0;
  }

  void read(std::size_t index) {
    Connection& connection = connections_[index];
    char buffer[16384];
    const ssize_t got = recv(connection.fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return reopen(index);
    connection.in.append(buffer, static_cast<std::size_t>(got));
    const Message message = parse_message(connection.in);
    if (message.bytes == 0 || !connection.busy) return;
    count(connection, message);
    const bool close = message.close;
    connection.in.erase(0, message.bytes);
    connection.busy = false;
    if (close) return reopen(index);
    next(index);
  }

  void count(const Connection& connection, const Message& message) {
    const std::uint64_t now = now_ns();
    const int status = message.status();
    const bool ok = status >= 200 && status < 300;
    const bool received = message.body.find("\"received\":true") != std::string_view::npos;
    ++totals.answered;
    ++totals.by_status[status];
    if (ok && received) {
      ++totals.accepted;
      accepted_[connection.request] = connection.since;
    }
    if (ok && (!received || requests_.corrupt(connection.request))) ++totals.wrong;
    if (status >= 400 && status < 500 && !requests_.corrupt(connection.request)) ++totals.wrong;
    if (message.body.find("\"duplicate\"") != std::string_view::npos) ++totals.duplicates;
    if (connection.since < measure_from_ || now > stop_) return;
    latency.add(now - connection.since);
    ++(ok ? totals.ok : totals.refused);
    last_ = now;
  }

  void reopen(std::size_t index) {
    if (connections_[index].busy) ++totals.broken;
    close(connections_[index].fd);
    if (open(index))
      next(index);
    else
      stop_ = std::min(stop_, now_ns());
  }

  bool all_quiet() const {
    if (gone_) return true;
    for (const auto& connection : connections_) {
      if (connection.busy) return false;
    }
    return due_.empty();
  }

  void finish() {
    const std::uint64_t end = totals.ran_out || gone_ ? std::max(last_, measure_from_) : stop_;
    totals.elapsed = static_cast<double>(end - measure_from_) / 1e9;
    totals.unanswered = due_.size();
    for (auto& connection : connections_) {
      totals.unanswered += connection.busy;
      if (connection.fd >= 0) close(connection.fd);
    }
  }

  const LoadOptions& options_;
  const PreparedRequests& requests_;
  int epoll_;
  std::vector<Connection> connections_;
  std::vector<std::uint64_t> accepted_;  // when each was sent; 0 for one that was not accepted
  std::vector<std::size_t> free_;        // open loop: connections with nothing to do
  std::deque<std::pair<std::size_t, std::uint64_t>> due_;  // open loop: requests without a connection
  std::size_t next_request_ = 0;
  std::uint64_t start_ = 0, measure_from_ = 0, stop_ = 0, last_ = 0;
  bool gone_ = false;
};

void print(const LoadOptions& options, const PreparedRequests& requests, const Load& load) {
  const Totals& t = load.totals;
  const auto us = [&](double share) { return static_cast<double>(load.latency.percentile(share)) / 1e3; };
  const double rps = t.elapsed > 0 ? static_cast<double>(t.ok + t.refused) / t.elapsed : 0;
  std::string statuses;
  for (const auto& [status, times] : t.by_status) {
    statuses += (statuses.empty() ? "\"" : ",\"") + std::to_string(status) + "\":" + std::to_string(times);
  }
  std::printf(options.json ? "{\"label\":\"%s\",\"connections\":%d,\"body\":%zu,\"rate\":%.0f,\"rps\":%.1f,"
                             "\"p50\":%.1f,\"p90\":%.1f,"
                             "\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f,\"mean\":%.1f,\"elapsed\":%.3f,"
                           : "%s: %d connections, %zu bytes, rate %.0f: %.0f requests/s\n  us: p50 %.0f  p90 "
                             "%.0f  p99 %.0f  p99.9 %.0f"
                             "  max %.0f  mean %.0f  over %.2f s\n",
              options.label.c_str(), options.connections, requests.body_bytes(), options.rate, rps, us(0.5),
              us(0.9), us(0.99), us(0.999), static_cast<double>(load.latency.max()) / 1e3,
              load.latency.mean() / 1e3, t.elapsed);
  std::printf(
      options.json
          ? "\"answered\":%lu,\"accepted\":%lu,\"ok\":%lu,\"refused\":%lu,\"wrong\":%lu,\"duplicates\":%lu,"
            "\"broken\":%lu,\"unanswered\":%lu,\"backlog_max\":%lu,\"ran_out\":%s,\"status\":{%s}}\n"
          : "  answered %lu, accepted %lu; measured: ok %lu, refused %lu; wrong %lu, duplicates %lu, broken "
            "%lu, "
            "unanswered %lu, backlog %lu, ran out: %s; by status {%s}\n",
      t.answered, t.accepted, t.ok, t.refused, t.wrong, t.duplicates, t.broken, t.unanswered, t.backlog_max,
      t.ran_out ? "true" : "false", statuses.c_str());
}

}  // namespace
}  // namespace creel::bench

int main(int argc, char** argv) {
  using namespace creel::bench;
  LoadOptions options;
  options.shape.secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
  Options("creel-load", "--port N [options]")
      .value("--address", "of the server (127.0.0.1)", options.address)
      .value("--port", "of the server (3000)", options.port)
      .value("--path", "of the source (/webhooks/openai)", options.shape.path)
      .value("--secret", "to sign with", options.shape.secret)
      .value("--connections", "kept alive (64)", options.connections)
      .value("--seconds", "measured (5)", options.seconds)
      .value("--warmup", "seconds before (1)", options.warmup)
      .value("--rate", "requests a second, open loop (closed loop)", options.rate)
      .value("--body", "bytes (300)", options.shape.body_bytes)
      .value("--count", "requests to prepare (enough for the time)", options.count)
      .value("--corrupt", "percent with a wrong signature (0)", options.shape.corrupt_percent)
      .value("--ids", "file for what was accepted: id, SHA-256 of the body, nanoseconds when sent",
             options.ids_file)
      .value("--label", "of the run", options.label)
      .flag("--json", "print one object", options.json)
      .parse(argc, argv);
  options.shape.host = options.address + ":" + std::to_string(options.port);
  if (options.count == 0) {
    const double most = options.rate > 0 ? options.rate : options.shape.body_bytes <= 1024 ? 120000 : 40000;
    options.count = static_cast<std::size_t>(most * (options.seconds + options.warmup) * 1.02) + 1000;
  }
  const PreparedRequests requests(options.shape, options.count);
  Load load(options, requests);
  const bool served = load.run();
  print(options, requests, load);
  if (!options.ids_file.empty()) load.write_ids(options.ids_file);
  return served && load.totals.wrong == 0 ? 0 : 1;
}
