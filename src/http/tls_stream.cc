#include "http/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

namespace creel::http {

// How OpenSSL reaches the descriptor. Its own socket BIO would raise SIGPIPE, and would not say whether the
// kernel has more, which an edge-triggered wait has to know.
struct TlsBio {
  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = make();
    return made;
  }

 private:
  static BIO_METHOD* make() {
    BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "creel socket");
    BIO_meth_set_read(method, read);
    BIO_meth_set_write(method, write);
    BIO_meth_set_ctrl(method, control);
    BIO_meth_set_create(method, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    return method;
  }
  static TlsStream& stream(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* to, int room) {
    TlsStream& here = stream(bio);
    BIO_clear_retry_flags(bio);
    ssize_t some = 0;
    do {
      some = ::recv(here.descriptor_, to, static_cast<std::size_t>(room), MSG_DONTWAIT);
    } while (some < 0 && errno == EINTR);
    here.is_kernel_empty_ = some < room;
    if (some < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      here.is_blocked_ = true;
      BIO_set_retry_read(bio);
    }
    if (some == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return static_cast<int>(some);
  }
  static int write(BIO* bio, const char* bytes, int count) {
    TlsStream& here = stream(bio);
    BIO_clear_retry_flags(bio);
    ssize_t some = 0;
    do {
      some = ::send(here.descriptor_, bytes, static_cast<std::size_t>(count), MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (some < 0 && errno == EINTR);
    if (some < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      here.is_blocked_ = true;
      BIO_set_retry_write(bio);
    }
    return static_cast<int>(some);
  }
  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    return 0;
  }
};

TlsStream::TlsStream(const TlsContext& context, int descriptor)
    : ssl_(SSL_new(context.impl().context)), descriptor_(descriptor) {
  BIO* const bio = ssl_ == nullptr ? nullptr : BIO_new(TlsBio::method());
  if (bio == nullptr) {
    failure_ = "out of memory";
    is_broken_ = true;
    return;
  }
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_accept_state(ssl_);
}

TlsStream::~TlsStream() {
  SSL_free(ssl_);
}

// Before each call of OpenSSL's: its errors are the thread's, and an old one would be taken for this call's.
bool TlsStream::is_ready() {
  if (is_broken_) {
    errno = EPROTO;
    return false;
  }
  ERR_clear_error();
  is_blocked_ = false;
  needs_ = Socket::Event::readable;
  return true;
}

// What a call that did not succeed says: wait, or that is the end.
bool TlsStream::is_to_be_tried_again(int result) {
  const int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    if (error == SSL_ERROR_WANT_WRITE) needs_ = Socket::Event::writable;
    // Without having met an empty kernel it only gives the others a turn.
    has_more_ = error == SSL_ERROR_WANT_WRITE || !is_blocked_;
    errno = EAGAIN;
    return true;
  }
  // Nothing may be sent after this, an orderly end neither.
  is_broken_ = true;
  if (const char* const reason = ERR_reason_error_string(ERR_peek_error())) failure_ = reason;
  ERR_clear_error();
  errno = EPROTO;
  return false;
}

TlsStream::Handshake TlsStream::shake_hands() {
  if (!is_ready()) return Handshake::failed;
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    has_more_ = true;
    return Handshake::done;
  }
  return is_to_be_tried_again(result) ? Handshake::waits : Handshake::failed;
}

ssize_t TlsStream::read(char* to, std::size_t room) {
  std::size_t done = 0;
  while (done < room) {
    if (!is_ready()) break;
    std::size_t some = 0;
    const int result = SSL_read_ex(ssl_, to + done, room - done, &some);
    if (result != 1) {
      if (SSL_get_error(ssl_, result) == SSL_ERROR_ZERO_RETURN) {
        has_more_ = true;  // the end, again
        return static_cast<ssize_t>(done);
      }
      if (!is_to_be_tried_again(result)) has_more_ = true;
      break;
    }
    done += some;
    // The usual request came in one piece: do not ask the kernel to hear that there is nothing else.
    has_more_ = !is_kernel_empty_ || SSL_has_pending(ssl_) == 1;
    if (!has_more_) break;
  }
  return done > 0 ? static_cast<ssize_t>(done) : -1;
}

ssize_t TlsStream::write(std::string_view head, std::string_view body) {
  std::size_t done = 0;
  for (std::string_view part : {head, body}) {
    while (!part.empty()) {
      if (!is_ready()) return done > 0 ? static_cast<ssize_t>(done) : -1;
      std::size_t some = 0;
      const int result = SSL_write_ex(ssl_, part.data(), part.size(), &some);
      if (result != 1) {
        static_cast<void>(is_to_be_tried_again(result));
        return done > 0 ? static_cast<ssize_t>(done) : -1;
      }
      part.remove_prefix(some);
      done += some;
    }
  }
  return static_cast<ssize_t>(done);
}

bool TlsStream::finish() {
  if (!is_ready() || SSL_is_init_finished(ssl_) == 0) return true;
  const int result = SSL_shutdown(ssl_);
  if (result >= 0) return true;
  return !(is_to_be_tried_again(result) && needs_ == Socket::Event::writable);
}

}  // namespace creel::http
