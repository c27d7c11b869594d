// A provider's rule for signatures, worked out once: its text compiled, and where each value of it stands.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <creel/provider.h>

#include "verify/template.h"

namespace creel {

// Views into the provider's row.
struct SignaturePlan {
  enum class Place : std::uint8_t { nowhere, pair, header, body };

  // The error is a sentence that says what is wrong with the rule.
  static std::expected<SignaturePlan, std::string_view> make(const Provider& provider);

  TextTemplate text;
  std::string_view id_header;  // of {id}; "" where that is not signed

  // One signed text must not be read in two ways: else whoever saw a request could move what stands on one
  // side of a border to the other and send another event under the same signature. See find_borders().
  std::string id_forbidden;                     // characters that {id} must not hold
  std::vector<std::string> pointers_forbidden;  // the same of each {/pointer}, in their order
  std::string query_forbidden;                  // of the query in {url}
  bool is_query_plain = false;                  // it holds nothing but printable ASCII
  bool is_url_before_body = false;              // with nothing between that could not stand in a query
  bool is_url_after_body = false;

  Place time = Place::nowhere;
  std::string_view time_name;     // the header, or the pointer into the body
  bool signs_time = false;        // it is part of the text
  bool reads_time_first = false;  // it is in the body, and read before anything is verified
  // How many digits it must have, or 0 for any number of them. Where nothing stands between the time and a
  // text of the sender's, digits could move from one to the other under the same signature.
  std::size_t time_digits = 0;

  // What is read from the body before its signature is checked: first the pointers of the text, then from
  // `signatures_at` the signatures, then at `time_at` the time.
  std::vector<std::string_view> pointers;
  std::size_t signatures_at = 0;
  std::size_t time_at = 0;
};

}  // namespace creel
