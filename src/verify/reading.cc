#include "verify/reading.h"

#include "verify/json.h"
#include "verify/timestamp.h"

namespace creel {
namespace {

std::string text_at(const simdjson::dom::element& root, std::string_view pointer) {
  std::string_view text;
  if (root.at_pointer(pointer).get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

std::string first_text(const simdjson::dom::element& root, std::span<const Field> fields) {
  for (const Field& field : fields) {
    std::string text = text_at(root, field.name);
    if (!text.empty()) return text;
  }
  return {};
}

std::optional<std::chrono::sys_seconds> first_time(const simdjson::dom::element& root,
                                                   std::span<const Field> fields) {
  for (const Field& field : fields) {
    std::int64_t seconds = 0;
    if (root.at_pointer(field.name).get(seconds) != simdjson::SUCCESS) {
      if (auto time = parse_iso_8601(text_at(root, field.name))) return time;
      continue;
    }
    // Beyond the calendar a time is of no use, and arithmetic on it could overflow.
    constexpr std::int64_t kYear9999 = 253'402'300'799;
    if (seconds >= 0 && seconds <= kYear9999) return std::chrono::sys_seconds(std::chrono::seconds(seconds));
  }
  return std::nullopt;
}

}  // namespace

std::expected<std::vector<ReceivedItem>, ReceiveError> read_events(const ReadRequest& read) {
  const auto root = parse_json(read.request.body);
  if (!root && read.provider.body == BodyKind::json) {
    return std::unexpected(ReceiveError{.cause = ReceiveCause::invalid_json,
                                        .verify_error = std::nullopt,
                                        .detail = std::string(describe(root.error()))});
  }
  std::vector<ReceivedItem> items(1);
  ReceivedItem& item = items.front();
  item.body = read.request.body;
  item.dedupe_key = read.proof.id;
  item.provider_id = read.proof.id;
  if (root) {
    item.type = first_text(*root, read.provider.types);
    item.subject = first_text(*root, read.provider.subjects);
    item.occurred = first_time(*root, read.provider.times);
  }
  return items;
}

std::optional<Reply> answer_signed_handshake(Handshake, const IncomingRequest&, const SchemeKeys&,
                                             const Proof&) {
  return std::nullopt;
}

std::optional<Reply> answer_open_handshake(Handshake, std::string_view, const IncomingRequest&) {
  return std::nullopt;
}

}  // namespace creel
