#include "rules/filter_event.h"

#include <algorithm>
#include <cstring>

#include "core/text.h"

namespace creel {
namespace {

// The largest body whose memory is kept for the next one.
constexpr std::size_t kKeptBytesMax = std::size_t{4} << 20;

// The request line's target: "/path?query", in whatever form it came.
std::string_view target_of(std::string_view head) {
  const std::string_view line = head.substr(0, head.find_first_of("\r\n"));
  const std::size_t begin = line.find(' ');
  if (begin == std::string_view::npos) return {};
  std::string_view target = line.substr(begin + 1);
  target = target.substr(0, target.find(' '));
  // "http://host/path", as a proxy is asked.
  if (const std::size_t scheme = target.find("://");
      !target.starts_with('/') && scheme != std::string_view::npos)
    target.remove_prefix(std::min(target.find_first_of("/?", scheme + 3), target.size()));
  return target;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

void read_headers(std::string_view head, std::vector<TextField>& into) {
  into.clear();
  std::size_t line_end = head.find('\n');
  while (line_end != std::string_view::npos) {
    head.remove_prefix(line_end + 1);
    line_end = head.find('\n');
    const std::string_view line = head.substr(0, line_end);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    into.push_back({trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1))});
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// What is no escape stands for itself. Appends to `into`, which has room enough not to move.
std::string_view decoded(std::string_view text, std::string& into) {
  if (text.find_first_of("%+") == std::string_view::npos) return text;
  const std::size_t begin = into.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && text.size() - i > 2;
    const int high = is_escape ? hex_digit(text[i + 1]) : -1;
    const int low = is_escape ? hex_digit(text[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      into += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      into += text[i] == '+' ? ' ' : text[i];
    }
  }
  return std::string_view(into).substr(begin);
}

// "a=1&b=2", as a query and a form have it.
void read_fields(std::string_view text, std::vector<TextField>& into, std::string& decoded_text) {
  into.clear();
  decoded_text.clear();
  decoded_text.reserve(text.size());
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    const std::string_view name = decoded(pair.substr(0, equals), decoded_text);
    into.push_back({name, decoded(value, decoded_text)});
  }
}

bool is_form(const TextFields& headers) {
  const auto found = std::ranges::find_if(
      headers.list, [](const TextField& field) { return equal_ignoring_case(field.name, "content-type"); });
  if (found == headers.list.end()) return false;
  const std::string_view type = trimmed(found->value.substr(0, found->value.find(';')));
  return equal_ignoring_case(type, "application/x-www-form-urlencoded");
}

}  // namespace

RuleScratch::Impl::Impl() {
  headers_.ignores_case = true;
}

RuleValue RuleScratch::Impl::body(const RuleInput& event) {
  if (!body_) body_ = read_body(event);
  return *body_;
}

RuleValue RuleScratch::Impl::headers(const RuleInput& event) {
  if (!has_headers_) read_headers(event.head, headers_.list);
  has_headers_ = true;
  return fields_value(headers_);
}

RuleValue RuleScratch::Impl::query(const RuleInput& event) {
  if (!has_query_) {
    const std::string_view target = target_of(event.head);
    const std::size_t begin = std::min(target.find('?'), target.size());
    read_fields(target.substr(std::min(begin + 1, target.size())), query_.list, query_text_);
  }
  has_query_ = true;
  return fields_value(query_);
}

RuleValue RuleScratch::Impl::path(const RuleInput& event) {
  const std::string_view target = target_of(event.head);
  return text_value(target.substr(0, target.find('?')));
}

void RuleScratch::Impl::forget() {
  body_.reset();
  has_headers_ = has_query_ = false;
  if (padded_.size() > kKeptBytesMax) {
    padded_ = {};
    parser_ = simdjson::dom::parser();
  }
}

RuleValue RuleScratch::Impl::read_body(const RuleInput& event) {
  // Who reads the event at the door takes a body that begins like this for JSON too, whatever Content-Type
  // says: every encoder of forms escapes both.
  const bool begins_like_json = trimmed(event.body.substr(0, 64)).find_first_of("{[\n") == 0;
  if (!begins_like_json) {
    headers(event);
    if (is_form(headers_)) {
      read_fields(event.body, form_.list, form_text_);
      return fields_value(form_);
    }
  }
  if (const auto json = read_json(event.body)) return json_value(*json);
  return text_value(event.body);
}

std::optional<simdjson::dom::element> RuleScratch::Impl::read_json(std::string_view body) {
  if (body.empty()) return std::nullopt;
  const std::size_t bytes = body.size() + simdjson::SIMDJSON_PADDING;
  if (padded_.size() < bytes) padded_.resize(bytes);
  std::memcpy(padded_.data(), body.data(), body.size());
  std::memset(padded_.data() + body.size(), ' ', simdjson::SIMDJSON_PADDING);
  simdjson::dom::element root;
  if (parser_.parse(padded_.data(), body.size(), false).get(root) == simdjson::SUCCESS) return root;
  if (mending_.read(body, root)) return root;
  return std::nullopt;
}

RuleScratch::RuleScratch() : impl_(std::make_unique<Impl>()) {}
RuleScratch::~RuleScratch() = default;

void RuleScratch::forget() {
  impl_->forget();
}

}  // namespace creel
