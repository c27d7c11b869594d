// Where a request carries its signatures and its timestamp, by the provider's rule. Nothing is checked here
// but that each stands once and in the rule's form.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <creel/provider.h>

#include "verify/request_body.h"

namespace creel {

inline constexpr std::size_t kSignaturesMax = 16;

// Views into the request. An empty text counts as one that is missing.
struct SeenSignatures {
  std::array<std::string_view, kSignaturesMax> texts;  // the first `count` of them
  std::size_t count = 0;
  std::string_view timestamp;  // "" where none stands beside the signatures
  bool has_others = false;     // signatures of versions that the rule does not know

  std::span<const std::string_view> view() const { return std::span(texts).first(count); }
};

// The value of a header; "" when it is missing. The error is conflicting_header: it stands twice with
// different values.
std::expected<std::string_view, VerifyError> single_header(Headers headers, std::string_view name);

// Adds the signatures of one header or field. False: it is not in the rule's form, or there are too many.
std::optional<VerifyError> add_signatures(const SignatureRule& rule, std::string_view value,
                                          SeenSignatures& seen);

// Texts of a body, each at a JSON pointer or, in a form, of the field "/name". A number that is whole counts
// as its digits; what is missing, and a field that stands twice with different values, is "". JSON is read
// with the library's one reader, so views that it gave before are gone. `out` is as long as `pointers`.
void read_body_texts(const Provider& provider, const IncomingRequest& request, BodyTrust trust,
                     std::span<const std::string_view> pointers, std::span<std::string> out);

// ASCII digits without a leading zero: one to twelve of seconds, one to fifteen of milliseconds.
std::optional<std::int64_t> parse_unix_time(std::string_view text, TimestampUnit unit) noexcept;

// The time as the provider writes it; beyond what it can write, the last that it can.
std::string unix_time_text(std::chrono::sys_seconds time, TimestampUnit unit);

// Whether `time` is no further than `tolerance` from `now`, both ends included, in the rule's unit. A
// tolerance of 0 means no window; a negative one is never kept.
std::optional<VerifyError> check_window(std::int64_t time, TimestampUnit unit, std::chrono::sys_seconds now,
                                        std::chrono::seconds tolerance) noexcept;

}  // namespace creel
