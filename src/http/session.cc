#include "http/session.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace creel::http {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

// Takes the handler's response, on whatever thread its task ends.
struct Session::Done {
  std::shared_ptr<Session> session;

  void operator()(Response response) {
    Loop& loop = session->port_->loop;
    if (loop.is_current()) {
      assume(on_loop);
      session->answer(std::move(response));
      return;
    }
    loop.post([here = std::move(session), response = std::move(response)]() mutable {
      assume(on_loop);
      here->answer(std::move(response));
    });
  }
};

Session::Session(std::shared_ptr<Port> port, int descriptor, std::string peer)
    : port_(std::move(port)),
      socket_(port_->loop, descriptor),
      peer_(std::move(peer)),
      since_(ticks_now()),
      last_read_(since_) {}

void Session::begin() {
  if (port_->tls) phase_ = Phase::handshake;
  wait(Socket::Event::readable);
}

void Session::turn_away() {
  if (!port_->tls) return refuse(503, "too many connections");
  // A handshake for nothing but to say so is what there is no room for.
  port_->handler.refused(503, "too many connections", peer_);
  close();
}

void Session::ready(Socket::Event event) {
  (event == Socket::Event::readable ? waiting_readable_ : waiting_writable_) = false;
  if (tls_ && event == Socket::Event::readable) tls_->came_readable();
  switch (phase_) {
    case Phase::handshake:
      return shake_hands();
    case Phase::head:
    case Phase::body:
      return receive();
    case Phase::writing:
      return send_more();
    case Phase::lingering:
      return linger_more();
    case Phase::handling:
    case Phase::closed:
      return;
  }
}

void Session::wait(Socket::Event event) {
  bool& waiting = event == Socket::Event::readable ? waiting_readable_ : waiting_writable_;
  if (std::exchange(waiting, true)) return;
  socket_.wait(event, shared_from_this());
}

// --- Receiving
// -----------------------------------------------------------------------------------------------------

ssize_t Session::read_some(char* to, std::size_t room) {
  if (tls_) return tls_->read(to, room);
  const ssize_t some = ::recv(socket_.descriptor(), to, room, MSG_DONTWAIT);
  if (some == static_cast<ssize_t>(room)) socket_.expect_more(Socket::Event::readable);
  return some;
}

void Session::receive() {
  make_room();
  const std::size_t room = buffer_->capacity - end_;
  const ssize_t some = read_some(buffer_->bytes.get() + end_, room);
  if (some < 0 && is_temporary(errno)) return static_cast<void>(wait_for_more());
  if (some <= 0) return close();
  last_read_ = ticks_now();
  if (phase_ == Phase::head && begin_ == end_) since_ = last_read_;
  end_ += static_cast<std::size_t>(some);
  run();
}

// How large the buffer has to be in the end for what is being received.
std::size_t Session::bytes_wanted() const {
  if (phase_ == Phase::head) return port_->limits.bytes_max + 2;  // and the empty line before it
  if (head_.chunked) return head_bytes_ + body_bytes_max_ + 512;  // and some chunk sizes
  return head_bytes_ + static_cast<std::size_t>(head_.content_length);
}

void Session::make_room() {
  if (!buffer_) {
    buffer_ = port_->take_buffer();
    begin_ = end_ = 0;
  }
  if (end_ < buffer_->capacity) return;

  const std::size_t held = end_ - begin_;
  const std::size_t decoded = body_end_ - begin_;
  if (begin_ > 0) {
    std::memmove(buffer_->bytes.get(), buffer_->bytes.get() + begin_, held);
  } else {
    const std::size_t capacity = std::max(held + 1, std::min(buffer_->capacity * 4, bytes_wanted()));
    auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
    std::memcpy(bytes.get(), buffer_->bytes.get(), held);
    buffer_->bytes = std::move(bytes);
    buffer_->capacity = capacity;
  }
  begin_ = 0;
  end_ = held;
  if (phase_ == Phase::body) {
    body_end_ = decoded;
    // The views moved with the bytes: the same head, read again, gives the same answer.
    head_ = check_head(view(0, head_bytes_), port_->limits, buffer_->headers).value();
  }
}

bool Session::wait_for_more() {
  if (phase_ == Phase::head && begin_ == end_) release_buffer();
  if (tls_ && tls_->has_more()) socket_.expect_more(Socket::Event::readable);
  wait(tls_ ? tls_->needs() : Socket::Event::readable);
  return false;
}

void Session::release_buffer() {
  if (buffer_) port_->give_back(std::move(buffer_));
  begin_ = end_ = 0;
}

// --- One request after another
// -------------------------------------------------------------------------------------

void Session::run() {
  if (running_) return;
  running_ = true;
  while (step()) {
  }
  running_ = false;
}

// Goes one step on; false when there is something to wait for.
bool Session::step() {
  if (phase_ == Phase::head) return read_head();
  if (phase_ == Phase::body) return read_body();
  return false;
}

// Clients of old send one after a body (RFC 9112 §2.2). False while half of it is there.
bool Session::skip_empty_line() {
  if (scanned_ > 0 || skipped_line_ || begin_ == end_ || buffer_->bytes[begin_] != '\r') return true;
  if (end_ - begin_ == 1) return false;
  if (buffer_->bytes[begin_ + 1] == '\n') begin_ += 2;
  skipped_line_ = true;
  return true;
}

bool Session::read_head() {
  if (begin_ == end_ || !skip_empty_line()) return wait_for_more();
  const auto found = find_head_end(view(begin_, end_), scanned_, port_->limits);
  if (!found) {
    refuse(found.error().status, found.error().reason);
    return false;
  }
  if (*found == 0) return wait_for_more();
  any_request_ = true;
  head_bytes_ = *found;
  auto head = check_head(view(begin_, body_start()), port_->limits, buffer_->headers);
  if (!head) {
    refuse(head.error().status, head.error().reason);
    return false;
  }
  head_ = *head;
  return admit();
}

