#include "http/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "http/listen.h"
#include "http/session.h"

namespace creel::http {
namespace {

constexpr std::size_t kTurnedAwayMax = 128;  // connections beyond the limit that are told so, at once
constexpr std::size_t kOtherFiles = 256;     // descriptors for everything but connections
constexpr int kAcceptedAtOnce = 64;
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

// Accepts connections for a port until it is closed.
class Listener final : public Socket::Waiter, public std::enable_shared_from_this<Listener> {
 public:
  Listener(std::shared_ptr<Port> port, int descriptor)
      : port_(std::move(port)), socket_(port_->loop, descriptor) {}

  void begin() ON_LOOP { socket_.wait(Socket::Event::readable, shared_from_this()); }
  void close() ON_LOOP { socket_.close(); }

  void ready(Socket::Event) override ON_LOOP {
    for (int times = 0; times < kAcceptedAtOnce; ++times) {
      sockaddr_storage from{};
      socklen_t bytes = sizeof from;
      const int descriptor = ::accept4(socket_.descriptor(), reinterpret_cast<sockaddr*>(&from), &bytes,
                                       SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor >= 0) {
        welcome(descriptor, address_text(&from));
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        return pause();
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return begin();
      }
    }
    begin_with_more();
  }

 private:
  void begin_with_more() ON_LOOP {
    socket_.expect_more(Socket::Event::readable);
    begin();
  }

  void welcome(int descriptor, std::string peer) ON_LOOP {
    const std::size_t open = port_->sessions.size();
    if (open >= port_->options.connections_max + kTurnedAwayMax) {
      ::close(descriptor);
      return;
    }
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto session = std::make_shared<Session>(port_, descriptor, std::move(peer));
    port_->add(session);
    if (open < port_->options.connections_max) {
      session->begin();
    } else {
      session->turn_away();
    }
  }

  // No descriptors are left: others have to close first, and asking again at once would only spin.
  void pause() ON_LOOP {
    port_->loop.after(kAcceptPause, [self = shared_from_this()] {
      assume(on_loop);
      self->begin_with_more();
    });
  }

  const std::shared_ptr<Port> port_;
  Socket socket_;
};

}  // namespace

struct Server::Impl {
  Impl(Loop& loop, ServerOptions options, Handler& handler)
      : port(std::make_shared<Port>(loop, std::move(options), handler)) {}

  std::shared_ptr<Port> port;
  std::shared_ptr<Listener> listener;
  std::uint16_t number = 0;
};

Server::Server(Loop& loop, ServerOptions options, Handler& handler)
    : impl_(std::make_unique<Impl>(loop, std::move(options), handler)) {}

Server::~Server() {
  assume(on_loop);
  if (impl_->listener) impl_->listener->close();
  impl_->port->close_all();
}

std::expected<void, ListenError> Server::listen() {
  assume(on_loop);  // The loop does not run yet.
  const ServerOptions& options = impl_->port->options;
  raise_open_files(options.connections_max + kTurnedAwayMax + kOtherFiles);
  const auto descriptor =
      open_listener({.address = options.address, .port = options.port, .shared = options.shared});
  if (!descriptor) return std::unexpected(descriptor.error());
  impl_->number = port_of(*descriptor);
  impl_->listener = std::make_shared<Listener>(impl_->port, *descriptor);
  impl_->listener->begin();
  impl_->port->sweep_every_now_and_then();
  return {};
}

std::uint16_t Server::port() const {
  return impl_->number;
}

void Server::set_tls(std::shared_ptr<const TlsContext> tls) {
  impl_->port->tls = std::move(tls);
}

void Server::drain(std::chrono::milliseconds limit, std::move_only_function<void()> done) {
  if (impl_->listener) impl_->listener->close();
  impl_->port->drain(limit, std::move(done));
}

std::size_t Server::connections() const {
  return impl_->port->sessions.size();
}

}  // namespace creel::http
