#include "verify/fields.h"

#include <algorithm>
#include <charconv>

#include "verify/digest.h"
#include "verify/timestamp.h"

namespace creel {
namespace {

using simdjson::dom::element_type;

template <class Number>
std::string_view as_text(Number number, NumberText& room) {
  const auto end = std::to_chars(room.data(), room.data() + room.size(), number);
  return end.ec == std::errc() ? std::string_view(room.data(), end.ptr) : std::string_view();
}

std::string_view text_of(const simdjson::dom::element& value, NumberText& room) {
  switch (value.type()) {
    case element_type::STRING:
      return value.get_string().value_unsafe();
    case element_type::INT64:
      return as_text(value.get_int64().value_unsafe(), room);
    case element_type::UINT64:
      return as_text(value.get_uint64().value_unsafe(), room);
    case element_type::DOUBLE:
      return as_text(value.get_double().value_unsafe(), room);
    case element_type::BOOL:
      return value.get_bool().value_unsafe() ? "true" : "false";
    case element_type::NULL_VALUE:
    case element_type::OBJECT:
    case element_type::ARRAY:
      return {};
  }
  return {};
}

std::optional<std::chrono::sys_seconds> time_of(const simdjson::dom::element& value) {
  switch (value.type()) {
    case element_type::STRING:
      return parse_time(value.get_string().value_unsafe());
    case element_type::INT64:
      return time_of_number(value.get_int64().value_unsafe());
    case element_type::DOUBLE:
      return time_of_number(value.get_double().value_unsafe());
    default:  // An unsigned number beyond 63 bits is beyond the calendar.
      return std::nullopt;
  }
}

bool is_plain(std::string_view text) {
  bool is_foreign = false;
  for (char c : text)
    is_foreign |= (c < ' ') | (c > '~');  // Beyond ASCII a char is negative, or large.
  return !is_foreign;
}

// The length of the character at the front, which is not empty; 0 when it is no UTF-8 (RFC 3629).
std::size_t character_bytes(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < bytes) return 0;
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool is_overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool is_beyond = (first == 0xED && byte(1) > 0x9F) || (first == 0xF4 && byte(1) > 0x8F);
  return is_overlong || is_beyond ? 0 : bytes;
}

// C0, DEL and C1, which a terminal obeys.
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7F;
  return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

}  // namespace

std::string_view find_text(const FieldPlaces& places, const Field& field, NumberText& room) {
  switch (field.in) {
    case Field::In::header:
      return find_header(places.headers, field.name).value_or("");
    case Field::In::text:
      return field.name;
    case Field::In::body:
      break;
  }
  if (places.json) {
    simdjson::dom::element value;
    if (places.json->at_pointer(field.name).get(value) != simdjson::SUCCESS) return {};
    return text_of(value, room);
  }
  if (!field.name.starts_with('/')) return {};
  const std::string* value = find_form_value(places.form, field.name.substr(1));
  return value != nullptr ? std::string_view(*value) : std::string_view();
}

std::string first_readable(const FieldPlaces& places, std::span<const Field> fields,
                           std::span<const TypeName> names) {
  for (const Field& field : fields) {
    NumberText room;
    std::string_view text = find_text(places, field, room);
    if (text.empty()) continue;
    const auto name = std::ranges::find(names, text, &TypeName::sent);
    if (name != names.end()) text = name->type;
    if (field.prefix.empty() && field.qualifier.empty()) return readable(text);

    std::string composed(field.prefix);
    composed += text;
    if (!field.qualifier.empty()) {
      const std::string_view qualifier = find_text(places, in_body(field.qualifier), room);
      if (!qualifier.empty()) (composed += '.') += qualifier;
    }
    return readable(composed);
  }
  return {};
}

std::optional<std::chrono::sys_seconds> first_time(const FieldPlaces& places, std::span<const Field> fields) {
  for (const Field& field : fields) {
    std::optional<std::chrono::sys_seconds> time;
    if (field.in == Field::In::body && places.json) {
      simdjson::dom::element value;
      if (places.json->at_pointer(field.name).get(value) == simdjson::SUCCESS) time = time_of(value);
    } else {
      NumberText room;
      time = parse_time(find_text(places, field, room));
    }
    if (time) return time;
  }
  return std::nullopt;
}

std::string readable(std::string_view text) {
  if (text.size() <= kReadableBytesMax && is_plain(text)) return std::string(text);
  std::string shown;
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(bytes, 1));
    const std::string_view safe = bytes == 0 || is_control(character) ? "?" : character;
    if (shown.size() + safe.size() > kReadableBytesMax) break;
    shown += safe;
    text.remove_prefix(character.size());
  }
  return shown;
}

std::string as_id(std::string_view text) {
  bool is_usual = text.size() <= kIdBytesMax;
  if (is_usual && !is_plain(text)) {
    for (std::string_view rest = text; is_usual && !rest.empty();) {
      const std::size_t bytes = character_bytes(rest);
      is_usual = bytes != 0 && !is_control(rest.substr(0, bytes));
      rest.remove_prefix(bytes);
    }
  }
  return is_usual ? std::string(text) : "sha256:" + to_hex(sha256(text));
}

}  // namespace creel
