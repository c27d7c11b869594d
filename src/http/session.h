// One connection, and what the connections of a server share.
//
// A Session is a small machine: wait for a head, read its body, let the handler work, send the answer, begin
// again. It reads first and asks the loop only when there is nothing to read; it writes at once and waits
// only if the peer is slow. A connection with nothing under way holds no buffer.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "http/chunked.h"
#include "http/head.h"
#include "http/response.h"
#include "http/server.h"
#include "http/socket.h"
#include "http/tls_stream.h"

namespace creel::http {

// Where a request is received. Its headers are kept with the bytes that they point into.
struct Buffer {
  static constexpr std::size_t kUsualBytes = 8 << 10;

  std::unique_ptr<char[]> bytes = std::make_unique_for_overwrite<char[]>(kUsualBytes);
  std::size_t capacity = kUsualBytes;
  std::vector<Header> headers;
};

class Session;

// Whether a call of the socket failed only because there is nothing to do just now.
inline bool is_temporary(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

inline Ticks ticks_now() {
  return std::chrono::steady_clock::now();
}

// What the connections of one server share. Everything in it belongs to the loop.
struct Port : std::enable_shared_from_this<Port> {
  Port(Loop& the_loop, ServerOptions the_options, Handler& the_handler);

  std::unique_ptr<Buffer> take_buffer() ON_LOOP;
  void give_back(std::unique_ptr<Buffer> buffer) ON_LOOP;

  void add(std::shared_ptr<Session> session) ON_LOOP;
  void remove(Session& session) ON_LOOP;
  void close_all() ON_LOOP;
  void sweep_every_now_and_then() ON_LOOP;
  void drain(std::chrono::milliseconds limit, std::move_only_function<void()> done) ON_LOOP;
  void finish_drain_if_quiet() ON_LOOP;
  std::string_view date() ON_LOOP;

  Loop& loop;
  const ServerOptions options;
  const HeadLimits limits;
  Handler& handler;
  std::shared_ptr<const TlsContext> tls;  // null: plain HTTP

  std::vector<std::shared_ptr<Session>> sessions;
  std::size_t lingering = 0;   // of them: answered for the last time
  std::size_t body_bytes = 0;  // of all bodies held
  bool draining = false;
  std::string out;  // where answers are put together

 private:
  void sweep() ON_LOOP;

  std::vector<std::unique_ptr<Buffer>> spare_buffers_;
  DateCache dates_;
  std::move_only_function<void()> drained_;
};

class Session final : public Socket::Waiter, public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Port> port, int descriptor, std::string peer);

  void begin() ON_LOOP;
  // Instead of begin(): 503, there are too many connections.
  void turn_away() ON_LOOP;
  void ready(Socket::Event event) override ON_LOOP;
  // Ends what has taken too long.
  void check_time(Ticks now) ON_LOOP;
  // Closes the connection if no request has begun on it.
  void close_if_idle() ON_LOOP;
  void close() ON_LOOP;

  std::size_t place = 0;  // in Port::sessions

 private:
  enum class Phase : std::uint8_t { handshake, head, body, handling, writing, lingering, closed };
  struct Done;

  void shake_hands() ON_LOOP;
  bool begin_tls() ON_LOOP;

  void run() ON_LOOP;
  bool step() ON_LOOP;
  bool read_head() ON_LOOP;
  bool skip_empty_line() ON_LOOP;
  bool admit() ON_LOOP;
  bool read_body() ON_LOOP;
  bool read_sized_body() ON_LOOP;
  bool read_chunked_body() ON_LOOP;
  bool hand_over(std::size_t body_bytes) ON_LOOP;
  bool hold_body_bytes(std::size_t bytes) ON_LOOP;
  void let_go_of_body_bytes() ON_LOOP;
  bool continue_sending() ON_LOOP;
  Request request(std::string_view body) const;

  ssize_t read_some(char* to, std::size_t room) ON_LOOP;
  ssize_t write_some(std::string_view head, std::string_view body) ON_LOOP;

  void receive() ON_LOOP;
  void make_room() ON_LOOP;
  std::size_t bytes_wanted() const;
  bool wait_for_more() ON_LOOP;
  void wait(Socket::Event event) ON_LOOP;
  void wait_to_write() ON_LOOP;

  void answer(Response response) ON_LOOP;
  // The body is `text`, or what the status means.
  void refuse(int status, std::string_view reason, std::string_view text = {}) ON_LOOP;
  void send(std::string_view head, std::string_view body) ON_LOOP;
  void send_more() ON_LOOP;
  void sent() ON_LOOP;
  void linger() ON_LOOP;
  void linger_more() ON_LOOP;
  void release_buffer() ON_LOOP;

  std::string_view view(std::size_t from, std::size_t to) const {
    return {buffer_->bytes.get() + from, to - from};
  }
  std::size_t body_start() const { return begin_ + head_bytes_; }

  const std::shared_ptr<Port> port_;
  Socket socket_;
  const std::string peer_;
  std::unique_ptr<TlsStream> tls_;  // null: plain, or not begun, or said its last

  Phase phase_ = Phase::head;
  bool running_ = false;  // run() is on the stack
  bool waiting_readable_ = false;
  bool waiting_writable_ = false;
  bool skipped_line_ = false;  // the one empty line that may stand before a request
  bool any_request_ = false;   // a head has been read on this connection
  bool closing_ = false;       // the answer under way is the last

  // [begin_, end_) of the buffer is received and not yet dealt with. [begin_, begin_ + head_bytes_) is the
  // head.
  std::unique_ptr<Buffer> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t scanned_ = 0;  // from begin_: where the search for the head's end goes on
  std::size_t head_bytes_ = 0;
  std::size_t body_end_ = 0;  // of what is decoded, or of the whole request once it is there
  std::size_t body_bytes_max_ = 0;
  std::size_t body_bytes_held_ = 0;  // counted in Port::body_bytes
  Head head_;
  ChunkDecoder chunks_;

  Ticks since_;      // when the connection, the head, the body or the lingering began
  Ticks last_read_;  // or written
  std::string unsent_;
  std::size_t unsent_from_ = 0;
  std::size_t bytes_lingered_ = 0;
};

}  // namespace creel::http
