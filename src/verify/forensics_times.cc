// Timestamps: a clock that is off, another unit, another notation.
#include <array>
#include <cstdlib>

#include "verify/forensics_probe.h"
#include "verify/headers.h"
#include "verify/json.h"
#include "verify/timestamp.h"

namespace creel::forensics {
namespace {

constexpr std::int64_t kYear9999 = 253'402'300'799;
constexpr std::chrono::seconds kPlausible = std::chrono::hours(24 * 366);

// What follows "t=" in "t=1750000000,v1=…", and where.
struct Span {
  std::size_t begin = 0, size = 0;
};
std::optional<Span> find_pair(std::string_view value, char separator, std::string_view name) {
  for (std::size_t begin = 0; begin < value.size();) {
    const std::size_t end = std::min(value.find(separator, begin), value.size());
    const std::size_t at = std::min(value.find_first_not_of(" \t", begin), end);
    const std::string_view pair = value.substr(at, end - at);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return Span{at + name.size() + 1, pair.size() - name.size() - 1};
    begin = end + 1;
  }
  return std::nullopt;
}

std::string body_text(std::string_view body, std::string_view pointer) {
  const auto root = parse_json(body);
  if (!root) return {};
  std::string_view text;
  if (root->at_pointer(pointer).get(text) == simdjson::SUCCESS) return std::string(text);
  std::int64_t number = 0;
  return root->at_pointer(pointer).get(number) == simdjson::SUCCESS ? std::to_string(number) : std::string();
}

// The timestamp's text in the request, and the way to put another in its place.
struct TimestampPlace {
  std::string header;  // "" where it stands in the body
  Span span;
  std::string text;
};
std::optional<TimestampPlace> find_timestamp(const Provider& provider, const IncomingRequest& request) {
  const Headers headers = request.headers;
  const SignatureRule& rule = provider.signature;
  if (provider.scheme == Scheme::signature && !rule.timestamp_pair.empty()) {
    const std::string name = signature_header(provider);
    const auto value = find_header(headers, name);
    const auto span = value ? find_pair(*value, rule.pair_separator, rule.timestamp_pair) : std::nullopt;
    if (!span) return std::nullopt;
    return TimestampPlace{name, *span, std::string(value->substr(span->begin, span->size))};
  }
  if (std::string name = timestamp_header(provider); !name.empty()) {
    auto value = find_header(headers, name);
    if (!value && provider.header_prefixes.size() > 1) {
      name = std::string(provider.header_prefixes[1]) + "timestamp";
      value = find_header(headers, name);
    }
    if (!value) return std::nullopt;
    return TimestampPlace{name, {0, value->size()}, std::string(*value)};
  }
  if (provider.scheme == Scheme::signature && !rule.timestamp.empty() &&
      rule.timestamp.front().in == Field::In::body) {
    std::string text = body_text(request.body, rule.timestamp.front().name);
    if (!text.empty()) return TimestampPlace{"", {}, std::move(text)};
  }
  return std::nullopt;
}

bool is_in_milliseconds(const Provider& provider) {
  return provider.scheme == Scheme::signature &&
         provider.signature.timestamp_unit == TimestampUnit::milliseconds;
}

std::optional<std::int64_t> plain_number(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::int64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool is_near(std::int64_t seconds, std::chrono::sys_seconds now) {
  const std::int64_t off = now.time_since_epoch().count() - seconds;
  return seconds <= kYear9999 && std::llabs(off) <= kPlausible.count();
}

std::string seconds_text(std::chrono::seconds off) {
  const auto count = std::llabs(off.count());
  return std::to_string(count) + (count == 1 ? " second" : " seconds");
}

// With `text` for the timestamp, is the signature right?
std::optional<Match> match_at(const Probe& probe, const TimestampPlace& place, const std::string& text) {
  ChangedRequest changed(probe.input());
  std::string* header = place.header.empty() ? nullptr : changed.find(place.header);
  if (!header) return std::nullopt;
  header->replace(place.span.begin, place.span.size, text);
  return probe.match(changed);
}

void add_timestamp_finding(const Probe& probe, const TimestampPlace& place, FindingKind kind,
                           std::string text, const std::string& right, Findings& findings) {
  const auto match = match_at(probe, place, right);
  if (match) text += "; the signature is right for it as it should be";
  const std::string fix = is_in_milliseconds(probe.provider())
                              ? "send the time as Unix milliseconds, in digits alone"
                              : "send the time as Unix seconds, in digits alone";
  findings.push_back(match ? make_finding(kind, *match, std::move(text), fix)
                           : make_finding(kind, std::move(text), fix));
}

bool explain_unit(const Probe& probe, const TimestampPlace& place, Findings& findings) {
  const auto number = plain_number(place.text);
  if (!number) return false;
  const bool wants_milliseconds = is_in_milliseconds(probe.provider());
  const std::int64_t as_wanted = wants_milliseconds ? *number / 1000 : *number;
  const std::int64_t as_other = wants_milliseconds ? *number : *number / 1000;
  if (is_near(as_wanted, probe.input().now) || !is_near(as_other, probe.input().now)) return false;
  add_timestamp_finding(probe, place, FindingKind::timestamp_unit,
                        wants_milliseconds ? "the timestamp is in seconds, where milliseconds are wanted"
                                           : "the timestamp is in milliseconds, where seconds are wanted",
                        std::to_string(wants_milliseconds ? *number * 1000 : *number / 1000), findings);
  return true;
}

bool explain_notation(const Probe& probe, const TimestampPlace& place, Findings& findings) {
  if (plain_number(place.text) && (place.text == "0" || !place.text.starts_with('0'))) return false;
  const std::string scale = is_in_milliseconds(probe.provider()) ? "000" : "";
  if (const auto time = parse_iso_8601(place.text)) {
    add_timestamp_finding(probe, place, FindingKind::timestamp_format,
                          "the timestamp is a date, where a plain number is wanted",
                          std::to_string(time->time_since_epoch().count()) + scale, findings);
    return true;
  }
  const auto number = parse_timestamp_as_sdks(place.text);
  if (!number || *number < 0) return false;
  add_timestamp_finding(probe, place, FindingKind::timestamp_format,
                        "the timestamp has a sign, a fraction, white space or zeros besides its digits",
                        std::to_string(*number), findings);
  return true;
}

// "webhook-id: 1750000000" and "webhook-timestamp: msg_1".
bool explain_swapped_headers(const Probe& probe, Findings& findings) {
  ChangedRequest changed(probe.input());
  std::string* id = changed.find(id_header(probe.provider()));
  std::string* timestamp = changed.find(timestamp_header(probe.provider()));
  if (!id || !timestamp || !plain_number(*id) || plain_number(*timestamp)) return false;
  std::swap(*id, *timestamp);
  const auto match = probe.match(changed);
  std::string text = "the id stands where the timestamp should, and the timestamp where the id should";
  const std::string fix = "send each in its own header";
  if (match) text += "; the right way round the signature is right";
  findings.push_back(match ? make_finding(FindingKind::id_and_timestamp_swapped, *match, std::move(text), fix)
                           : make_finding(FindingKind::id_and_timestamp_swapped, std::move(text), fix));
  return true;
}

}  // namespace

void explain_timestamp(const Probe& probe, Findings& findings) {
  if (explain_swapped_headers(probe, findings)) return;
  const auto place = find_timestamp(probe.provider(), probe.input().request);
  if (!place) return;
  if (!explain_unit(probe, *place, findings)) explain_notation(probe, *place, findings);
}

void explain_clock(const Probe& probe, VerifyError error, Findings& findings) {
  const bool is_old = error == VerifyError::timestamp_too_old;
  Finding made = make_finding(
      FindingKind::clock,
      is_old ? "the request is older than the window allows"
             : "the request comes from further in the future than the window allows",
      is_old ? "if it is no replay, compare the clocks: this one is ahead, or the sender's is behind"
             : "compare the clocks: this one is behind, or the sender's is ahead");
  const auto place = find_timestamp(probe.provider(), probe.input().request);
  const auto number = place ? parse_timestamp_as_sdks(place->text) : std::nullopt;
  if (number && *number >= 0) {
    const std::int64_t seconds = is_in_milliseconds(probe.provider()) ? *number / 1000 : *number;
    if (seconds <= kYear9999) {
      made.clock_off = probe.input().now.time_since_epoch() - std::chrono::seconds(seconds);
      made.text += ": by this clock it was signed " + seconds_text(*made.clock_off) +
                   (made.clock_off->count() >= 0 ? " ago" : " from now");
    }
  }
  if (const auto match = probe.match(ChangedRequest(probe.input())); match && !match->is_suspect) {
    if (match->secret) made.label = match->secret->label;
    made.fingerprint = match->fingerprint;
    made.text += "; its signature is right, so this is a replay or a wrong clock";
  }
  findings.push_back(std::move(made));
}

std::optional<std::chrono::sys_seconds> signed_time(const Provider& provider,
                                                    const IncomingRequest& request) {
  const auto place = find_timestamp(provider, request);
  const auto number = place ? plain_number(place->text) : std::nullopt;
  const std::int64_t unit = is_in_milliseconds(provider) ? 1000 : 1;
  if (!number || *number % unit != 0 || *number / unit > kYear9999) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(*number / unit));
}

}  // namespace creel::forensics
