#include "ingest/answers.h"

#include <algorithm>
#include <string>
#include <utility>

namespace creel {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kReceived = R"({"received":true})";
constexpr std::string_view kDuplicate = R"({"received":true,"duplicate":true})";
static_assert(Provider().success_body == kReceived);

// `type` may be gone before the answer is written, which wants a literal.
http::Response answer(int status, std::string_view text, std::string_view type) {
  http::Response response{
      .status = status, .body = std::string(text), .content_type = {}, .headers = {}, .close = false};
  if (type == kText) {
    response.content_type = kText;
  } else if (type == kJson) {
    response.content_type = kJson;
  } else if (!type.empty() && !text.empty()) {
    response.headers.emplace_back("Content-Type", type);
  }
  return response;
}

http::Response come_again_after(std::string_view seconds) {
  http::Response response = plain_answer(503, "Service unavailable");
  response.headers.emplace_back("Retry-After", seconds);
  return response;
}

}  // namespace

http::Response plain_answer(int status, std::string_view text) {
  return answer(status, text, kText);
}

http::Response json_answer(int status, std::string_view text) {
  return answer(status, text, kJson);
}

http::Response answer_of(const Reply& reply) {
  return answer(reply.status, reply.body, reply.content_type);
}

http::Response success_answer(const Provider& provider, std::string_view type, bool is_duplicate) {
  const auto own = std::ranges::find(provider.replies, type, &TypeReply::type);
  if (own != provider.replies.end()) return answer(own->status, own->body, own->content_type);
  const bool says_so = is_duplicate && provider.success_body == kReceived;
  return answer(provider.success_status, says_so ? kDuplicate : provider.success_body, provider.success_type);
}

http::Response unavailable_answer(StoreError error) {
  switch (error) {
    case StoreError::full:
    case StoreError::too_large:
      return come_again_after("60");
    case StoreError::failed:
      return come_again_after("30");
    case StoreError::stopping:
      return come_again_after("5");
    case StoreError::not_found:
    case StoreError::busy:
    case StoreError::broken:
      return come_again_after("10");
  }
  std::unreachable();
}

http::Response unavailable_answer() {
  return come_again_after("60");
}

std::string_view store_error_name(StoreError error) {
  switch (error) {
    case StoreError::full:
      return "store_full";
    case StoreError::failed:
      return "store_failed";
    case StoreError::stopping:
      return "store_stopping";
    case StoreError::not_found:
      return "store_not_found";
    case StoreError::too_large:
      return "store_too_large";
    case StoreError::busy:
      return "store_busy";
    case StoreError::broken:
      return "store_broken";
  }
  std::unreachable();
}

}  // namespace creel
