// Bodies: what may have been done to the bytes on their way, and the signs of what cannot be undone.
#include <algorithm>
#include <array>
#include <charconv>

#include "verify/base64.h"
#include "verify/forensics_probe.h"
#include "verify/headers.h"
#include "verify/json_style.h"
#include "verify/percent.h"

namespace creel::forensics {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t kAllStylesBytesMax = std::size_t{64} << 10;

using Body = std::optional<std::string>;

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

Body without_newline(std::string_view body) {
  if (!body.ends_with('\n')) return std::nullopt;
  body.remove_suffix(body.ends_with("\r\n") ? 2 : 1);
  return std::string(body);
}
Body with_newline(std::string_view body) {
  return std::string(body) + "\n";
}
Body with_crlf(std::string_view body) {
  return std::string(body) + "\r\n";
}
Body line_feeds(std::string_view body) {
  std::string changed;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] != '\r' || i + 1 == body.size() || body[i + 1] != '\n') changed += body[i];
  }
  return changed.size() == body.size() ? Body() : changed;
}
Body carriage_returns(std::string_view body) {
  std::string changed;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] == '\n' && (i == 0 || body[i - 1] != '\r')) changed += '\r';
    changed += body[i];
  }
  return changed.size() == body.size() ? Body() : changed;
}
Body without_bom(std::string_view body) {
  return body.starts_with(kBom) ? Body(body.substr(kBom.size())) : Body();
}
Body with_bom(std::string_view body) {
  return std::string(kBom) + std::string(body);
}
Body trimmed(std::string_view body) {
  const std::size_t before = body.size();
  while (!body.empty() && is_space(body.front()))
    body.remove_prefix(1);
  while (!body.empty() && is_space(body.back()))
    body.remove_suffix(1);
  return body.size() == before ? Body() : Body(body);
}
Body with_space(std::string_view body) {
  return std::string(body) + " ";
}
Body from_base64(std::string_view body) {
  std::string bytes(base64_decoded_max(body.size()), '\0');
  const auto size = decode_base64_public(body, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  if (!size || *size == 0) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}
// A JSON text that arrived as the content of a JSON string.
Body from_string(std::string_view body) {
  if (body.size() < 4 || !body.starts_with('"') || !body.ends_with('"') || !JsonRewriter::of(body))
    return std::nullopt;
  std::string plain;
  for (std::size_t i = 1; i + 1 < body.size(); ++i) {
    if (body[i] == '\\' && (body[i + 1] == '"' || body[i + 1] == '\\' || body[i + 1] == '/')) ++i;
    plain += body[i];
  }
  return plain;
}
// "payload=%7B…": what a form with one field was before it was decoded.
Body as_form(std::string_view body) {
  if (!body.starts_with('{')) return std::nullopt;
  std::string encoded = "payload=" + percent_encoded_field(body);
  for (std::size_t at = 0; (at = encoded.find("%20", at)) != std::string::npos; ++at)
    encoded.replace(at, 3, "+");
  return encoded;
}

// A change that can be undone. `what` follows "the signature is right for the body …".
struct BodyChange {
  FindingKind kind;
  Body (*undo)(std::string_view);
  std::string_view what;
  std::string_view fix;
};
constexpr std::string_view kRawFix = "verify the bytes as they were received, before anything parses them";
constexpr std::string_view kEditorFix =
    "save and pass on the body without an editor or a shell that changes its end";
constexpr BodyChange kChanges[] = {
    {FindingKind::body_newline, without_newline, "without the newline at its end", kEditorFix},
    {FindingKind::body_newline, with_newline, "with a newline at its end", kEditorFix},
    {FindingKind::body_newline, with_crlf, "with CR and LF at its end", kEditorFix},
    {FindingKind::body_line_endings, line_feeds, "with LF in place of CR LF",
     "keep line endings as they are: read and write files as binary"},
    {FindingKind::body_line_endings, carriage_returns, "with CR LF in place of LF",
     "keep line endings as they are: read and write files as binary"},
    {FindingKind::body_bom, without_bom, "without the byte order mark at its beginning",
     "write the body as UTF-8 without a byte order mark"},
    {FindingKind::body_bom, with_bom, "with a byte order mark at its beginning",
     "read the body as bytes: decoding it dropped its byte order mark"},
    {FindingKind::body_trimmed, trimmed, "without the white space at its ends", kRawFix},
    {FindingKind::body_trimmed, with_space, "with a space at its end", kRawFix},
    {FindingKind::body_base64, from_base64, "that its base64 decodes to",
     "decode the body from base64 before verifying (isBase64Encoded of API gateways)"},
    {FindingKind::body_reserialised, from_string, "that stands in it as a JSON string", kRawFix},
    {FindingKind::body_form, as_form, "as the form that it was decoded from", kRawFix},
};

bool try_change(const Probe& probe, const BodyChange& change, Findings& findings) {
  auto body = change.undo(probe.input().request.body);
  if (!body) return false;
  ChangedRequest request(probe.input());
  request.body = *std::move(body);
  const auto match = probe.match(request);
  if (!match) return false;
  findings.push_back(make_finding(change.kind, *match,
                                  "the signature is right for the body " + std::string(change.what),
                                  std::string(change.fix)));
  return true;
}

std::string_view describe_space(JsonStyle::Space space) {
  switch (space) {
    case JsonStyle::Space::compact:
      return "without spaces";
    case JsonStyle::Space::spaced:
      return "with spaces after commas and colons, as Python writes it";
    case JsonStyle::Space::indent_2:
      return "indented by 2";
    case JsonStyle::Space::indent_4:
      return "indented by 4";
  }
  return {};
}
std::string_view describe_text(JsonStyle::Text text) {
  switch (text) {
    case JsonStyle::Text::as_it_is:
      return "";
    case JsonStyle::Text::plain:
      return "with nothing escaped that need not be";
    case JsonStyle::Text::escaped:
      return "with non-ASCII characters as \\u escapes";
    case JsonStyle::Text::escaped_upper:
      return "with non-ASCII and HTML characters as \\u escapes in upper case";
    case JsonStyle::Text::html_escaped:
      return "with < > & as \\u escapes";
  }
  return {};
}
std::string_view describe_slash(JsonStyle::Slash slash) {
  switch (slash) {
    case JsonStyle::Slash::as_it_is:
      return "";
    case JsonStyle::Slash::plain:
      return "with slashes as they are";
    case JsonStyle::Slash::escaped:
      return "with slashes as \\/";
  }
  return {};
}

void append_part(std::string& text, std::string_view part) {
  if (part.empty()) return;
  text += text.empty() ? "" : ", ";
  text += part;
}

std::string describe_style(const JsonStyle& style, bool has_new_space) {
  std::string text;
  if (has_new_space) append_part(text, describe_space(style.space));
  append_part(text, describe_text(style.text));
  append_part(text, describe_slash(style.slash));
  if (style.is_sorted) append_part(text, "with its keys sorted");
  return text;
}

constexpr std::array kSpaces{JsonStyle::Space::compact, JsonStyle::Space::spaced, JsonStyle::Space::indent_2,
                             JsonStyle::Space::indent_4};
constexpr std::array kTexts{JsonStyle::Text::as_it_is, JsonStyle::Text::plain, JsonStyle::Text::escaped,
                            JsonStyle::Text::escaped_upper, JsonStyle::Text::html_escaped};
constexpr std::array kSlashes{JsonStyle::Slash::as_it_is, JsonStyle::Slash::plain, JsonStyle::Slash::escaped};

// Asks for the body in one style, with and without a newline at its end.
class StyleTrial {
 public:
  StyleTrial(const Probe& probe, Findings& findings)
      : probe_(probe), findings_(findings), request_(probe.input()) {}

  bool ask(std::string body, FindingKind kind, const std::string& what) {
    if (body == probe_.input().request.body) return false;
    request_.body = std::move(body);
    auto match = probe_.match(request_);
    std::string_view end = "";
    if (!match) {
      request_.body += '\n';
      match = probe_.match(request_);
      end = ", with a newline at its end";
    }
    if (!match) return false;
    findings_.push_back(make_finding(
        kind, *match,
        "the body was parsed and written again: the signature is right for it " + what + std::string(end),
        std::string(kRawFix)));
    return true;
  }

 private:
  const Probe& probe_;
  Findings& findings_;
  ChangedRequest request_;
};

// First what changes one thing, then all of it together where the body is not large.
bool explain_json(const Probe& probe, Findings& findings) {
  const auto json = JsonRewriter::of(probe.input().request.body);
  if (!json) return false;
  StyleTrial trial(probe, findings);
  for (const auto slash : kSlashes) {
    for (const auto text : kTexts) {
      const JsonStyle style{.text = text, .slash = slash};
      if (trial.ask(json->write_strings(text, slash), FindingKind::body_escapes,
                    describe_style(style, false)))
        return true;
    }
  }
  const bool tries_all = probe.input().request.body.size() <= kAllStylesBytesMax;
  for (const bool is_sorted : {false, true}) {
    if (is_sorted && !json->has_objects_of_many()) break;
    for (const auto slash : kSlashes) {
      for (const auto text : kTexts) {
        const bool is_plain = text == JsonStyle::Text::as_it_is && slash == JsonStyle::Slash::as_it_is;
        if (!is_plain && !tries_all) continue;
        for (const auto space : kSpaces) {
          const JsonStyle style{.space = space, .text = text, .slash = slash, .is_sorted = is_sorted};
          if (trial.ask(json->write(style), FindingKind::body_reserialised, describe_style(style, true)))
            return true;
        }
      }
    }
  }
  return false;
}

std::optional<std::uint64_t> content_length(Headers headers) {
  const auto text = find_header(headers, "content-length");
  std::uint64_t length = 0;
  if (!text) return std::nullopt;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), length);
  if (read.ec != std::errc() || read.ptr != text->data() + text->size()) return std::nullopt;
  return length;
}

}  // namespace

