#include "verify/signature_request.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "verify/form.h"
#include "verify/headers.h"

namespace creel {
namespace {

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::optional<VerifyError> add_signature(std::string_view text, SeenSignatures& seen) {
  if (seen.count == kSignaturesMax) return VerifyError::too_many_signatures;
  seen.texts[seen.count++] = text;
  return std::nullopt;
}

// "t=1750000000,v1=…": blanks may follow a separator, and nothing else may stand around the pairs.
std::optional<VerifyError> add_pairs(const SignatureRule& rule, std::string_view value,
                                     SeenSignatures& seen) {
  bool has_timestamp = false;
  for (;;) {
    const std::size_t end = std::min(value.find(rule.pair_separator), value.size());
    const std::string_view pair = value.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals == pair.npos || equals == 0) return VerifyError::malformed_signature;
    const std::string_view name = pair.substr(0, equals), text = pair.substr(equals + 1);
    if (name == rule.signature_pair) {
      if (const auto refused = add_signature(text, seen)) return refused;
    } else if (!rule.timestamp_pair.empty() && name == rule.timestamp_pair) {
      if (std::exchange(has_timestamp, true)) return VerifyError::malformed_signature;
      seen.timestamp = text;
    } else {
      seen.has_others = true;
    }
    if (end == value.size()) return std::nullopt;
    value.remove_prefix(end + 1);
    while (!value.empty() && is_blank(value.front()))
      value.remove_prefix(1);
  }
}

std::string text_at(const simdjson::dom::element& root, std::string_view pointer) {
  simdjson::dom::element element;
  if (root.at_pointer(pointer).get(element) != simdjson::SUCCESS) return {};
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) return std::string(text);
  std::int64_t number = 0;
  if (element.is_int64() && element.get(number) == simdjson::SUCCESS) return std::to_string(number);
  return {};
}

std::string form_text(std::span<const FormField> fields, std::string_view pointer) {
  if (!pointer.starts_with('/')) return {};
  const std::string_view name = pointer.substr(1);
  const std::string* first = find_form_value(fields, name);
  if (first == nullptr) return {};
  const bool conflicts = std::ranges::any_of(
      fields, [&](const FormField& field) { return field.name == name && field.value != *first; });
  return conflicts ? std::string() : *first;
}

constexpr std::int64_t scale_of(TimestampUnit unit) {
  return unit == TimestampUnit::milliseconds ? 1000 : 1;
}

std::int64_t scaled(std::int64_t seconds, TimestampUnit unit) {
  std::int64_t product = 0;
  if (!__builtin_mul_overflow(seconds, scale_of(unit), &product)) return product;
  return seconds < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

std::expected<std::string_view, VerifyError> single_header(Headers headers, std::string_view name) {
  std::string_view value;
  bool found = false;
  for (const Header& header : headers) {
    if (!equals_ignoring_case(header.name, name)) continue;
    if (std::exchange(found, true) && header.value != value)
      return std::unexpected(VerifyError::conflicting_header);
    value = header.value;
  }
  return value;
}

std::optional<VerifyError> add_signatures(const SignatureRule& rule, std::string_view value,
                                          SeenSignatures& seen) {
  if (value.empty()) return std::nullopt;
  return rule.pair_separator == 0 ? add_signature(value, seen) : add_pairs(rule, value, seen);
}

void read_body_texts(const Provider& provider, const IncomingRequest& request, BodyTrust trust,
                     std::span<const std::string_view> pointers, std::span<std::string> out) {
  for (std::string& text : out)
    text.clear();
  const auto body = read_request_body(provider, request, trust);
  for (std::size_t i = 0; body && i < pointers.size(); ++i)
    out[i] = body->json ? text_at(*body->json, pointers[i]) : form_text(body->form, pointers[i]);
}

std::optional<std::int64_t> parse_unix_time(std::string_view text, TimestampUnit unit) noexcept {
  const std::size_t digits_max = unit == TimestampUnit::milliseconds ? 15 : 12;
  if (text.empty() || text.size() > digits_max) return std::nullopt;
  if (text.front() == '0' && text.size() > 1) return std::nullopt;
  std::int64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::string unix_time_text(std::chrono::sys_seconds time, TimestampUnit unit) {
  constexpr std::int64_t kSecondsMax = 999'999'999'999;
  const std::int64_t seconds = std::clamp<std::int64_t>(time.time_since_epoch().count(), 0, kSecondsMax);
  return std::to_string(seconds * scale_of(unit));
}

// The distance is taken unsigned: no pair of times can overflow it.
std::optional<VerifyError> check_window(std::int64_t time, TimestampUnit unit, std::chrono::sys_seconds now,
                                        std::chrono::seconds tolerance) noexcept {
  if (tolerance.count() == 0) return std::nullopt;
  const std::int64_t ours = scaled(now.time_since_epoch().count(), unit);
  const std::int64_t limit = scaled(tolerance.count(), unit);
  const auto distance =
      static_cast<std::uint64_t>(std::max(ours, time)) - static_cast<std::uint64_t>(std::min(ours, time));
  if (limit >= 0 && distance <= static_cast<std::uint64_t>(limit)) return std::nullopt;
  return time <= ours ? VerifyError::timestamp_too_old : VerifyError::timestamp_too_new;
}

}  // namespace creel
