// JSON on its way out: a writer that appends to one string.
//
//   JsonWriter json;
//   json.begin_object().member("id", "cev_1").member("attempts", 3).end_object();
//   response.body = json.take();
//
// Texts may hold any bytes: what is not UTF-8 appears as \xNN in the text, so the output always is JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace creel::admin {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool truth);
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(std::uint32_t number) { return value(std::uint64_t{number}); }
  JsonWriter& value(int number) { return value(std::int64_t{number}); }
  JsonWriter& value(double number);
  JsonWriter& value(Time time);  // RFC 3339 in UTC with milliseconds
  JsonWriter& null();
  template <class T>
  JsonWriter& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : null();
  }

  template <class T>
  JsonWriter& member(std::string_view name, const T& each) {
    return key(name).value(each);
  }

  // JSON as it stands: `text` is known to be some.
  JsonWriter& raw(std::string_view text);

  std::size_t size() const { return text_.size(); }
  std::string take() { return std::move(text_); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  std::string text_;
  bool needs_comma_ = false;
};

bool is_utf8(std::string_view text);

// "2026-11-23T16:40:00.123Z".
std::string to_rfc3339(Time time);
// A date and time with an offset or Z, or whole seconds since 1970. Nothing when `text` is neither.
std::optional<Time> parse_time(std::string_view text);

}  // namespace creel::admin
