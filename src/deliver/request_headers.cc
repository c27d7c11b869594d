#include "deliver/request_headers.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <creel/provider.h>
#include <creel/webhooks.h>

#include "core/credentials.h"
#include "core/ids.h"
#include "core/text.h"

namespace creel {
namespace {

// Of one connection (RFC 9110 §7.6.1), of this server, or said anew by libcurl.
constexpr std::array<std::string_view, 10> kDropped = {
    "connection", "keep-alive", "te",     "trailer",        "transfer-encoding",
    "upgrade",    "host",       "expect", "content-length", "http2-settings"};

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}
template <class Names>
bool is_one_of(std::string_view name, const Names& names) {
  return std::ranges::any_of(names,
                             [name](std::string_view other) { return equal_ignoring_case(name, other); });
}

// Whether `header` proves who sends it. A masked value tells so even when its source is no more.
bool is_credential(const Header& header, const Receiver* receiver) {
  if (header.value.starts_with(kMaskPrefix)) return true;
  return receiver ? is_credential_header_of(header.name, *receiver) : is_credential_header(header.name);
}
// By its name even where the query is signed: it was signed for another address than the destination's.
bool is_credential(const QueryField& field, const Receiver* receiver) {
  if (field.has_value && field.value.starts_with(kMaskPrefix)) return true;
  return is_credential_query(field, [receiver](std::string_view name) {
    return is_credential_field(name) || (receiver && receiver->is_credential_query(name));
  });
}

bool is_never_forwarded(const Header& header, const Receiver* receiver) {
  return is_one_of(header.name, kDropped) || begins_with(header.name, "creel-") ||
         is_credential(header, receiver);
}

constexpr std::array<bool, 256> make_token_bytes() {
  std::array<bool, 256> is{};
  for (const char c :
       std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    is[static_cast<unsigned char>(c)] = true;
  return is;
}
constexpr std::array<bool, 256> kTokenBytes = make_token_bytes();

bool is_token(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return kTokenBytes[static_cast<unsigned char>(c)]; });
}
bool has_control(std::string_view value) {
  return std::ranges::any_of(
      value, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}
std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

// Takes the first line off `head`, without its end.
std::string_view take_line(std::string_view& head) {
  const auto end = head.find('\n');
  std::string_view line = head.substr(0, end);
  head.remove_prefix(end == std::string_view::npos ? head.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Every header line that can be sent on as it is.
std::vector<Header> headers_of(std::string_view head) {
  std::vector<Header> headers;
  headers.reserve(32);
  take_line(head);
  while (!head.empty()) {
    const std::string_view line = take_line(head);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    if (is_token(name) && !has_control(value)) headers.push_back({name, value});
  }
  return headers;
}

// The names that the Connection headers list: they belong to one connection too.
std::vector<std::string_view> connection_names(Headers headers) {
  std::vector<std::string_view> names;
  for (const auto& [name, list] : headers) {
    if (!equal_ignoring_case(name, "connection")) continue;
    for (std::string_view value = list; !value.empty();) {
      const auto comma = std::min(value.find(','), value.size());
      names.push_back(trimmed(value.substr(0, comma)));
      value.remove_prefix(std::min(comma + 1, value.size()));
    }
  }
  return names;
}

std::string_view query_of(std::string_view head) {
  std::string_view line = take_line(head);
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || last <= first) return {};
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const auto question = target.find('?');
  if (question == std::string_view::npos) return {};
  std::string_view query = target.substr(question + 1);
  return query.substr(0, query.find('#'));
}

// How this destination is signed: a stranger never gets what a provider's signature covers.
SignMode sign_mode(const Destination& destination) {
  if (!destination.untrusted || destination.sign == SignMode::standard) return destination.sign;
  return SignMode::none;
}

// By the source's own scheme. Nothing where its keys cannot sign: what the provider sent goes on instead.
std::expected<Receiver::Signed, std::string> sign_as_source(const Destination& destination,
                                                            const StoredEvent& event,
                                                            const Receiver* receiver,
                                                            const Receiver::SignRequest& request) {
  if (!event.is_whole) {
    return std::unexpected(
        "the event is one item of a larger request, which the source's signature cannot cover");
  }
  if (!receiver)
    return std::unexpected("the event's source is not configured any more, so nothing can sign for it");
  if (!receiver->can_sign()) return {};
  if (receiver->sends_secret() && !destination.sign_explicit) return {};
  Receiver::Signed made = receiver->sign(request);
  if (made.headers.empty() && made.query.empty())
    return std::unexpected("no secret of the event's source is valid now, so nothing can sign for it");
  return made;
}

std::expected<Receiver::Signed, std::string> sign(const Destination& destination, const StoredEvent& event,
                                                  const Receiver* receiver,
                                                  const Receiver::SignRequest& request,
                                                  const Signer* signer) {
  switch (sign_mode(destination)) {
    case SignMode::original:
    case SignMode::none:
      return {};
    case SignMode::source:
      return sign_as_source(destination, event, receiver, request);
    case SignMode::standard: {
      if (!destination.secret || !destination.secret->can_sign()) {
        return std::unexpected("the destination has no secret to sign with");
      }
      const std::string id = to_text(event.id);
      std::string signature = signer ? signer->sign(id, request.now, event.body)
                                     : Signer(*destination.secret).sign(id, request.now, event.body);
      Receiver::Signed made;
      made.headers.push_back({"webhook-id", id});
      made.headers.push_back({"webhook-timestamp", std::to_string(request.now.time_since_epoch().count())});
      made.headers.push_back({"webhook-signature", std::move(signature)});
      return made;
    }
  }
  std::unreachable();
}

// Whether any provider has its signature or its credential in a header of this name.
bool is_any_signature(std::string_view name) {
  constexpr std::array<std::string_view, 2> kAlways{"webhook-signature", "svix-signature"};
  return is_one_of(name, kAlways) || std::ranges::any_of(all_providers(), [name](const Provider& provider) {
           return is_one_of(name, provider.signature_headers) ||
                  std::ranges::any_of(provider.credentials, [name](const CredentialPlace& place) {
                    return place.kind == CredentialPlace::Kind::header &&
                           equal_ignoring_case(place.name, name);
                  });
         });
}

// Whether a header carries a signature that this destination is not to have: that of the event's provider; of
// any, when the source is not known any more, and for a stranger, since a provider may sign in several ways,
// of which the source checks one.
bool is_signature(std::string_view name, const Destination& destination, const Receiver* receiver) {
  if (receiver && is_one_of(name, receiver->provider().signature_headers)) return true;
  return (!receiver || destination.untrusted) && is_any_signature(name);
}

// Whether the destination's settings say this header themselves.
bool is_said_by_destination(std::string_view name, const Destination& destination, const AuthLine* auth) {
  if (auth && equal_ignoring_case(name, auth->name)) return true;
  return std::ranges::any_of(destination.http.headers,
                             [name](const auto& added) { return equal_ignoring_case(name, added.first); });
}

// creel's own headers.
void add_own(const Destination& destination, const AttemptOrder& order, HeaderLines& into) {
  const StoredEvent& event = *order.content;
  into.add("creel-event-id", to_text(event.id));
  into.add("creel-delivery-id",
           to_text(DeliveryId{.event = event.id, .destination = destination.name, .ordinal = order.ordinal}));
  into.add("creel-attempt", std::to_string(order.number));
  if (!has_control(event.source)) into.add("creel-source", event.source);
}

// Adds fields to the query of `url`, with every byte that cannot stand in one escaped.
void append_query(std::string& url, std::string_view query) {
  if (query.empty()) return;
  if (!url.contains('?')) {
    url.push_back('?');
  } else if (!url.ends_with('?') && !url.ends_with('&')) {
    url.push_back('&');
  }
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : query) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f) {
      url.push_back(c);
    } else {
      url.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
}

}  // namespace

