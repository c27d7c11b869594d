// Which headers and query fields are a credential by their name, and how a query is taken apart to find them.
//
// One list for both sides: what comes in is masked before it is stored, and what goes out leaves it behind. A
// source can name more, and knows what a name only looks like: Receiver has both.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace creel {

// What a masked credential begins with in the store. No such value leaves it.
inline constexpr std::string_view kMaskPrefix = "creel-hmac:";

// Authorization, Cookie, Set-Cookie, every Proxy-… header, and names that end in authorization, token,
// secret, password, api-key or access-key. Signature headers are none: they are good for one body only.
bool is_credential_header(std::string_view name);

// Those among them that are one whatever a source reads there: Authorization, Cookie, Set-Cookie, Proxy-….
bool is_login_header(std::string_view name);

// token, access_token, verify_token, hub.verify_token, api_key, apikey, key, secret, client_secret, password,
// auth; without regard to case. `name` is decoded.
bool is_credential_field(std::string_view name);

// One field of a query, as it stands there: still encoded.
struct QueryField {
  std::string_view text, name, value;
  bool has_value = false;
};
QueryField query_field(std::string_view text);

// "%74oken" and "a+b" as what they mean.
std::string decoded_query(std::string_view text);

// Calls `each` with every field of a query, in order.
template <class Each>
void take_query_apart(std::string_view query, Each each) {
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = query.find('&', begin);
    each(query_field(query.substr(begin, end - begin)));
    if (end == std::string_view::npos) return;
    begin = end + 1;
  }
}

// Whether `field` has a value and a name that `is_credential` says yes to; it is given the decoded name.
template <class IsCredential>
bool is_credential_query(const QueryField& field, IsCredential is_credential) {
  if (!field.has_value) return false;
  if (field.name.find_first_of("%+") == std::string_view::npos) return is_credential(field.name);
  const std::string name = decoded_query(field.name);
  return is_credential(std::string_view(name));
}

// The same with the word of a source (a Receiver): what it calls its credential is one, and a header that it
// reads, an id or a signature by the name of X-Idempotency-Token, is none.
template <class Source>
bool is_credential_header_of(std::string_view name, const Source& source) {
  if (source.is_credential_header(name)) return true;
  return is_credential_header(name) && (is_login_header(name) || !source.reads_header(name));
}

// A source whose provider signs the address signs the query: it is kept as it came, but for its credential.
template <class Source>
bool is_credential_query_of(const QueryField& field, const Source& source) {
  return is_credential_query(field, [&source](std::string_view name) {
    return source.is_credential_query(name) || (is_credential_field(name) && !source.signs_query());
  });
}

}  // namespace creel
