#include "verify/request_body.h"

#include <algorithm>
#include <utility>

#include "verify/json.h"

namespace creel {
namespace {

std::expected<simdjson::dom::element, JsonError> parse(std::string_view text, BodyTrust trust) {
  return trust == BodyTrust::genuine ? parse_genuine_json(text) : parse_json(text);
}

std::expected<RequestBody, std::string_view> read_form(std::string_view text, BodyTrust trust,
                                                       bool is_strict) {
  auto fields = parse_form(text);
  if (!fields) return std::unexpected("the form in the body has more than 10000 fields");
  RequestBody body{.json = std::nullopt, .form = *std::move(fields)};
  const std::string* payload = find_form_value(body.form, "payload");
  if (payload == nullptr) return body;
  const auto json = parse(*payload, trust);
  if (json) {
    body.json = *json;
  } else if (is_strict) {
    return std::unexpected("the field \"payload\" of the form in the body is not JSON that can be read");
  }
  return body;
}

}  // namespace

bool begins_like_json(std::string_view body) {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  return first != body.npos && (body[first] == '{' || body[first] == '[');
}

bool signs_sorted_form(const Provider& provider) {
  return provider.scheme == Scheme::signature && provider.signature.content.contains("{sorted_form}");
}

bool is_form_body(const Provider& provider, const IncomingRequest& request) {
  if (provider.body == BodyKind::json || !is_form(request.headers)) return false;
  return signs_sorted_form(provider) || !begins_like_json(request.body);
}

std::expected<RequestBody, std::string_view> read_request_body(const Provider& provider,
                                                               const IncomingRequest& request,
                                                               BodyTrust trust) {
  const bool takes_any = provider.body == BodyKind::any;
  if (is_form_body(provider, request)) {
    auto body = read_form(request.body, trust, !takes_any);
    if (!body && takes_any) return RequestBody();
    return body;
  }
  const auto json = parse(request.body, trust);
  if (json) return RequestBody{.json = *json, .form = {}};
  if (takes_any) return RequestBody();
  return std::unexpected(describe(json.error()));
}

std::string sorted_form_text(std::span<const FormField> form) {
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  pairs.reserve(form.size());
  for (const FormField& field : form)
    pairs.emplace_back(field.name, field.value);
  std::ranges::sort(pairs);
  const auto repeated = std::ranges::unique(pairs);
  pairs.erase(repeated.begin(), repeated.end());
  std::string text;
  for (const auto& [name, value] : pairs) {
    text += name;
    text += value;
  }
  return text;
}

}  // namespace creel
