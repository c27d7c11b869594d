#include "verify/reading.h"

#include <algorithm>

#include "verify/digest.h"
#include "verify/fields.h"
#include "verify/items.h"
#include "verify/request_body.h"

namespace creel {
namespace {

// More events in one request than any provider sends. A store counts the events of a request in 16 bits.
constexpr std::size_t kItemsMax = 10'000;

std::unexpected<ReceiveError> invalid(std::string_view detail) {
  return std::unexpected(ReceiveError{
      .cause = ReceiveCause::invalid_json, .verify_error = std::nullopt, .detail = std::string(detail)});
}

// --- The dedupe key
// ------------------------------------------------------------------------------------------------

// The values of the first recipe that is whole. As ids they hold no line break, so that two lists of values
// never make one text.
struct Recipe {
  std::string key;  // "" when none is whole
  std::string first;
  bool has_header = false;
};

std::optional<Recipe> follow(KeyRecipe recipe, const FieldPlaces& places) {
  Recipe made;
  for (const Field& field : recipe) {
    NumberText room;
    const std::string_view text = find_text(places, field, room);
    if (text.empty()) return std::nullopt;
    const bool is_first = &field == recipe.data();
    std::string value = as_id(text);
    made.has_header |= field.in == Field::In::header;
    if (!is_first) made.key += '\n';
    made.key += value;
    if (is_first) made.first = std::move(value);
  }
  if (made.key.size() > kIdBytesMax) made.key = as_id(made.key);
  return made;
}

Recipe first_whole(std::span<const KeyRecipe> recipes, const FieldPlaces& places) {
  for (const KeyRecipe& recipe : recipes) {
    if (recipe.empty()) continue;
    if (auto made = follow(recipe, places)) return *std::move(made);
  }
  return {};
}

// A signature over the body leaves the headers open: whoever saw one request could send it again under
// another id, or another's body under this id before the genuine one comes. So the body is part of the key.
// A token (jwt) covers no header either. A credential vouches for the whole request that carries it, and
// where there is no proof at all, nothing would be won.
bool leaves_headers_open(Scheme scheme) {
  switch (scheme) {
    case Scheme::signature:
    case Scheme::jwt:
      return true;
    case Scheme::standard_webhooks:
    case Scheme::credential:
    case Scheme::none:
      return false;
  }
  return true;
}

// What stands for the body in a key: the bytes, or of a form whose sorted fields alone are signed these,
// since the same fields in another order or with other escapes have the same signature.
std::string hash_of_body(const ReadRequest& read, const FieldPlaces& places, std::string_view body) {
  if (signs_sorted_form(read.provider) && is_form_body(read.provider, read.request))
    return to_hex(sha256(sorted_form_text(places.form)));
  return to_hex(sha256(body));
}

// The key of an event that nothing names.
std::string key_without_id(const ReadRequest& read, const FieldPlaces& places, std::string_view body) {
  const WithoutId without = read.dedupe_by_body ? WithoutId::body : read.provider.without_id;
  std::string key;
  switch (without) {
    case WithoutId::nothing:
      return key;
    case WithoutId::time_and_body:
      for (const Field& time : read.provider.signature.timestamp) {
        NumberText room;
        key = as_id(find_text(places, time, room)) + '#';
      }
      break;
    case WithoutId::body:
      break;
  }
  return key + hash_of_body(read, places, body);
}

// Fills in key and id. An element of an array shares the request's headers, and the id that is signed, with
// its neighbours: where its key has one of them, its own bytes are part of it too.
void identify(const ReadRequest& read, const FieldPlaces& places, bool is_element, ReceivedItem& item) {
  bool needs_body = false;
  if (!read.proof.id.empty() && !is_element) {
    item.provider_id = as_id(read.proof.id);
    if (!read.dedupe_by_body) item.dedupe_key = item.provider_id;
  } else {
    Recipe recipe = first_whole(read.provider.dedupe, places);
    needs_body = recipe.has_header && (is_element || leaves_headers_open(read.provider.scheme));
    if (recipe.key.empty() && !read.proof.id.empty()) {
      recipe.key = recipe.first = as_id(read.proof.id);
      needs_body = true;
    }
    item.provider_id = std::move(recipe.first);
    item.dedupe_key = std::move(recipe.key);
  }
  if (read.dedupe_by_body) item.dedupe_key.clear();
  if (item.dedupe_key.empty()) {
    item.dedupe_key = key_without_id(read, places, item.body);
  } else if (needs_body) {
    item.dedupe_key += '#';
    item.dedupe_key += hash_of_body(read, places, item.body);
  }
}

// --- Events
// --------------------------------------------------------------------------------------------------------

ReceivedItem read_item(const ReadRequest& read, const FieldPlaces& places, std::string_view body,
                       bool is_element) {
  ReceivedItem item;
  item.body = body;
  identify(read, places, is_element, item);
  item.type = first_readable(places, read.provider.types, read.provider.type_names);
  item.subject = first_readable(places, read.provider.subjects);
  item.occurred = first_time(places, read.provider.times);
  return item;
}

std::expected<std::vector<ReceivedItem>, ReceiveError> read_array(const ReadRequest& read,
                                                                  FieldPlaces places) {
  const simdjson::dom::array array = places.json->get_array().value_unsafe();
  if (array.size() > kItemsMax) return invalid("the array in the body has more than 10000 events");
  std::vector<ReceivedItem> items;
  items.reserve(array.size());
  ArrayItems slices(read.request.body);
  for (simdjson::dom::element element : array) {
    const auto slice = slices.next();
    if (!slice) return invalid("the array in the body cannot be taken apart");
    places.json = element;
    items.push_back(read_item(read, places, *slice, true));
  }
  return items;
}

}  // namespace

std::expected<std::vector<ReceivedItem>, ReceiveError> read_events(const ReadRequest& read) {
  const auto body = read_request_body(read.provider, read.request, BodyTrust::genuine);
  if (!body) return invalid(body.error());
  const FieldPlaces places{.headers = read.request.headers, .json = body->json, .form = body->form};
  // The elements of an array in a form are not slices of the body.
  const bool is_array =
      read.provider.is_array && places.json && places.json->is_array() && body->form.empty();
  if (is_array) return read_array(read, places);
  std::vector<ReceivedItem> items;
  items.push_back(read_item(read, places, read.request.body, false));
  return items;
}

}  // namespace creel
