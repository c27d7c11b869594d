// The parameters of a request's query string.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace creel::admin {

// "%41+b" → "A b". What is no escape stays as it is.
std::string percent_decoded(std::string_view text, bool plus_is_space);

class Query {
 public:
  explicit Query(std::string_view text);

  // The first parameter with this name; "" when there is none.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  // All parameters with this name, each split at its commas; empty parts are left out.
  std::vector<std::string> list(std::string_view name) const;
  // A parameter that is none of `known`, so that a mistyped filter is an error and not an unfiltered answer.
  std::optional<std::string_view> unknown(const std::vector<std::string_view>& known) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace creel::admin
