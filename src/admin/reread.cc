#include "admin/reread.h"

#include <utility>
#include <vector>

#include "http/head.h"
#include "verify/reading.h"

namespace creel::admin {
namespace {

// The id that the scheme signs along with the body: what a Proof would have had.
std::string_view signed_id(const Provider& row, Headers headers) {
  if (row.scheme == Scheme::standard_webhooks) {
    for (std::string_view prefix : row.header_prefixes) {
      if (const auto id = find_header(headers, std::string(prefix) + "id")) return *id;
    }
    return {};
  }
  const bool has_id = row.scheme == Scheme::signature &&
                      row.signature.content.find("{id}") != std::string_view::npos && !row.dedupe.empty() &&
                      !row.dedupe.front().empty();
  if (!has_id || row.dedupe.front().front().in != Field::In::header) return {};
  return find_header(headers, row.dedupe.front().front().name).value_or("");
}

}  // namespace

std::optional<Reread> reread(const StoredEvent& event, const Provider& row, bool dedupe_by_body) {
  // Masks make a head longer than the one that came.
  constexpr http::HeadLimits kLimits{.bytes_max = std::size_t{1} << 20, .headers_max = 1000};
  const std::string head = event.head + "\r\n";
  std::vector<Header> headers;
  const auto parsed = http::check_head(head, kLimits, headers);
  if (!parsed) return std::nullopt;
  // One event of an array is read as such: the array around it is gone, one of its own does as well.
  const bool is_item = !event.is_whole && row.is_array;
  const std::string body = is_item ? "[" + event.body + "]" : event.body;
  const IncomingRequest request{
      .method = parsed->method, .query = parsed->query, .headers = headers, .body = body};
  const Proof proof{.key_index = 0, .id = signed_id(row, headers)};
  auto items =
      read_events({.provider = row, .request = request, .proof = proof, .dedupe_by_body = dedupe_by_body});
  if (!items || items->size() != 1) return std::nullopt;
  ReceivedItem& item = items->front();
  return Reread{.dedupe_key = std::move(item.dedupe_key),
                .provider_id = std::move(item.provider_id),
                .type = std::move(item.type),
                .subject = std::move(item.subject)};
}

}  // namespace creel::admin