bool can_be_added(std::string_view header) {
  return can_authenticate(header) && !is_any_signature(header);
}
bool can_authenticate(std::string_view header) {
  return is_token(header) && !is_one_of(header, kDropped) && !begins_with(header, "creel-") &&
         !begins_with(header, "proxy-");
}
bool is_header_value(std::string_view value) {
  return !has_control(value);
}

void HeaderLines::add(std::string_view name, std::string_view value) {
  text.append(name);
  // libcurl takes "name:" as a wish to leave the header out; "name;" sends it empty.
  if (value.empty()) {
    text.push_back(';');
  } else {
    text.append(": ").append(value);
  }
  text.push_back('\0');
  ++count;
}

std::expected<void, std::string> write_request(const Destination& destination, const AttemptOrder& order,
                                               const Receiver* receiver, Time now, OutgoingRequest& into,
                                               const Signer* signer, const AuthLine* auth) {
  into.headers.clear();
  const StoredEvent& event = *order.content;
  const auto headers = headers_of(event.head);
  into.url = request_url(destination.url, event.head, receiver);
  const auto made = sign(destination, event, receiver,
                         {.provider_id = event.provider_id,
                          .body = event.body,
                          .content_type = find_header(headers, "content-type").value_or(""),
                          .url = into.url,
                          .now = std::chrono::floor<std::chrono::seconds>(now)},
                         signer);
  if (!made) return std::unexpected(made.error());
  append_query(into.url, made->query);

  const SignMode mode = sign_mode(destination);
  // Beside a fresh signature an old one of the same scheme would only be the one that is looked at first.
  const bool drops_signature = mode == SignMode::standard || mode == SignMode::none || !made->headers.empty();
  const auto listed = connection_names(headers);
  bool has_content_type = false, has_accept = false;
  for (const Header& header : headers) {
    const std::string_view name = header.name;
    const auto is_signed_anew = [name](const auto& other) { return equal_ignoring_case(name, other.name); };
    if (is_never_forwarded(header, receiver) || is_one_of(name, listed)) continue;
    if (drops_signature && is_signature(name, destination, receiver)) continue;
    if (std::ranges::any_of(made->headers, is_signed_anew)) continue;
    if (is_said_by_destination(name, destination, auth)) continue;
    has_content_type |= equal_ignoring_case(name, "content-type");
    has_accept |= equal_ignoring_case(name, "accept");
    into.headers.add(name, header.value);
  }
  for (const auto& header : made->headers) {
    if (!is_said_by_destination(header.name, destination, auth)) into.headers.add(header.name, header.value);
  }
  for (const auto& [name, value] : destination.http.headers) {
    if (!can_be_added(name) || !is_header_value(value)) continue;
    has_content_type |= equal_ignoring_case(name, "content-type");
    has_accept |= equal_ignoring_case(name, "accept");
    into.headers.add(name, value);
  }
  if (auth && !auth->name.empty()) into.headers.add(auth->name, auth->value);
  add_own(destination, order, into.headers);
  // What libcurl would add of itself.
  for (const auto& [is_there, line] :
       {std::pair(has_content_type, std::string_view("Content-Type:")),
        std::pair(has_accept, std::string_view("Accept:")), std::pair(false, std::string_view("Expect:"))}) {
    if (is_there) continue;
    into.headers.text.append(line).push_back('\0');
    ++into.headers.count;
  }
  return {};
}

std::string request_url(std::string_view destination_url, std::string_view event_head,
                        const Receiver* receiver) {
  std::string url(destination_url.substr(0, destination_url.find('#')));
  const std::string_view query = query_of(event_head);
  if (query.empty()) return url;
  bool has_credential = false;
  take_query_apart(query, [&](const QueryField& field) { has_credential |= is_credential(field, receiver); });
  if (!has_credential) {
    append_query(url, query);
    return url;
  }
  take_query_apart(query, [&](const QueryField& field) {
    if (!is_credential(field, receiver)) append_query(url, field.text);
  });
  return url;
}

}  // namespace creel
