#include "cli/body_edit.h"

#include <fmt/format.h>

#include <creel/webhooks.h>
#include <algorithm>
#include <array>
#include <charconv>

#include "cli/json.h"
#include "core/text.h"
#include "verify/form.h"
#include "verify/percent.h"

namespace creel::cli {
namespace {

// The place that "data.id" or "data.items.0" names, made on the way where it is missing. Null when the path
// goes through something that has no members.
Json* place_of(Json& body, std::string_view path) {
  Json* place = &body;
  while (true) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    const std::string_view name = path.substr(0, dot);
    if (name.empty()) return nullptr;
    if (auto* array = std::get_if<Json::Array>(&place->value)) {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
      if (error != std::errc{} || end != name.data() + name.size() || index >= array->size()) return nullptr;
      place = &(*array)[index];
    } else if (std::holds_alternative<Json::Object>(place->value)) {
      if (!place->find(name)) place->set(name, Json::object());
      place = place->find(name);
    } else {
      return nullptr;
    }
    if (dot == path.size()) return place;
    path.remove_prefix(dot + 1);
  }
}

bool set_in_json(Json& body, std::string_view path, const std::string& value) {
  Json* place = place_of(body, path);
  if (place) *place = Json::parse(value).value_or(Json::of(value));
  return place != nullptr;
}

bool set_in_form(std::vector<FormField>& fields, std::string_view path, const std::string& value) {
  const auto whole = std::ranges::find(fields, path, &FormField::name);
  if (whole != fields.end()) {
    whole->value = value;
    return true;
  }
  const std::size_t dot = path.find('.');
  const auto holder = std::ranges::find(fields, path.substr(0, dot), &FormField::name);
  if (dot != std::string_view::npos && holder != fields.end()) {
    auto json = Json::parse(holder->value);
    if (!json || !set_in_json(*json, path.substr(dot + 1), value)) return false;
    holder->value = json->dump();
    return true;
  }
  fields.push_back({std::string(path), value});
  return true;
}

std::string form_text(const std::vector<FormField>& fields) {
  std::string text;
  for (const FormField& field : fields) {
    text += (text.empty() ? "" : "&") + percent_encoded_field(field.name) + "=" +
            percent_encoded_field(field.value);
  }
  return text;
}

}  // namespace

std::expected<void, std::string> edit_body(const std::vector<std::string>& assignments,
                                           std::string_view content_type, std::string& body) {
  if (assignments.empty()) return {};
  const std::array<Header, 1> type{{{"content-type", content_type}}};
  auto fields = is_form(type) ? parse_form(body) : std::nullopt;
  auto json = fields ? std::nullopt : Json::parse(body);
  if (!fields && !json) return std::unexpected("--set: the body is neither JSON nor a form");
  for (const std::string& assignment : assignments) {
    const std::size_t equals = assignment.find('=');
    const bool is_set = equals != std::string::npos && equals > 0 &&
                        (fields ? set_in_form(*fields, std::string_view(assignment).substr(0, equals),
                                              assignment.substr(equals + 1))
                                : set_in_json(*json, std::string_view(assignment).substr(0, equals),
                                              assignment.substr(equals + 1)));
    if (!is_set) {
      return std::unexpected(fmt::format("--set {}: write a path, = and a value, such as data.id=batch_42",
                                         displayed(assignment)));
    }
  }
  body = fields ? form_text(*fields) : json->dump();
  return {};
}

bool set_at_pointer(std::string_view pointer, std::string_view text, std::string& body) {
  auto json = Json::parse(body);
  if (!json || !pointer.starts_with('/')) return false;
  std::string path(pointer.substr(1));
  std::ranges::replace(path, '/', '.');
  Json* place = place_of(*json, path);
  if (!place) return false;
  *place = Json::of(text);
  body = json->dump();
  return true;
}

}  // namespace creel::cli
