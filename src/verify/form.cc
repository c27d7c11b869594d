#include "verify/form.h"

#include <algorithm>

#include "verify/headers.h"
#include "verify/percent.h"

namespace creel {

std::optional<std::vector<FormField>> parse_form(std::string_view text, std::size_t fields_max) {
  std::vector<FormField> fields;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (field.empty()) continue;
    if (fields.size() == fields_max) return std::nullopt;
    const std::size_t equals = std::min(field.find('='), field.size());
    const std::string_view value = field.substr(std::min(equals + 1, field.size()));
    fields.push_back({.name = percent_decoded(field.substr(0, equals)), .value = percent_decoded(value)});
  }
  return fields;
}

const std::string* find_form_value(std::span<const FormField> fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &FormField::name);
  return found == fields.end() ? nullptr : &found->value;
}

bool is_form(Headers headers) {
  std::string_view type = find_header(headers, "content-type").value_or("");
  type = type.substr(0, type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t'))
    type.remove_suffix(1);
  return equals_ignoring_case(type, "application/x-www-form-urlencoded");
}

}  // namespace creel
