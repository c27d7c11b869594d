#include "verify/json.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace creel {
namespace {

constexpr std::size_t kKeepBytesMax = std::size_t{1} << 20;  // A thread does not hold on to more than this.
constexpr std::size_t kFewKeys = 16;

struct Reader {
  simdjson::dom::parser parser;
  std::vector<char> padded;  // simdjson reads a little beyond the end, so it gets a copy.
};

Reader& reader_for(std::size_t bytes) {
  thread_local std::unique_ptr<Reader> kept;
  const bool is_too_large = kept && kept->padded.size() > kKeepBytesMax + simdjson::SIMDJSON_PADDING;
  if (!kept || is_too_large) kept = std::make_unique<Reader>();
  if (kept->padded.size() < bytes + simdjson::SIMDJSON_PADDING) {
    kept->padded.resize(std::max<std::size_t>(bytes, 2048) + simdjson::SIMDJSON_PADDING);
  }
  return *kept;
}

bool has_duplicate_key(const simdjson::dom::object& object) {
  std::vector<std::string_view> many;
  std::string_view few[kFewKeys];
  std::size_t count = 0;
  for (auto field : object) {
    if (count < kFewKeys) {
      if (std::find(few, few + count, field.key) != few + count) return true;
      few[count] = field.key;
    } else {
      if (many.empty()) many.assign(few, few + kFewKeys);
      many.push_back(field.key);
    }
    ++count;
  }
  std::ranges::sort(many);
  return std::ranges::adjacent_find(many) != many.end();
}

// The depth is bounded by the parser, so the recursion is.
bool has_duplicate_key_anywhere(const simdjson::dom::element& element) {
  if (element.is_object()) {
    const simdjson::dom::object object = element.get_object().value_unsafe();
    if (has_duplicate_key(object)) return true;
    for (auto field : object) {
      if (has_duplicate_key_anywhere(field.value)) return true;
    }
  } else if (element.is_array()) {
    const simdjson::dom::array array = element.get_array().value_unsafe();
    for (simdjson::dom::element item : array) {
      if (has_duplicate_key_anywhere(item)) return true;
    }
  }
  return false;
}

}  // namespace

std::expected<simdjson::dom::element, JsonError> parse_json(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) return std::unexpected(JsonError::invalid);
  Reader& reader = reader_for(text.size());
  std::memcpy(reader.padded.data(), text.data(), text.size());
  std::memset(reader.padded.data() + text.size(), ' ', simdjson::SIMDJSON_PADDING);

  const std::size_t capacity = std::max<std::size_t>(text.size(), 2048);
  const bool fits = reader.parser.capacity() >= capacity && reader.parser.max_depth() == kJsonDepthMax;
  if (!fits && reader.parser.allocate(capacity, kJsonDepthMax) != simdjson::SUCCESS) {
    return std::unexpected(JsonError::invalid);
  }
  simdjson::dom::element root;
  const auto error = reader.parser.parse(reader.padded.data(), text.size(), false).get(root);
  if (error == simdjson::DEPTH_ERROR) return std::unexpected(JsonError::too_deep);
  if (error != simdjson::SUCCESS) return std::unexpected(JsonError::invalid);
  if (has_duplicate_key_anywhere(root)) return std::unexpected(JsonError::duplicate_key);
  return root;
}

std::string_view describe(JsonError error) {
  switch (error) {
    case JsonError::invalid:
      return "the body is not JSON in UTF-8";
    case JsonError::duplicate_key:
      return "an object in the body has the same key twice";
    case JsonError::too_deep:
      return "the body is nested too deeply";
  }
  return "unknown error";
}

}  // namespace creel
