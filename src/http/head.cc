#include "http/head.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "core/text.h"

namespace creel::http {
namespace {

constexpr std::size_t kMethodBytesMax = 32;

enum ByteClass : std::uint8_t { kToken = 1, kValue = 2, kTarget = 4, kHost = 8 };

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  constexpr std::string_view token_marks = "!#$%&'*+-.^_`|~";
  constexpr std::string_view host_marks = "-._~%!$&'()*+,;=:[]";
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const char letter = static_cast<char>(byte);
    const bool alphanumeric =
        (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    if (alphanumeric || token_marks.find(letter) != token_marks.npos) classes[byte] |= kToken;
    if (byte == '\t' || (byte >= 0x20 && byte != 0x7f)) classes[byte] |= kValue;
    if (byte > 0x20 && byte < 0x7f && byte != '#') classes[byte] |= kTarget;
    if (alphanumeric || host_marks.find(letter) != host_marks.npos) classes[byte] |= kHost;
  }
  return classes;
}
constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

bool is(char byte, ByteClass which) {
  return (kClasses[static_cast<unsigned char>(byte)] & which) != 0;
}

bool all(std::string_view text, ByteClass which) {
  return std::all_of(text.begin(), text.end(), [which](char byte) { return is(byte, which); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

std::unexpected<Refusal> bad(std::string_view reason) {
  return std::unexpected(Refusal{400, reason});
}

const std::expected<void, Refusal> kFine;

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

// The line that `rest` begins with, without its CRLF, which is removed with it. find_head_end has seen every
// line feed.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == rest.npos || end == 0 || rest[end - 1] != '\r') return std::nullopt;
  const std::string_view line = rest.substr(0, end - 1);
  rest.remove_prefix(end + 1);
  return line;
}

std::expected<void, Refusal> read_version(std::string_view text, Head& head) {
  if (text == "HTTP/1.1") return {};
  if (text == "HTTP/1.0") {
    head.is_http_1_0 = true;
    head.keep_alive = false;
    return {};
  }
  if (text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' &&
      is_digit(text[7])) {
    return std::unexpected(Refusal{505, "HTTP version not supported"});
  }
  return bad("malformed request line");
}

// Splits the target. `authority` is that of an absolute target, "" for the usual "/path".
std::expected<void, Refusal> read_target(Head& head, std::string_view& authority) {
  std::string_view rest = head.target;
  if (rest == "*") {
    if (head.method != "OPTIONS") return bad("malformed target");
    head.path = rest;
    return {};
  }
  if (rest.front() != '/') {
    const std::size_t scheme = rest.find("://");
    if (scheme == rest.npos) return bad("malformed target");
    const std::string_view name = rest.substr(0, scheme);
    if (!equal_ignoring_case(name, "http") && !equal_ignoring_case(name, "https"))
      return bad("malformed target");
    rest.remove_prefix(scheme + 3);
    authority = rest.substr(0, rest.find_first_of("/?"));
    if (authority.empty() || !all(authority, kHost)) return bad("malformed target");
    rest.remove_prefix(authority.size());
  }
  const std::size_t question = rest.find('?');
  head.path = rest.substr(0, question);
  if (head.path.empty()) head.path = "/";
  if (question != rest.npos) head.query = rest.substr(question + 1);
  return {};
}

std::expected<void, Refusal> read_request_line(std::string_view line, Head& head,
                                               std::string_view& authority) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == line.npos || first == last) return bad("malformed request line");
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  if (head.method.empty() || head.method.size() > kMethodBytesMax || !all(head.method, kToken)) {
    return bad("malformed method");
  }
  if (head.target.empty() || !all(head.target, kTarget)) return bad("malformed target");
  const auto version = read_version(line.substr(last + 1), head);
  if (!version) return version;
  return read_target(head, authority);
}

// What has been seen of the headers that decide where a request ends and what becomes of its connection.
struct Framing {
  std::string_view host;
  int hosts = 0;
  int lengths = 0;
  int encodings = 0;
  bool close = false;
  bool keep_alive = false;
};

std::expected<void, Refusal> read_length(std::string_view value, Head& head) {
  // 18 digits cannot overflow and are more bytes than any limit.
  if (value.empty() || value.size() > 18 || !std::all_of(value.begin(), value.end(), is_digit)) {
    return bad("malformed Content-Length");
  }
  for (const char digit : value)
    head.content_length = head.content_length * 10 + static_cast<std::uint64_t>(digit - '0');
  return {};
}

// Connection is a list of tokens. Proxy-Connection means nothing here, but others read it the same way, so it
// has to be as well formed.
std::expected<void, Refusal> read_connection(std::string_view value, Framing* framing) {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    const std::string_view option = trimmed(value.substr(0, comma));
    if (!all(option, kToken)) return bad("malformed Connection");
    if (framing != nullptr && equal_ignoring_case(option, "close")) framing->close = true;
    if (framing != nullptr && equal_ignoring_case(option, "keep-alive")) framing->keep_alive = true;
    value = comma == value.npos ? std::string_view() : value.substr(comma + 1);
  }
  return {};
}

