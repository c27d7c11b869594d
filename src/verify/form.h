// Bodies and queries of application/x-www-form-urlencoded, as the URL standard reads them
// (https://url.spec.whatwg.org/#urlencoded-parsing).
//
// There is no text that is no form: a '%' without two hex digits after it stands for itself, a field without
// '=' has an empty value, and an empty field is none.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <creel/webhooks.h>

namespace creel {

struct FormField {
  std::string name;  // decoded, as the value is: any bytes
  std::string value;

  bool operator==(const FormField&) const = default;
};

// More than any provider sends. A body of nothing but '&a' would else take sixty times its size.
inline constexpr std::size_t kFormFieldsMax = 10'000;

// The fields in their order, repeated ones too; nothing when there are more than `fields_max`.
std::optional<std::vector<FormField>> parse_form(std::string_view text,
                                                 std::size_t fields_max = kFormFieldsMax);

// The value of the first field with this name, or null.
const std::string* find_form_value(std::span<const FormField> fields, std::string_view name);

// Whether Content-Type says that the body is such a form, with parameters ("; charset=utf-8") or without.
bool is_form(Headers headers);

}  // namespace creel