// Asks the handler before the body is read.
bool Session::admit() {
  body_end_ = body_start();
  auto decision = port_->handler.admit(request({}));
  if (!decision) {
    // Go on after the body if it is here; it will not be waited for.
    const bool is_here = !head_.chunked && head_.content_length <= end_ - body_start();
    if (is_here) body_end_ += static_cast<std::size_t>(head_.content_length);
    closing_ = !is_here;
    phase_ = Phase::handling;
    answer(std::move(decision.error()));
    return phase_ == Phase::head;
  }
  body_bytes_max_ = decision->body_bytes_max;
  if (!head_.chunked && head_.content_length > body_bytes_max_) {
    refuse(413, "body too large");
    return false;
  }
  if (!head_.chunked && head_.content_length > port_->options.bodies_bytes_max - port_->body_bytes) {
    refuse(503, "too many bodies");
    return false;
  }
  if (head_.expects_continue && !continue_sending()) return false;
  if (head_.chunked) chunks_ = ChunkDecoder(body_bytes_max_);
  phase_ = Phase::body;
  since_ = last_read_;
  return true;
}

// Sends "100 Continue" unless the body has begun anyway.
bool Session::continue_sending() {
  const bool is_body_to_come = head_.chunked || head_.content_length > 0;
  if (!is_body_to_come || end_ > body_start()) return true;
  const ssize_t some = write_some(kContinue, {});
  if (some == static_cast<ssize_t>(kContinue.size())) return true;
  // Every earlier answer is out, so there is room for these few bytes, or the peer has gone.
  close();
  return false;
}

bool Session::read_body() {
  return head_.chunked ? read_chunked_body() : read_sized_body();
}

bool Session::read_sized_body() {
  const auto length = static_cast<std::size_t>(head_.content_length);
  const std::size_t here = std::min(end_ - body_start(), length);
  if (!hold_body_bytes(here)) return false;
  if (here < length) return wait_for_more();
  body_end_ = body_start() + length;
  return hand_over(length);
}

bool Session::read_chunked_body() {
  // What is decoded ends at body_end_ and what is not begins there, too: nothing undecoded is kept between
  // two reads.
  const auto progress = chunks_.decode(buffer_->bytes.get() + body_end_, view(body_end_, end_));
  const std::size_t rest = body_end_ + progress.consumed;
  body_end_ += progress.produced;
  const std::size_t body_bytes = body_end_ - body_start();
  switch (progress.status) {
    case ChunkDecoder::Status::malformed:
      refuse(400, "malformed chunk");
      return false;
    case ChunkDecoder::Status::too_large:
      refuse(413, "body too large");
      return false;
    case ChunkDecoder::Status::more:
      end_ = body_end_;
      return hold_body_bytes(body_bytes) && wait_for_more();
    case ChunkDecoder::Status::done:
      if (!hold_body_bytes(body_bytes)) return false;
      body_end_ = rest;  // The next request begins here.
      return hand_over(body_bytes);
  }
  return false;
}

// Counts what is held for this request; false when all connections together hold too much, and this one is
// refused.
bool Session::hold_body_bytes(std::size_t bytes) {
  port_->body_bytes += bytes - body_bytes_held_;
  body_bytes_held_ = bytes;
  if (port_->body_bytes <= port_->options.bodies_bytes_max) return true;
  refuse(503, "too many bodies");
  return false;
}

void Session::let_go_of_body_bytes() {
  port_->body_bytes -= std::exchange(body_bytes_held_, 0);
}

bool Session::hand_over(std::size_t body_bytes) {
  phase_ = Phase::handling;
  Task<Response> task = port_->handler.handle(request(view(body_start(), body_start() + body_bytes)));
  start(std::move(task), Done{shared_from_this()});
  return phase_ == Phase::head;
}

Request Session::request(std::string_view body) const {
  Request request;
  request.method = head_.method;
  request.target = head_.target;
  request.path = head_.path;
  request.query = head_.query;
  request.head = view(begin_, body_start() - 2);
  request.headers = buffer_->headers;
  request.body = body;
  request.peer = peer_;
  return request;
}

// --- Time
// ----------------------------------------------------------------------------------------------------------

void Session::check_time(Ticks now) {
  const ServerOptions& options = port_->options;
  switch (phase_) {
    case Phase::handshake:
      if (now - since_ <= options.head_timeout) return;
      if (tls_) port_->handler.refused(0, "TLS: handshake too slow", peer_);
      return close();
    case Phase::head:
      if (begin_ != end_) {
        if (now - since_ > options.head_timeout) refuse(408, "head too slow");
      } else if (now - since_ > (any_request_ ? options.idle_timeout : options.head_timeout)) {
        close();
      }
      return;
    case Phase::body: {
      const auto seconds = std::chrono::duration<double>(now - since_).count() - 1.0;
      const bool is_slow =
          static_cast<double>(body_bytes_held_) < seconds * static_cast<double>(options.body_rate_min);
      if (is_slow || now - last_read_ > options.body_timeout) refuse(408, "body too slow");
      return;
    }
    case Phase::writing:
      if (now - last_read_ > options.body_timeout) close();
      return;
    case Phase::lingering:
      if (now - since_ > std::min<std::chrono::milliseconds>(options.body_timeout, std::chrono::seconds(2)))
        close();
      return;
    case Phase::handling:
    case Phase::closed:
      return;
  }
}

}  // namespace creel::http
