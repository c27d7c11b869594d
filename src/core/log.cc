#include "core/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include "core/text.h"

namespace creel {
namespace {

// How long the thread gathers lines before it writes them: long enough to make one write of many, short
// enough not to be noticed by who watches.
constexpr std::chrono::milliseconds kGather{20};

// Queued entries are flat bytes: a header, the message, then for each field a tag, the literal's address and
// the value. So queuing a line is a few copies under a lock, and all formatting is the thread's.
enum class Tag : std::uint8_t { text, integer, real, boolean };
enum class Kind : std::uint8_t { log, print };

struct EntryHead {
  Time at;
  std::uint32_t message_bytes;
  std::uint16_t fields;
  LogLevel level;
  Kind kind;
};

template <class T>
void put(std::string& into, const T& value) {
  into.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
T take(std::string_view& from) {
  T value;
  std::memcpy(&value, from.data(), sizeof value);
  from.remove_prefix(sizeof value);
  return value;
}

std::string_view take_text(std::string_view& from, std::size_t bytes) {
  std::string_view text = from.substr(0, bytes);
  from.remove_prefix(bytes);
  return text;
}

using Out = fmt::memory_buffer;

void append(Out& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

void append_time(Out& out, Time at) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  fmt::format_to(std::back_inserter(out), "{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                 fmt::gmtime(seconds.time_since_epoch().count()), (at - seconds).count());
}

// A JSON string. What is not UTF-8 or not meant for a terminal has been made harmless by displayed().
void append_quoted(Out& out, std::string_view text) {
  out.push_back('"');
  for (char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

bool is_plain(std::string_view text) {
  return !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos;
}

void append_value(Out& out, std::string_view& from, bool json) {
  switch (take<Tag>(from)) {
    case Tag::text: {
      auto bytes = take<std::uint32_t>(from);
      std::string shown = displayed(take_text(from, bytes));
      if (!json && is_plain(shown)) return append(out, shown);
      return append_quoted(out, shown);
    }
    case Tag::integer:
      fmt::format_to(std::back_inserter(out), "{}", take<std::int64_t>(from));
      return;
    case Tag::real:
      fmt::format_to(std::back_inserter(out), "{:.6g}", take<double>(from));
      return;
    case Tag::boolean:
      append(out, take<bool>(from) ? "true" : "false");
      return;
  }
}

void append_fields(Out& out, std::string_view& from, int count, bool json) {
  while (count-- > 0) {
    auto name_bytes = take<std::uint8_t>(from);
    std::string_view name = take_text(from, name_bytes);
    if (json) {
      append(out, ",\"");
      append(out, name);
      append(out, "\":");
    } else {
      append(out, " ");
      append(out, name);
      append(out, "=");
    }
    append_value(out, from, json);
  }
}

void append_entry(Out& out, const EntryHead& head, std::string_view& from, bool json) {
  std::string message = displayed(take_text(from, head.message_bytes), 1024);
  if (json) {
    append(out, "{\"time\":\"");
    append_time(out, head.at);
    append(out, "\",\"level\":\"");
    append(out, to_text(head.level));
    append(out, "\",\"message\":");
    append_quoted(out, message);
  } else {
    append_time(out, head.at);
    fmt::format_to(std::back_inserter(out), " {:7} {}", to_text(head.level), message);
  }
  append_fields(out, from, head.fields, json);
  append(out, json ? "}\n" : "\n");
}

// The log never blocks the program for good: a descriptor that does not take more within a second loses the
// rest.
void write_all(int descriptor, Out& out) {
  const char* at = out.data();
  std::size_t left = out.size();
  while (left > 0) {
    ssize_t written = ::write(descriptor, at, left);
    if (written >= 0) {
      at += written;
      left -= static_cast<std::size_t>(written);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) break;
    pollfd wait{descriptor, POLLOUT, 0};
    if (::poll(&wait, 1, 1000) <= 0) break;
  }
  out.clear();
}

}  // namespace

std::string_view to_text(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "unknown";
}

struct Log::Impl {
  Impl(const Clock& c, Options o) : clock(c), options(o), level(o.level) {
    json = options.format == LogFormat::json ||
           (options.format == LogFormat::automatic && ::isatty(options.descriptor) == 0);
    thread = std::thread([this] { run(); });
  }

  ~Impl() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_all();
    hurry.notify_all();
    thread.join();
  }

  // Queues `entry`, or counts it as lost when the queue is full.
  void queue(const std::string& entry) {
    bool was_empty = false;
    {
      std::lock_guard lock(mutex);
      if (queued.size() + entry.size() > options.queue_bytes_max) {
        ++lost;
        ++lost_total;
        return;
      }
      was_empty = queued.empty();
      queued += entry;
      queued_total += entry.size();
    }
    if (was_empty) wake.notify_one();
  }

  void run() {
    std::string batch;
    Out out, printed;
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [&] { return stopping || !queued.empty(); });
      if (queued.empty()) return;
      hurry.wait_for(lock, kGather, [&] { return stopping || flush_upto > written_total; });
      batch.clear();
      std::swap(batch, queued);
      std::uint64_t dropped_now = std::exchange(lost, 0);
      lock.unlock();
      format(batch, dropped_now, out, printed);
      write_all(STDOUT_FILENO, printed);
      write_all(options.descriptor, out);
      lock.lock();
      written_total += batch.size();
      flushed.notify_all();
    }
  }

  void format(std::string_view batch, std::uint64_t dropped_now, Out& out, Out& printed) const {
    while (!batch.empty()) {
      auto head = take<EntryHead>(batch);
      if (head.kind == Kind::print) {
        append(printed, take_text(batch, head.message_bytes));
        printed.push_back('\n');
      } else {
        append_entry(out, head, batch, json);
      }
    }
    if (dropped_now == 0) return;
    std::string body;
    put(body, static_cast<std::uint8_t>(5));
    body += "lines";
    put(body, Tag::integer);
    put(body, static_cast<std::int64_t>(dropped_now));
    constexpr std::string_view kMessage = "log lines dropped: the log could not keep up";
    std::string entry(kMessage);
    entry += body;
    std::string_view rest = entry;
    append_entry(out,
                 {clock.now(), static_cast<std::uint32_t>(kMessage.size()), 1, LogLevel::warning, Kind::log},
                 rest, json);
  }

  const Clock& clock;
  const Options options;
  std::atomic<LogLevel> level;
  bool json = false;

  std::mutex mutex;
  std::condition_variable wake, hurry, flushed;
  std::string queued;      // guarded by mutex, as all below
  std::uint64_t lost = 0;  // not yet said
  std::uint64_t lost_total = 0;
  std::uint64_t queued_total = 0, written_total = 0, flush_upto = 0;  // bytes
  bool stopping = false;

  std::thread thread;
};

Log::Log(const Clock& clock, Options options) : impl_(std::make_unique<Impl>(clock, options)) {}
Log::~Log() = default;

void Log::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < impl_->level.load(std::memory_order_relaxed)) return;
  thread_local std::string entry;
  entry.clear();
  put(entry, EntryHead{impl_->clock.now(), static_cast<std::uint32_t>(message.size()),
                       static_cast<std::uint16_t>(fields.size()), level, Kind::log});
  entry += message;
  for (const LogField& field : fields) {
    put(entry, static_cast<std::uint8_t>(field.name.size()));
    entry += field.name;
    if (auto* text = std::get_if<std::string_view>(&field.value)) {
      // Only what may be shown is kept; one byte more tells displayed() to say that it was cut.
      std::string_view kept = text->substr(0, 257);
      put(entry, Tag::text);
      put(entry, static_cast<std::uint32_t>(kept.size()));
      entry += kept;
    } else if (auto* integer = std::get_if<std::int64_t>(&field.value)) {
      put(entry, Tag::integer);
      put(entry, *integer);
    } else if (auto* real = std::get_if<double>(&field.value)) {
      put(entry, Tag::real);
      put(entry, *real);
    } else {
      put(entry, Tag::boolean);
      put(entry, std::get<bool>(field.value));
    }
  }
  impl_->queue(entry);
}

void Log::print(std::string_view line) {
  thread_local std::string entry;
  entry.clear();
  put(entry, EntryHead{Time{}, static_cast<std::uint32_t>(line.size()), 0, LogLevel::info, Kind::print});
  entry += line;
  impl_->queue(entry);
}

void Log::set_level(LogLevel level) {
  impl_->level.store(level, std::memory_order_relaxed);
}

void Log::flush() {
  std::unique_lock lock(impl_->mutex);
  const std::uint64_t upto = impl_->queued_total;
  impl_->flush_upto = std::max(impl_->flush_upto, upto);
  impl_->hurry.notify_all();
  impl_->flushed.wait(lock, [&] { return impl_->written_total >= upto; });
}

std::uint64_t Log::dropped() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->lost_total;
}

}  // namespace creel
