// The log: text on a terminal, one JSON object a line otherwise, to stderr.
//
//   log.info("event accepted", {{"source", source}, {"event", to_text(id)}});
//
// A line is queued by whoever says it and formatted and written by the log thread, many with one write. When
// the queue is full lines are dropped, and how many is said as soon as there is room. Whatever came from
// outside is escaped and cut at 256 bytes. Never give it a secret, a signature or a body.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "core/clock.h"

namespace creel {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
std::string_view to_text(LogLevel level);

enum class LogFormat { automatic, text, json };

struct LogField {
  std::string_view name;  // a literal
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

class Log {
 public:
  struct Options {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::automatic;
    int descriptor = 2;
    std::size_t queue_bytes_max = std::size_t{8} << 20;
  };
  Log(const Clock& clock, Options options);
  ~Log();  // writes what is queued

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::debug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::info, message, fields);
  }
  void warning(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::warning, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::error, message, fields);
  }

  // From any thread. Copies what it keeps.
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields);
  // A line for stdout, written by the same thread in the same order ("one readable line per event").
  void print(std::string_view line);
  void set_level(LogLevel level);  // From any thread.
  void flush();                    // Blocks until everything said so far is written.

  std::uint64_t dropped() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace creel
