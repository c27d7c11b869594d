// The TLS of one connection: bytes of the peer's in the clear, on a descriptor that does not block.
//
// It reads and writes the descriptor itself and remembers what has to be waited for. Every call does what it
// can at once and allocates nothing of its own; between two requests it holds no record buffers. A peer that
// sends nothing but what is TLS's own (new keys, empty records) gets one turn of the loop for each, like
// everybody.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/socket.h"
#include "http/tls.h"

struct ssl_ctx_st;
struct ssl_st;

namespace creel::http {

struct TlsContext::Impl {
  Impl() = default;
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  ssl_ctx_st* context = nullptr;
  std::string summary;
  long long expires = 0;
};

class TlsStream {
 public:
  enum class Handshake : std::uint8_t { done, waits, failed };

  // Does not own the descriptor. `context` may go before this.
  TlsStream(const TlsContext& context, int descriptor);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Goes on with the handshake; `waits` for needs().
  Handshake shake_hands();
  // Why the handshake failed, in OpenSSL's words: "unsupported protocol".
  std::string_view failure() const { return failure_; }

  // As recv and send: bytes done; 0 when the peer has ended its side in an orderly manner; -1 with errno
  // EAGAIN, to be tried again after needs(), or EPROTO when nothing will come of it, an end without TLS's
  // own end included. What write() has not taken has to be given again, with more after it if one likes.
  ssize_t read(char* to, std::size_t room);
  ssize_t write(std::string_view head, std::string_view body);
  // Says that nothing else will be written; false when it has to be called again after needs().
  bool finish();

  // What the last call waits for.
  Socket::Event needs() const { return needs_; }
  // Whether read() may have more without anything new from the kernel.
  bool has_more() const { return has_more_; }
  // To be called when the descriptor has become readable.
  void came_readable() { has_more_ = true; }

 private:
  friend struct TlsBio;
  bool is_ready();
  bool is_to_be_tried_again(int result);

  ssl_st* ssl_;
  int descriptor_;
  Socket::Event needs_ = Socket::Event::readable;
  bool has_more_ = true;
  bool is_kernel_empty_ = false;  // the last read came back short
  bool is_blocked_ = false;       // the kernel had nothing at all, or no room, in the call under way
  bool is_broken_ = false;
  std::string_view failure_ = "connection closed";
};

}  // namespace creel::http