std::expected<void, Refusal> read_header(const Header& header, Head& head, Framing& framing) {
  switch (header.name.size()) {
    case 4:
      if (!equal_ignoring_case(header.name, "host")) return {};
      if (framing.hosts++ > 0) return bad("more than one Host");
      if (header.value.empty() || !all(header.value, kHost)) return bad("malformed Host");
      framing.host = header.value;
      return {};
    case 6:
      if (!equal_ignoring_case(header.name, "expect")) return {};
      if (!equal_ignoring_case(header.value, "100-continue")) {
        return std::unexpected(Refusal{417, "expectation not supported"});
      }
      head.expects_continue = true;
      return {};
    case 10:
      return equal_ignoring_case(header.name, "connection") ? read_connection(header.value, &framing) : kFine;
    case 14:
      if (!equal_ignoring_case(header.name, "content-length")) return {};
      if (framing.lengths++ > 0) return bad("more than one Content-Length");
      return read_length(header.value, head);
    case 16:
      return equal_ignoring_case(header.name, "proxy-connection") ? read_connection(header.value, nullptr)
                                                                  : kFine;
    case 17:
      if (!equal_ignoring_case(header.name, "transfer-encoding")) return {};
      if (framing.encodings++ > 0) return bad("more than one Transfer-Encoding");
      if (!equal_ignoring_case(header.value, "chunked")) return bad("Transfer-Encoding other than chunked");
      head.chunked = true;
      return {};
    default:
      return {};
  }
}

std::expected<Header, Refusal> read_header_line(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') return bad("folded header line");
  std::size_t colon = 0;
  while (colon < line.size() && is(line[colon], kToken))
    ++colon;
  if (colon == 0 || colon == line.size() || line[colon] != ':') return bad("malformed header name");
  const std::string_view value = line.substr(colon + 1);
  if (!all(value, kValue)) return bad("malformed header value");
  return Header{line.substr(0, colon), trimmed(value)};
}

std::expected<void, Refusal> decide(const Framing& framing, std::string_view authority, Head& head) {
  if (framing.hosts == 0 && !head.is_http_1_0) return bad("no Host");
  // RFC 9112 §3.2.2 lets the target's authority win; two that differ are somebody's attack on whoever reads
  // the other one.
  if (!authority.empty() && framing.hosts > 0 && !equal_ignoring_case(authority, framing.host)) {
    return bad("Host differs from the target");
  }
  if (head.chunked && head.is_http_1_0) return bad("Transfer-Encoding in HTTP/1.0");
  if (head.chunked && framing.lengths > 0) return bad("Transfer-Encoding with Content-Length");
  if (head.is_http_1_0) head.expects_continue = false;  // RFC 9110 §10.1.1
  head.keep_alive = !framing.close && (!head.is_http_1_0 || framing.keep_alive);
  return {};
}

}  // namespace

bool is_token_byte(char byte) {
  return is(byte, kToken);
}
bool is_value_byte(char byte) {
  return is(byte, kValue);
}

std::expected<std::size_t, Refusal> find_head_end(std::string_view bytes, std::size_t& scanned,
                                                  const HeadLimits& limits) {
  if (!bytes.empty() && scanned == 0 && !is(bytes.front(), kToken)) return bad("malformed request line");
  while (true) {
    const void* found =
        scanned < bytes.size() ? std::memchr(bytes.data() + scanned, '\n', bytes.size() - scanned) : nullptr;
    if (found == nullptr) break;
    const auto feed = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    if (feed >= limits.bytes_max) break;
    if (feed == 0 || bytes[feed - 1] != '\r') return bad("line feed without carriage return");
    scanned = feed + 1;
    if (feed >= 3 && bytes[feed - 2] == '\n') return feed + 1;
  }
  if (bytes.size() >= limits.bytes_max) return std::unexpected(Refusal{431, "head too large"});
  scanned = std::max(scanned, bytes.size());
  return 0;
}

std::expected<Head, Refusal> check_head(std::string_view head_bytes, const HeadLimits& limits,
                                        std::vector<Header>& headers) {
  headers.clear();
  if (head_bytes.size() > limits.bytes_max) return std::unexpected(Refusal{431, "head too large"});
  Head head;
  Framing framing;
  std::string_view authority;
  std::string_view rest = head_bytes;

  const auto first = take_line(rest);
  if (!first) return bad("malformed request line");
  const auto request_line = read_request_line(*first, head, authority);
  if (!request_line) return std::unexpected(request_line.error());

  while (true) {
    const auto line = take_line(rest);
    if (!line) return bad("malformed header line");
    if (line->empty()) break;
    if (headers.size() == limits.headers_max) return bad("too many headers");
    const auto header = read_header_line(*line);
    if (!header) return std::unexpected(header.error());
    const auto read = read_header(*header, head, framing);
    if (!read) return std::unexpected(read.error());
    headers.push_back(*header);
  }
  if (!rest.empty()) return bad("malformed header line");

  const auto decided = decide(framing, authority, head);
  if (!decided) return std::unexpected(decided.error());
  return head;
}

}  // namespace creel::http
