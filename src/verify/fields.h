// The values of a genuine request, or of one event in it, by where a provider's row says that they stand.
#pragma once

#include <simdjson.h>

#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <creel/provider.h>

#include "verify/form.h"

namespace creel {

// Where fields are looked up. JSON wins over a form where there are both.
struct FieldPlaces {
  Headers headers;
  std::optional<simdjson::dom::element> json;
  std::span<const FormField> form;
};

// Room for a number that becomes a text.
using NumberText = std::array<char, 32>;

// A text as it stands there; numbers and booleans become texts, since an id may be either. "" when nothing is
// there, or null, an object or an array. A view into the places, the row or `room`.
std::string_view find_text(const FieldPlaces& places, const Field& field, NumberText& room);

// The first that is there and not empty, with its name of ours where there is one, its prefix and its
// qualifier, to be shown: see readable().
std::string first_readable(const FieldPlaces& places, std::span<const Field> fields,
                           std::span<const TypeName> names = {});

// The first that can be read as a time.
std::optional<std::chrono::sys_seconds> first_time(const FieldPlaces& places, std::span<const Field> fields);

// For types and subjects: at most 256 bytes, cut between characters; control characters and bytes that are no
// UTF-8 become '?'.
inline constexpr std::size_t kReadableBytesMax = 256;
std::string readable(std::string_view text);

// For ids: the text itself, so that it can be searched for and sent back. One of more than 512 bytes, or with
// a control character or bytes that are no UTF-8, is no id that anybody types: "sha256:" and its hash stand
// for it. So an id never holds a line break.
inline constexpr std::size_t kIdBytesMax = 512;
std::string as_id(std::string_view text);

}  // namespace creel
