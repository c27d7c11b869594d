// Samples of any provider's events, by its row.
#include <creel/provider.h>

#include <algorithm>
#include <cstdio>

#include "verify/digest.h"
#include "verify/fields.h"
#include "verify/form.h"
#include "verify/headers.h"
#include "verify/json.h"
#include "verify/reading.h"

namespace creel {
namespace {

std::string iso_8601(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss of_day(time - day);
  char text[48];
  const int bytes =
      std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(of_day.hours().count()), static_cast<int>(of_day.minutes().count()),
                    static_cast<int>(of_day.seconds().count()));
  return std::string(text, static_cast<std::size_t>(std::max(bytes, 0)));
}

// A number that any JSON reader holds exactly, another for each id.
std::string number_for(std::string_view id) {
  const Sha256 digest = sha256(id);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 6; ++i)
    number = number << 8 | digest[i];
  return std::to_string(number + 1);
}

std::string filled(std::string_view text, std::string_view id, std::chrono::sys_seconds now) {
  const std::string seconds = std::to_string(now.time_since_epoch().count());
  const std::pair<std::string_view, std::string> values[] = {{"{{id}}", std::string(id)},
                                                             {"{{number}}", number_for(id)},
                                                             {"{{now}}", seconds},
                                                             {"{{now_ms}}", seconds + "000"},
                                                             {"{{now_iso}}", iso_8601(now)}};
  std::string out;
  while (!text.empty()) {
    const auto found =
        std::ranges::find_if(values, [text](const auto& value) { return text.starts_with(value.first); });
    if (found != std::end(values)) {
      out += found->second;
      text.remove_prefix(found->first.size());
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

std::optional<std::string> make_body(const Provider& provider, std::string_view type, std::string_view id,
                                     std::chrono::sys_seconds now) {
  if (provider.make_sample != nullptr) return provider.make_sample(type, now);
  const auto found = std::ranges::find(provider.samples, type, &Sample::type);
  if (found == provider.samples.end()) return std::nullopt;
  return filled(found->body, id, now);
}

bool looks_like_json(std::string_view body) {
  const std::size_t start = body.find_first_not_of(" \t\r\n");
  return start == body.npos || body[start] == '{' || body[start] == '[' || body[start] == '"';
}

// Whether the id in the first recipe's first header is part of what is signed: then signing sends it.
bool signs_id(const Provider& provider) {
  switch (provider.scheme) {
    case Scheme::standard_webhooks:
      return true;
    case Scheme::signature:
      return provider.signature.content.contains("{id}");
    case Scheme::credential:
    case Scheme::jwt:
    case Scheme::none:
      return false;
  }
  return false;
}

std::span<const Field> first_recipe(const Provider& provider) {
  return provider.dedupe.empty() ? std::span<const Field>() : provider.dedupe.front();
}

// What stands in the header: the type without what the row adds to it and takes from elsewhere.
std::string sent_type(const Provider& provider, std::string_view type, std::string_view body) {
  const Field& field = provider.types.front();
  if (type.starts_with(field.prefix)) type.remove_prefix(field.prefix.size());
  if (!field.qualifier.empty()) {
    const auto json = parse_json(body);
    const FieldPlaces places{.headers = {}, .json = json ? std::optional(*json) : std::nullopt, .form = {}};
    NumberText room;
    const std::string tail = '.' + std::string(find_text(places, in_body(field.qualifier), room));
    if (tail.size() > 1 && type.ends_with(tail)) type.remove_suffix(tail.size());
  }
  const auto name = std::ranges::find(provider.type_names, type, &TypeName::type);
  return std::string(name == provider.type_names.end() ? type : name->sent);
}

using HeaderTexts = std::vector<std::pair<std::string, std::string>>;

// The headers that type and id stand in, but for those that signing sends.
HeaderTexts make_headers(const Provider& provider, std::string_view type, std::string_view body,
                         std::string_view id) {
  HeaderTexts headers;
  const auto add = [&headers](std::string_view name, std::string value) {
    const bool is_there = std::ranges::any_of(
        headers, [name](const auto& header) { return equals_ignoring_case(header.first, name); });
    if (!is_there) headers.emplace_back(name, std::move(value));
  };
  if (!provider.types.empty() && provider.types.front().in == Field::In::header)
    add(provider.types.front().name, sent_type(provider, type, body));
  const std::span<const Field> recipe = first_recipe(provider);
  for (std::size_t i = 0; i < recipe.size(); ++i) {
    const bool is_signed = i == 0 && signs_id(provider);
    if (recipe[i].in == Field::In::header && !is_signed) add(recipe[i].name, std::string(id));
  }
  return headers;
}

// What the provider would call this event, read as a receiver reads it.
std::string read_id(const Provider& provider, const SampleRequest& sample, std::string_view header_id) {
  std::vector<Header> headers{{"content-type", sample.content_type}};
  for (const auto& [name, value] : sample.headers)
    headers.push_back({name, value});
  const std::span<const Field> recipe = first_recipe(provider);
  const bool is_signed = signs_id(provider) && !recipe.empty() && recipe.front().in == Field::In::header;
  const IncomingRequest request{.headers = headers, .body = sample.body};
  const auto items = read_events({.provider = provider,
                                  .request = request,
                                  .proof = {.key_index = 0, .id = is_signed ? header_id : ""}});
  return items && !items->empty() ? items->front().provider_id : std::string();
}

}  // namespace

std::optional<SampleRequest> sample(const Provider& provider, std::string_view type, std::string_view id,
                                    std::chrono::sys_seconds now) {
  auto body = make_body(provider, type, id, now);
  if (!body) return std::nullopt;
  return sample_with_body(provider, type, *std::move(body), id);
}

SampleRequest sample_with_body(const Provider& provider, std::string_view type, std::string body,
                               std::string_view id) {
  const std::string header_id = std::string(provider.sample_id_prefix) + std::string(id);
  SampleRequest made;
  made.content_type = looks_like_json(body) ? "application/json" : "application/x-www-form-urlencoded";
  made.headers = make_headers(provider, type, body, header_id);
  made.body = std::move(body);
  made.provider_id = read_id(provider, made, header_id);
  return made;
}

std::vector<std::string_view> sample_types(const Provider& provider) {
  if (provider.make_sample != nullptr) return {provider.event_types.begin(), provider.event_types.end()};
  std::vector<std::string_view> types;
  for (const Sample& each : provider.samples)
    types.push_back(each.type);
  return types;
}

}  // namespace creel
