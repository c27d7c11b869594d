// How a session answers: one response, then the next request or the end.
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "http/session.h"

namespace creel::http {
namespace {

constexpr std::size_t kCopiedBodyBytesMax = 4096;              // a longer body is sent from where it is
constexpr std::size_t kLingerBytesMax = std::size_t{8} << 20;  // read and dropped after the last answer

}  // namespace

void Session::answer(Response response) {
  if (phase_ == Phase::closed) return;
  let_go_of_body_bytes();
  closing_ = closing_ || response.close || !head_.keep_alive || port_->draining;
  const ResponseFraming framing{
      .to_head = head_.method == "HEAD", .is_http_1_0 = head_.is_http_1_0, .close = closing_};
  std::string& out = port_->out;
  out.clear();
  append_head(out, response, framing, port_->date());
  const bool has_body = !framing.to_head && status_has_body(response.status);
  if (has_body && response.body.size() <= kCopiedBodyBytesMax) {
    out += response.body;
    return send(out, {});
  }
  send(out, has_body ? std::string_view(response.body) : std::string_view());
}

void Session::refuse(int status, std::string_view reason, std::string_view text) {
  port_->handler.refused(status, reason, peer_);
  Response response;
  response.status = status;
  response.body = std::string(text.empty() ? reason_phrase(status) : text) + "\n";
  response.content_type = "text/plain; charset=utf-8";
  if (status == 503) response.headers.emplace_back("Retry-After", "5");
  closing_ = true;
  if (phase_ == Phase::head) head_ = Head();  // The last request's, or half a new one's.
  phase_ = Phase::handling;
  answer(std::move(response));
}

ssize_t Session::write_some(std::string_view head, std::string_view body) {
  constexpr int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  if (tls_) return tls_->write(head, body);
  if (body.empty()) return ::send(socket_.descriptor(), head.data(), head.size(), flags);
  iovec parts[2] = {{const_cast<char*>(head.data()), head.size()},
                    {const_cast<char*>(body.data()), body.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  return ::sendmsg(socket_.descriptor(), &message, flags);
}

void Session::wait_to_write() {
  wait(tls_ ? tls_->needs() : Socket::Event::writable);
}

void Session::send(std::string_view head, std::string_view body) {
  const ssize_t some = write_some(head, body);
  if (some < 0 && !is_temporary(errno)) return close();
  const std::size_t done = some < 0 ? 0 : static_cast<std::size_t>(some);
  if (done == head.size() + body.size()) return sent();

  unsent_.assign(head.substr(std::min(done, head.size())));
  unsent_.append(body.substr(done > head.size() ? done - head.size() : 0));
  unsent_from_ = 0;
  phase_ = Phase::writing;
  last_read_ = ticks_now();
  wait_to_write();
}

void Session::send_more() {
  const ssize_t some = write_some(std::string_view(unsent_).substr(unsent_from_), {});
  if (some < 0 && !is_temporary(errno)) return close();
  if (some > 0) {
    unsent_from_ += static_cast<std::size_t>(some);
    last_read_ = ticks_now();
  }
  if (unsent_from_ < unsent_.size()) return wait_to_write();
  unsent_ = std::string();
  sent();
}

// The answer is with the kernel: on to the next request, or the end.
void Session::sent() {
  if (closing_) return linger();
  begin_ = body_end_;
  scanned_ = 0;
  skipped_line_ = false;
  phase_ = Phase::head;
  if (buffer_->capacity > Buffer::kUsualBytes && end_ - begin_ <= Buffer::kUsualBytes) {
    auto usual = port_->take_buffer();
    std::memcpy(usual->bytes.get(), buffer_->bytes.get() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
    port_->give_back(std::exchange(buffer_, std::move(usual)));
  }
  since_ = last_read_ = ticks_now();
  run();
}

// Closing at once with bytes unread would reset the connection, and the peer could lose the answer: stop
// writing, and read on for a while until the peer has closed, too.
void Session::linger() {
  release_buffer();
  phase_ = Phase::lingering;
  ++port_->lingering;
  since_ = ticks_now();
  if (!tls_) ::shutdown(socket_.descriptor(), SHUT_WR);
  linger_more();
  if (port_->draining) port_->finish_drain_if_quiet();
}

void Session::linger_more() {
  if (tls_) {
    if (!tls_->finish()) return wait_to_write();
    tls_.reset();  // What comes now is dropped as it is.
    ::shutdown(socket_.descriptor(), SHUT_WR);
  }
  char dropped[64 << 10];
  const ssize_t some = ::recv(socket_.descriptor(), dropped, sizeof dropped, MSG_DONTWAIT);
  if (some == 0 || (some < 0 && !is_temporary(errno))) return close();
  if (some > 0) {
    bytes_lingered_ += static_cast<std::size_t>(some);
    if (bytes_lingered_ > kLingerBytesMax) return close();
    socket_.expect_more(Socket::Event::readable);
  }
  wait(Socket::Event::readable);
}

void Session::close() {
  if (phase_ == Phase::closed) return;
  if (phase_ == Phase::lingering) --port_->lingering;
  // While the handler works its views have to hold: then the buffer goes with the session.
  if (phase_ != Phase::handling) release_buffer();
  // Between two requests this is an orderly end. Elsewhere it is none, and TLS shall not say so.
  if (tls_ && phase_ == Phase::head) static_cast<void>(tls_->finish());
  tls_.reset();
  phase_ = Phase::closed;
  let_go_of_body_bytes();
  socket_.close();
  port_->remove(*this);
}

void Session::close_if_idle() {
  if (phase_ == Phase::handshake || (phase_ == Phase::head && begin_ == end_)) close();
}

}  // namespace creel::http