void explain_body(const Probe& probe, Findings& findings) {
  for (const BodyChange& change : kChanges) {
    if (try_change(probe, change, findings)) return;
  }
  explain_json(probe, findings);
}

// None of these can be undone here, so none is proven; the text says what was seen.
void explain_body_signs(const Probe& probe, Findings& findings) {
  const IncomingRequest& request = probe.input().request;
  const auto add = [&](FindingKind kind, std::string text, std::string_view fix) {
    findings.push_back(make_finding(kind, std::move(text), std::string(fix)));
  };
  const auto length = content_length(request.headers);
  if (request.body.empty() && length != 0) {
    add(FindingKind::body_empty, "the body is empty",
        "something read it before the receiver did: take the raw bytes first");
    return;
  }
  if (length && *length > request.body.size()) {
    add(FindingKind::body_truncated,
        "the body has " + std::to_string(request.body.size()) + " bytes, and its Content-Length says " +
            std::to_string(*length) + ": it was cut short",
        "verify the whole body; limits of proxies and of logs cut it");
  }
  const auto encoding = find_header(request.headers, "content-encoding");
  const bool is_said = encoding && !encoding->empty() && !equals_ignoring_case(*encoding, "identity");
  if (request.body.starts_with("\x1f\x8b")) {
    add(FindingKind::body_compressed, "the body is compressed with gzip, and the signature is not for it so",
        "decompress it before verifying, or keep the proxy before the receiver from compressing");
  } else if (is_said) {
    add(FindingKind::body_compressed,
        "Content-Encoding says that the body is compressed, and it is not: something decompressed it",
        "verify the bytes as they came, before they are decompressed");
  }
  if (request.body.find(kReplacement) != std::string_view::npos) {
    add(FindingKind::body_replaced_characters,
        "the body holds U+FFFD, which stands for bytes that were no UTF-8 when something decoded them",
        "verify the bytes as they were received, and never a decoded text");
  }
  const auto type = find_header(request.headers, "content-type");
  const bool is_form =
      type && equals_ignoring_case(type->substr(0, type->find(';')), "application/x-www-form-urlencoded");
  if (is_form && !request.body.empty() && request.body.find('=') == std::string_view::npos) {
    add(FindingKind::body_form,
        "the request is a form by its Content-Type, and its body is none: it was decoded", kRawFix);
  }
}

}  // namespace creel::forensics
