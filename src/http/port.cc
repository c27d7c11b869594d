#include <algorithm>
#include <ctime>
#include <utility>

#include "http/session.h"

namespace creel::http {
namespace {

constexpr std::size_t kSpareBuffersMax = 256;

HeadLimits limits_of(const ServerOptions& options) {
  return {.bytes_max = options.head_bytes_max, .headers_max = options.headers_max};
}

}  // namespace

Port::Port(Loop& the_loop, ServerOptions the_options, Handler& the_handler)
    : loop(the_loop),
      options(std::move(the_options)),
      limits(limits_of(options)),
      handler(the_handler),
      tls(options.tls) {}

std::unique_ptr<Buffer> Port::take_buffer() {
  if (spare_buffers_.empty()) return std::make_unique<Buffer>();
  auto buffer = std::move(spare_buffers_.back());
  spare_buffers_.pop_back();
  return buffer;
}

void Port::give_back(std::unique_ptr<Buffer> buffer) {
  if (buffer->capacity == Buffer::kUsualBytes && spare_buffers_.size() < kSpareBuffersMax) {
    spare_buffers_.push_back(std::move(buffer));
  }
}

void Port::add(std::shared_ptr<Session> session) {
  session->place = sessions.size();
  sessions.push_back(std::move(session));
}

void Port::remove(Session& session) {
  const std::size_t place = session.place;
  std::swap(sessions[place], sessions.back());
  sessions[place]->place = place;
  const std::shared_ptr<Session> last = std::move(sessions.back());
  sessions.pop_back();
  if (draining) finish_drain_if_quiet();
}

void Port::close_all() {
  while (!sessions.empty()) {
    const std::shared_ptr<Session> session = sessions.back();
    session->close();
  }
}

// One look at everybody a second instead of a timer for each request: late by a quarter of the shortest limit
// at most.
void Port::sweep_every_now_and_then() {
  const auto shortest = std::min({options.head_timeout, options.body_timeout, options.idle_timeout});
  const auto pause = std::clamp<std::chrono::milliseconds>(shortest / 4, std::chrono::milliseconds(5),
                                                           std::chrono::seconds(1));
  loop.after(pause, [weak = weak_from_this()] {
    assume(on_loop);
    const auto port = weak.lock();
    if (!port) return;
    port->sweep();
    port->sweep_every_now_and_then();
  });
}

void Port::sweep() {
  const Ticks now = std::chrono::steady_clock::now();
  // Backwards: who is removed changes places with the last, which has been looked at.
  for (std::size_t place = sessions.size(); place-- > 0;) {
    if (place >= sessions.size()) continue;
    const std::shared_ptr<Session> session = sessions[place];
    session->check_time(now);
  }
}

void Port::drain(std::chrono::milliseconds limit, std::move_only_function<void()> done) {
  draining = true;
  drained_ = std::move(done);
  for (std::size_t place = sessions.size(); place-- > 0;) {
    if (place >= sessions.size()) continue;
    const std::shared_ptr<Session> session = sessions[place];
    session->close_if_idle();
  }
  finish_drain_if_quiet();
  loop.after(limit, [weak = weak_from_this()] {
    assume(on_loop);
    if (const auto port = weak.lock()) port->close_all();
  });
}

void Port::finish_drain_if_quiet() {
  if (!drained_ || sessions.size() > lingering) return;
  // Posted, so that it may destroy the server.
  loop.post(std::exchange(drained_, nullptr));
}

std::string_view Port::date() {
  return dates_.at(std::time(nullptr));
}

}  // namespace creel::http
