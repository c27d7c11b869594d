#include "deliver/line_writer.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "core/ids.h"
#include "core/text.h"
#include "verify/base64.h"
#include "verify/json.h"

namespace creel {
namespace {

// What a pipe that has room takes without making anybody wait (PIPE_BUF).
constexpr std::size_t kPartBytes = 4096;
constexpr std::size_t kOddTextBytesMax = 4096;

void append_text(std::string& json, std::string_view text) {
  std::string shown;
  if (!simdjson::validate_utf8(text)) text = shown = displayed(text, kOddTextBytesMax);
  constexpr std::string_view kHex = "0123456789abcdef";
  json.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json.append({'\\', c});
    } else if (byte < 0x20 || byte == 0x7f) {
      json.append("\\u00").append({kHex[byte >> 4], kHex[byte & 15]});
    } else {
      json.push_back(c);
    }
  }
  json.push_back('"');
}

void append_member(std::string& json, std::string_view name, std::string_view text) {
  json.append(json.ends_with('{') ? "\"" : ",\"").append(name).append("\":");
  append_text(json, text);
}

// RFC 3339 in UTC with milliseconds.
std::string time_text(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 40> text;
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
}

void append_headers(std::string& json, std::string_view head) {
  json.append(",\"headers\":[");
  bool is_first_line = true;
  for (std::size_t begin = 0; begin < head.size();) {
    const std::size_t end = std::min(head.find('\n', begin), head.size());
    std::string_view line = head.substr(begin, end - begin);
    begin = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto colon = line.find(':');
    if (std::exchange(is_first_line, false) || colon == std::string_view::npos) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t'))
      value.remove_prefix(1);
    json.append(json.ends_with('[') ? "[" : ",[");
    append_text(json, line.substr(0, colon));
    json.push_back(',');
    append_text(json, value);
    json.push_back(']');
  }
  json.push_back(']');
}

void append_body(std::string& json, std::string_view body) {
  if (parse_genuine_json(body)) {
    json.append(",\"body\":");
    const std::size_t begin = json.size();
    json.append(body);
    // In JSON a line can end between values only.
    std::replace_if(
        json.begin() + static_cast<std::ptrdiff_t>(begin), json.end(),
        [](char c) { return c == '\n' || c == '\r'; }, ' ');
  } else {
    const auto bytes = std::span(reinterpret_cast<const std::uint8_t*>(body.data()), body.size());
    json.append(",\"body_base64\":\"").append(encode_base64(bytes)).append("\"");
  }
}

}  // namespace

std::string event_line(const AttemptOrder& order, const std::string& destination) {
  const StoredEvent& event = *order.content;
  std::string json;
  json.reserve(event.body.size() + event.head.size() + 512);
  json.push_back('{');
  append_member(json, "id", to_text(event.id));
  append_member(json, "delivery",
                to_text(DeliveryId{.event = event.id, .destination = destination, .ordinal = order.ordinal}));
  append_member(json, "source", event.source);
  append_member(json, "type", event.type);
  append_member(json, "subject", event.subject);
  append_member(json, "received", time_text(event.received));
  append_headers(json, event.head);
  append_body(json, event.body);
  json.append("}\n");
  return json;
}

// --- On the deliver thread
// -----------------------------------------------------------------------------------------

class LineWriter::Handler final : public Endpoint {
 public:
  Handler(LineWriter& writer, std::shared_ptr<Shared> shared) : writer_(writer), shared_(std::move(shared)) {}
  ~Handler() override { shared_->is_gone.store(true, std::memory_order_release); }

  void attempt(AttemptOrder order, Time) override ON_DELIVER {
    shared_->running.fetch_add(1, std::memory_order_relaxed);
    writer_.submit({.shared = shared_,
                    .order = std::move(order),
                    .until = std::chrono::steady_clock::now() + shared_->destination.timeout});
  }
  bool is_idle() const override ON_DELIVER { return shared_->running.load(std::memory_order_acquire) == 0; }

 private:
  LineWriter& writer_;
  const std::shared_ptr<Shared> shared_;
};

LineWriter::LineWriter(int descriptor, Ended ended)
    : descriptor_(descriptor), ended_(std::move(ended)), stop_(::eventfd(0, EFD_CLOEXEC)) {}

std::unique_ptr<Endpoint> LineWriter::endpoint(Destination destination) {
  return std::make_unique<Handler>(*this, std::make_shared<Shared>(std::move(destination)));
}

void LineWriter::submit(Job job) {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void LineWriter::stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(stop_.get(), &one, sizeof(one));
  changed_.notify_one();
  thread_.join();
}

// --- On its own
// ----------------------------------------------------------------------------------------------------

void LineWriter::run() {
  // A reader that is gone is told by the write's error.
  sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (true) {
    std::optional<Job> job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return is_stopping_ || !jobs_.empty(); });
      if (is_stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    Shared& shared = *job->shared;
    if (shared.is_gone.load(std::memory_order_acquire)) continue;
    const Written written = write(event_line(job->order, shared.destination.name), job->until);
    const int error = errno;
    if (written == Written::stopped) return;
    AttemptReport report = report_of(written, *job, error);
    // An endpoint that is idle may go at any moment, and then nobody would hear of the end: that comes first.
    if (!shared.is_gone.load(std::memory_order_acquire)) ended_(std::move(job->order), std::move(report));
    shared.running.fetch_sub(1, std::memory_order_acq_rel);
  }
}

AttemptReport LineWriter::report_of(Written written, const Job& job, int error) const {
  if (written == Written::whole) return {.result = AttemptResult::delivered};
  if (written == Written::late) {
    return {.result = AttemptResult::timeout,
            .error = "nobody read standard output for " +
                     std::to_string(job.shared->destination.timeout.count()) + " ms"};
  }
  return {.result = AttemptResult::reset,
          .error = "standard output: " + std::error_code(error, std::generic_category()).message()};
}

LineWriter::Written LineWriter::write(std::string_view line, Ticks until) {
  std::string after_torn;
  if (is_torn_) line = after_torn = "\n" + std::string(line);
  bool has_begun = false;
  while (!line.empty()) {
    if (!wait_for_room(until, has_begun)) return is_stopping_ ? Written::stopped : Written::late;
    const auto wrote = ::write(descriptor_, line.data(), std::min(line.size(), kPartBytes));
    if (wrote < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (wrote < 0) return Written::failed;
    has_begun = is_torn_ = true;
    line.remove_prefix(static_cast<std::size_t>(wrote));
  }
  is_torn_ = false;
  return Written::whole;
}

// False when it is not to be waited for any more.
bool LineWriter::wait_for_room(Ticks until, bool has_begun) {
  while (!is_stopping_) {
    const Ticks now = std::chrono::steady_clock::now();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
    if (!has_begun && left.count() <= 0) return false;
    const auto most = std::clamp<std::int64_t>(left.count(), 0, 60'000);
    std::array<pollfd, 2> polled{pollfd{.fd = descriptor_, .events = POLLOUT, .revents = 0},
                                 pollfd{.fd = stop_.get(), .events = POLLIN, .revents = 0}};
    ::poll(polled.data(), polled.size(), has_begun ? 60'000 : static_cast<int>(most));
    // With an error too: the write says which.
    if (polled[0].revents != 0) return true;
  }
  return false;
}

}  // namespace creel
