// Percent-encoding (RFC 3986), and the queries and forms that are made of it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace creel {

// '+' is a space; a '%' without two hex digits after it stands for itself.
std::string percent_decoded(std::string_view text);

// Everything but letters, digits and "-._~" is encoded.
std::string percent_encoded_field(std::string_view text);

// Calls `each(name, value)` with every field of a query that has an '=', as it was sent.
template <class Each>
void for_each_query_field(std::string_view query, Each each) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view field = query.substr(0, end);
    const std::size_t equals = field.find('=');
    if (equals != std::string_view::npos) each(field.substr(0, equals), field.substr(equals + 1));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
}

}  // namespace creel
