// What was signed, as a text: the same key over another template, another order, another hash.
//
// A request of Standard Webhooks is put as the signature rule that it is an instance of, so that both
// families are tried by the same means.
#include <array>
#include <cstdlib>

#include "verify/forensics_probe.h"
#include "verify/headers.h"

namespace creel::forensics {
namespace {

// A row of the signature family with texts of its own.
struct TextRow {
  explicit TextRow(const Probe& probe) : row(probe.provider()) {
    row.tolerance = std::chrono::seconds(0);
    if (row.scheme != Scheme::standard_webhooks) return;
    std::string_view prefix = row.header_prefixes.front();
    for (std::string_view each : row.header_prefixes) {
      if (find_header(probe.input().request.headers, std::string(each) + "signature")) prefix = each;
    }
    id_name = std::string(prefix) + "id";
    timestamp_name = std::string(prefix) + "timestamp";
    signature_name = std::string(prefix) + "signature";
    id = {in_header(id_name)};
    timestamp = {in_header(timestamp_name)};
    signature = {in_header(signature_name)};
    dedupe = {id};
    row.scheme = Scheme::signature;
    row.dedupe = dedupe;
    row.signature = {.content = "{id}.{timestamp}.{body}",
                     .signatures = signature,
                     .prefix = "v1,",
                     .encoding = SignatureEncoding::base64,
                     .timestamp = timestamp};
  }
  TextRow(const TextRow&) = delete;
  TextRow& operator=(const TextRow&) = delete;

  bool is_hmac() const {
    return row.scheme == Scheme::signature && row.signature.algorithm != SignatureAlgorithm::ed25519 &&
           row.signature.algorithm != SignatureAlgorithm::ecdsa_p256_sha256;
  }
  bool has_timestamp() const {
    return !row.signature.timestamp.empty() || !row.signature.timestamp_pair.empty();
  }
  bool has_id() const { return !id_header(row).empty(); }

  std::string id_name, timestamp_name, signature_name;
  std::array<Field, 1> id{always("")}, timestamp{always("")}, signature{always("")};
  std::array<KeyRecipe, 1> dedupe;
  Provider row;
};

struct TextChange {
  FindingKind kind;
  std::string content;
  std::string what;  // "the body alone"
};

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// The timestamp in the other unit, put into the text in its place.
void add_other_units(const Probe& probe, const TextRow& text, std::vector<TextChange>& changes) {
  const auto value = find_header(probe.input().request.headers, timestamp_header(text.row));
  const std::string content(text.row.signature.content);
  if (!value || value->empty() || value->size() > 15 || content.find("{timestamp}") == std::string::npos)
    return;
  if (value->find_first_not_of("0123456789") != std::string_view::npos) return;
  changes.push_back({FindingKind::timestamp_unit,
                     replaced(content, "{timestamp}", std::string(*value) + "000"),
                     "the time in milliseconds, where the header has seconds"});
  if (value->size() > 3) {
    changes.push_back({FindingKind::timestamp_unit,
                       replaced(content, "{timestamp}", value->substr(0, value->size() - 3)),
                       "the time in seconds, where the header has milliseconds"});
  }
}

std::vector<TextChange> text_changes(const Probe& probe, const TextRow& text) {
  std::vector<TextChange> changes;
  const auto add = [&](FindingKind kind, std::string_view content, std::string_view what) {
    if (content.find("{timestamp}") != content.npos && !text.has_timestamp()) return;
    if (content.find("{id}") != content.npos && !text.has_id()) return;
    if (content != text.row.signature.content)
      changes.push_back({kind, std::string(content), std::string(what)});
  };
  if (text.row.signature.content == "{id}.{timestamp}.{body}") {
    add(FindingKind::id_and_timestamp_swapped, "{timestamp}.{id}.{body}",
        "timestamp, id and body, where it is id, timestamp and body");
  }
  constexpr FindingKind kText = FindingKind::signed_text;
  add(kText, "{body}", "the body alone");
  add(kText, "{id}.{timestamp}.{body}", "id, timestamp and body with full stops between");
  add(kText, "{id}.{body}", "id and body without the timestamp");
  add(kText, "{timestamp}.{body}", "timestamp and body with a full stop between");
  add(kText, "{timestamp}:{body}", "timestamp and body with a colon between");
  add(kText, "{timestamp}{body}", "timestamp and body with nothing between");
  add(kText, "{body}{timestamp}", "the body and then the timestamp");
  add(kText, "v0:{timestamp}:{body}", "v0, timestamp and body with colons between");
  add(kText, "{url}{body}", "address and body");
  add_other_units(probe, text, changes);
  return changes;
}

// A header of Standard Webhooks may hold several; a rule's holds one.
std::vector<ChangedRequest> with_one_signature_each(const Probe& probe, const TextRow& text) {
  const ChangedRequest request(probe.input());
  ChangedRequest whole = request;
  std::string* header = text.signature_name.empty() ? nullptr : whole.find(text.signature_name);
  if (!header || header->find(' ') == std::string::npos) return {request};
  std::vector<ChangedRequest> requests;
  for (std::size_t begin = 0; begin < header->size() && requests.size() < 8;) {
    const std::size_t end = std::min(header->find(' ', begin), header->size());
    requests.push_back(request);
    *requests.back().find(text.signature_name) = header->substr(begin, end - begin);
    begin = end + 1;
  }
  return requests;
}

}  // namespace

void explain_signed_text(const Probe& probe, Findings& findings) {
  TextRow text(probe);
  if (!text.is_hmac()) return;
  const std::vector<ChangedRequest> requests = with_one_signature_each(probe, text);
  const std::string_view own = text.row.signature.content;
  for (const TextChange& change : text_changes(probe, text)) {
    text.row.signature.content = change.content;
    for (const ChangedRequest& request : requests) {
      const auto match = probe.match(text.row, Probe::Reading::as_configured, request);
      if (!match) continue;
      findings.push_back(make_finding(change.kind, *match, "the signature is right, but over " + change.what,
                                      "let the sender sign " + std::string(own)));
      return;
    }
  }
  text.row.signature.content = own;
  constexpr std::pair<SignatureAlgorithm, std::string_view> kHashes[] = {
      {SignatureAlgorithm::hmac_sha1, "SHA-1"},
      {SignatureAlgorithm::hmac_sha256, "SHA-256"},
      {SignatureAlgorithm::hmac_sha512, "SHA-512"}};
  const SignatureAlgorithm wanted = text.row.signature.algorithm;
  for (const auto& [algorithm, name] : kHashes) {
    if (algorithm == wanted) continue;
    text.row.signature.algorithm = algorithm;
    for (const ChangedRequest& request : requests) {
      const auto match = probe.match(text.row, Probe::Reading::as_configured, request);
      if (!match) continue;
      findings.push_back(make_finding(FindingKind::signature_algorithm, *match,
                                      "the signature is right, but made with " + std::string(name),
                                      "let the sender use the hash that this provider uses"));
      return;
    }
  }
}

}  // namespace creel::forensics
