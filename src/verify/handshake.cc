#include "verify/handshake.h"

#include <algorithm>

#include "verify/digest.h"
#include "verify/form.h"
#include "verify/json.h"
#include "verify/request_body.h"

namespace creel {
namespace {

// Challenges are far shorter, and what is echoed is never more than a line of text.
constexpr std::size_t kEchoBytesMax = 1024;
// Handshakes are small. A large body is an event, and need not be parsed to find that out.
constexpr std::size_t kHandshakeBytesMax = std::size_t{16} << 10;

bool can_be_echoed(std::string_view text) {
  return !text.empty() && text.size() <= kEchoBytesMax &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

Reply echo(std::string_view text) {
  return {.status = 200, .body = std::string(text)};
}

Reply json_reply(std::string text) {
  return {.status = 200, .body = std::move(text), .content_type = "application/json"};
}

std::optional<std::string_view> text_at(const simdjson::dom::element& root, std::string_view pointer) {
  std::string_view text;
  if (root.at_pointer(pointer).get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

std::optional<Reply> answer_body_challenge(const IncomingRequest& request) {
  if (is_form(request.headers) && !begins_like_json(request.body)) {
    const auto fields = parse_form(request.body);
    const std::string* check = fields ? find_form_value(*fields, "ssl_check") : nullptr;
    if (check == nullptr || *check != "1") return std::nullopt;
    for (std::string_view of_event : {"payload", "command"}) {
      if (find_form_value(*fields, of_event) != nullptr) return std::nullopt;
    }
    return echo("");
  }
  if (!request.body.contains("url_verification")) return std::nullopt;
  const auto root = parse_json(request.body);
  if (!root || text_at(*root, "/type") != "url_verification") return std::nullopt;
  const auto challenge = text_at(*root, "/challenge");
  if (!challenge || !can_be_echoed(*challenge)) return std::nullopt;
  return echo(*challenge);
}

// Of printable ASCII.
std::string quoted(std::string_view text) {
  std::string json = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    json += c;
  }
  return json += '"';
}

std::optional<Reply> answer_hashed_challenge(const IncomingRequest& request, const SchemeKeys& keys,
                                             const Proof& proof) {
  if (!request.body.contains("endpoint.url_validation")) return std::nullopt;
  const auto root = parse_json(request.body);
  if (!root || text_at(*root, "/event") != "endpoint.url_validation") return std::nullopt;
  const auto token = text_at(*root, "/payload/plainToken");
  if (!token || !can_be_echoed(*token)) return std::nullopt;
  const std::string mac = keys.hex_mac(proof.key_index, *token);
  if (mac.empty()) return std::nullopt;
  return json_reply(R"({"plainToken":)" + quoted(*token) + R"(,"encryptedToken":")" + mac + R"("})");
}

// One provider numbers two things with "type": an interaction's PING is 1 and an event's is 0, while 1 with
// an "event" is an event.
std::optional<Reply> answer_ping(const IncomingRequest& request) {
  const auto root = parse_json(request.body);
  std::int64_t type = -1;
  if (!root || root->at_pointer("/type").get(type) != simdjson::SUCCESS) return std::nullopt;
  if (root->at_pointer("/event").error() == simdjson::SUCCESS) return std::nullopt;
  if (type == 0) return Reply{.status = 204, .body = {}};
  if (type == 1) return json_reply(R"({"type":1})");
  return std::nullopt;
}

// Sent before there is anything to sign. It says nothing and makes no event, so it is believed.
std::optional<Reply> answer_unsigned_ping(const Provider& provider, const IncomingRequest& request) {
  constexpr std::string_view kField = "webhook_id=";
  constexpr std::size_t kDigitsMax = 20;
  if (request.method != "POST" || !request.body.starts_with(kField)) return std::nullopt;
  const std::string_view digits = request.body.substr(kField.size());
  const bool is_number = !digits.empty() && digits.size() <= kDigitsMax &&
                         std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  const bool is_signed = std::ranges::any_of(provider.signature_headers, [&request](std::string_view name) {
    return find_header(request.headers, name).has_value();
  });
  if (!is_number || is_signed) return std::nullopt;
  return Reply{.status = provider.success_status,
               .body = std::string(provider.success_body),
               .content_type = std::string(provider.success_type)};
}

// The time it takes to compare hashes tells nothing of the texts, not even their lengths.
bool is_same(std::string_view a, std::string_view b) {
  return sha256(a) == sha256(b);
}

std::optional<Reply> answer_hub_challenge(std::string_view verify_token, const IncomingRequest& request) {
  if (request.method != "GET") return std::nullopt;
  const auto fields = parse_form(request.query);
  const std::string* mode = fields ? find_form_value(*fields, "hub.mode") : nullptr;
  if (mode == nullptr || *mode != "subscribe") return std::nullopt;
  const std::string* token = find_form_value(*fields, "hub.verify_token");
  if (token == nullptr || verify_token.empty() || !is_same(*token, verify_token))
    return Reply{.status = 403, .body = "Wrong verify token"};
  const std::string* challenge = find_form_value(*fields, "hub.challenge");
  if (challenge == nullptr || !can_be_echoed(*challenge))
    return Reply{.status = 400, .body = "Bad challenge"};
  return echo(*challenge);
}

// The first request has no body. One with a body is an event, whatever its query says.
std::optional<Reply> answer_validation_token(const IncomingRequest& request) {
  if (!request.body.empty() || !request.query.contains("validationToken")) return std::nullopt;
  const auto fields = parse_form(request.query);
  const std::string* token = fields ? find_form_value(*fields, "validationToken") : nullptr;
  if (token == nullptr || !can_be_echoed(*token)) return std::nullopt;
  return echo(*token);
}

}  // namespace

std::optional<Reply> answer_signed_handshake(Handshake handshake, const IncomingRequest& request,
                                             const SchemeKeys& keys, const Proof& proof) {
  if (request.body.size() > kHandshakeBytesMax) return std::nullopt;
  switch (handshake) {
    case Handshake::body_challenge:
      return answer_body_challenge(request);
    case Handshake::hashed_challenge:
      return answer_hashed_challenge(request, keys, proof);
    case Handshake::ping:
      return answer_ping(request);
    case Handshake::none:
    case Handshake::unsigned_ping:
    case Handshake::hub_challenge:
    case Handshake::validation_token:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Reply> answer_open_handshake(Handshake handshake, const Provider& provider,
                                           std::string_view verify_token, const IncomingRequest& request) {
  switch (handshake) {
    case Handshake::unsigned_ping:
      return answer_unsigned_ping(provider, request);
    case Handshake::hub_challenge:
      return answer_hub_challenge(verify_token, request);
    case Handshake::validation_token:
      return answer_validation_token(request);
    case Handshake::none:
    case Handshake::body_challenge:
    case Handshake::hashed_challenge:
    case Handshake::ping:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace creel
