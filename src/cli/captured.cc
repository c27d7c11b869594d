#include "cli/captured.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "cli/admin_client.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/signing.h"
#include "verify/base64.h"

namespace creel::cli {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t\r"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t\r") + 1);
}

bool is_header_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return c > ' ' && c < 0x7f &&
           std::string_view("\"(),/:;<=>?@[\\]{}").find(static_cast<char>(c)) == std::string_view::npos;
  });
}

// {"webhook-id": "wh_1", …}: as a handler's log shows them.
std::optional<std::vector<std::pair<std::string, std::string>>> headers_of_json(std::string_view text) {
  const auto json = Json::parse(text);
  const auto* members = json ? std::get_if<Json::Object>(&json->value) : nullptr;
  if (!members) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> headers;
  for (const auto& [name, value] : *members) {
    if (!value.as_text() || !is_header_name(name)) return std::nullopt;
    headers.emplace_back(name, *value.as_text());
  }
  return headers;
}

bool is_request_line(std::string_view line) {
  return line.find(" HTTP/1.") != std::string_view::npos && !line.starts_with("HTTP/");
}

// "POST /webhooks/openai?a=1 HTTP/1.1", with or without the > of curl -v.
void read_request_line(std::string_view head, Captured& into) {
  std::string_view line = trimmed(head.substr(0, head.find('\n')));
  if (line.starts_with('>')) line = trimmed(line.substr(1));
  if (!is_request_line(line)) return;
  const std::size_t method = line.find(' '), target = line.find(' ', method + 1);
  if (target == std::string_view::npos) return;
  into.method = line.substr(0, method);
  const std::string_view path = line.substr(method + 1, target - method - 1);
  const std::size_t question = path.find('?');
  if (question != std::string_view::npos) into.query = path.substr(question + 1);
}

// Where the body of a whole request begins: after the first empty line.
std::size_t body_offset(std::string_view request) {
  const std::size_t crlf = request.find("\r\n\r\n"), lf = request.find("\n\n");
  if (crlf != std::string_view::npos && (lf == std::string_view::npos || crlf < lf)) return crlf + 4;
  return lf == std::string_view::npos ? std::string_view::npos : lf + 2;
}

std::expected<void, int> add_headers(std::string_view text, std::string_view from, Captured& into, Io& io) {
  auto headers = parse_header_lines(text);
  if (!headers) {
    complain(io.err,
             fmt::format("{} has a line that is not \"name: value\"; what is read are such lines, with "
                         "or without the > of curl -v, or one JSON object of texts",
                         from));
    return std::unexpected(kBadData);
  }
  std::ranges::move(*headers, std::back_inserter(into.headers));
  if (into.method.empty()) read_request_line(text, into);
  return {};
}

std::optional<std::chrono::sys_seconds> parse_utc(const std::string& text) {
  std::tm utc{};
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (!end) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&utc)));
}

std::expected<Captured, int> stored(const VerifyOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return std::unexpected(client.error());
  const bool is_rejected = std::ranges::all_of(options.id, [](char c) { return c >= '0' && c <= '9'; });
  const std::string path =
      (is_rejected ? "/api/v1/rejected/" : "/api/v1/events/") + percent_encoded(options.id);
  const auto kept = client->get(path);
  if (!kept) return std::unexpected(kept.error());

  Captured captured;
  captured.source = kept->text("source");
  captured.when = parse_utc(kept->text("received"));
  std::string head;
  if (is_rejected) {
    head = kept->text("head");
    captured.body = kept->text("body");
    if (const Json* encoded = kept->find("body_base64")) {
      const std::string text = shown(encoded);
      std::vector<std::uint8_t> bytes(base64_decoded_max(text.size()));
      const auto size = decode_base64_public(text, bytes);
      if (size) captured.body.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(*size));
    }
    if (!kept->is_true("body_is_whole")) {
      complain(io.err, "only the beginning of this body was kept: no signature can match it");
    }
  } else {
    if (const Json* request = kept->find("request")) head = request->text("head");
    auto body = client->get_bytes(path + "/raw");
    if (!body) return std::unexpected(body.error());
    captured.body = *std::move(body);
  }
  if (auto added = add_headers(head, "the kept request", captured, io); !added)
    return std::unexpected(added.error());
  return captured;
}

}  // namespace

std::optional<std::vector<std::pair<std::string, std::string>>> parse_header_lines(std::string_view text) {
  if (text.starts_with('{')) return headers_of_json(text);
  std::vector<std::pair<std::string, std::string>> headers;
  bool is_first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = trimmed(text.substr(0, end));
    if (line.starts_with('>')) line = trimmed(line.substr(1));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    if (std::exchange(is_first, false) && is_request_line(line)) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_header_name(line.substr(0, colon))) return std::nullopt;
    headers.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return headers;
}

std::expected<Captured, int> captured(const VerifyOptions& options, Io& io) {
  const int given = !options.id.empty() + !options.request.empty() + !options.body.empty();
  if (given != 1) {
    complain(io.err, "say one thing to verify: --body with --headers or -H, or --request, or an id");
    return std::unexpected(kUsage);
  }
  if (!options.id.empty()) return stored(options, io);

  Captured captured;
  if (!options.request.empty()) {
    const auto request = read_bytes(options.request, io);
    if (!request) return std::unexpected(request.error());
    const std::size_t at = body_offset(*request);
    if (at == std::string::npos) {
      complain(io.err, options.request + " has no empty line between headers and body");
      return std::unexpected(kBadData);
    }
    captured.body = request->substr(at);
    if (auto added = add_headers(std::string_view(*request).substr(0, at), options.request, captured, io);
        !added) {
      return std::unexpected(added.error());
    }
  } else {
    auto body = read_bytes(options.body, io);
    if (!body) return std::unexpected(body.error());
    captured.body = *std::move(body);
  }
  if (!options.headers_file.empty()) {
    const auto headers = read_bytes(options.headers_file, io);
    if (!headers) return std::unexpected(headers.error());
    if (auto added = add_headers(*headers, options.headers_file, captured, io); !added)
      return std::unexpected(added.error());
  }
  for (const std::string& header : options.headers) {
    if (auto added = add_headers(header, "-H", captured, io); !added) return std::unexpected(added.error());
  }
  return captured;
}

}  // namespace creel::cli
