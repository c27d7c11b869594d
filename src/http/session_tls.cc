// How a session begins over TLS.
#include <sys/socket.h>

#include <string>

#include "http/session.h"

namespace creel::http {

// Looks at the first byte before TLS does, so that who speaks plain HTTP can be told in plain HTTP. Only then
// is anything allocated: a silent connection costs what it costs without TLS.
bool Session::begin_tls() {
  char first = 0;
  const ssize_t some = ::recv(socket_.descriptor(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
  if (some < 0 && is_temporary(errno)) {
    wait(Socket::Event::readable);
    return false;
  }
  if (some <= 0) {
    close();
    return false;
  }
  if (first >= 'A' && first <= 'Z') {  // of a method; TLS begins with 22
    phase_ = Phase::head;
    refuse(400, "plain HTTP on a port that speaks HTTPS", "this port speaks HTTPS");
    return false;
  }
  tls_ = std::make_unique<TlsStream>(*port_->tls, socket_.descriptor());
  return true;
}

void Session::shake_hands() {
  if (!tls_ && !begin_tls()) return;
  switch (tls_->shake_hands()) {
    case TlsStream::Handshake::waits:
      if (tls_->has_more()) socket_.expect_more(Socket::Event::readable);
      return wait(tls_->needs());
    case TlsStream::Handshake::failed:
      port_->handler.refused(0, "TLS: " + std::string(tls_->failure()), peer_);
      return close();
    case TlsStream::Handshake::done:
      phase_ = Phase::head;
      since_ = last_read_ = ticks_now();
      return receive();  // The first request may have come along.
  }
}

}  // namespace creel::http
