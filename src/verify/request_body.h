// What a request's body is, JSON or a form, and what stands in it.
//
// One place says so for whoever verifies and whoever reads. Were the same signed bytes JSON to one and a form
// to the other, one signature would stand for two events: Content-Type is not signed, and who sends a request
// again may change it.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <creel/provider.h>

#include "verify/form.h"

namespace creel {

struct RequestBody {
  std::optional<simdjson::dom::element> json;  // wins where there are both; see parse_json for its lifetime
  std::vector<FormField> form;
};

// Which reader JSON is given to: parse_json, or parse_genuine_json for bytes that are verified.
enum class BodyTrust : std::uint8_t { unverified, genuine };

// Whether the first character is one that JSON objects and arrays begin with. Every encoder of forms escapes
// both.
bool begins_like_json(std::string_view body);

// Whether the sorted fields of a form are what the provider signs of it.
bool signs_sorted_form(const Provider& provider);

// Whether the body is a form: the row has forms, Content-Type says so, and it does not begin like JSON. Where
// the sorted fields are signed Content-Type decides alone: they are all that the signature covers.
bool is_form_body(const Provider& provider, const IncomingRequest& request);

// A form's field "payload", where there is one, is read as JSON. The error is a sentence; a row that takes
// any body has none, and finds nothing instead.
std::expected<RequestBody, std::string_view> read_request_body(const Provider& provider,
                                                               const IncomingRequest& request,
                                                               BodyTrust trust);

// {sorted_form}: of each name in order its values in order, each once, as name and value.
std::string sorted_form_text(std::span<const FormField> form);

}  // namespace creel
