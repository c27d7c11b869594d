#include "cli/chaos.h"

#include <algorithm>

#include "cli/json.h"

namespace creel::cli {
namespace {

void reverse_members(Json& json) {
  if (auto* members = std::get_if<Json::Object>(&json.value)) {
    std::ranges::reverse(*members);
    for (auto& [name, member] : *members)
      reverse_members(member);
  } else if (auto* items = std::get_if<Json::Array>(&json.value)) {
    for (Json& item : *items)
      reverse_members(item);
  }
}

std::string reversed_fields(std::string_view form) {
  std::string reversed;
  while (!form.empty()) {
    const std::size_t end = std::min(form.find('&'), form.size());
    const std::string field(form.substr(0, end));
    reversed = reversed.empty() ? field : field + "&" + reversed;
    form.remove_prefix(std::min(end + 1, form.size()));
  }
  return reversed;
}

}  // namespace

std::string truncated(std::string_view body) {
  return std::string(body.substr(0, body.size() / 2));
}

std::string shuffled(std::string_view body) {
  std::string changed;
  if (auto json = Json::parse(body)) {
    reverse_members(*json);
    changed = json->dump();
  } else {
    changed = reversed_fields(body);
  }
  if (changed == body) changed += ' ';
  return changed;
}

}  // namespace creel::cli
