#include "rules/transform_head.h"

#include <algorithm>
#include <span>

#include "core/text.h"

namespace creel {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// '+' is a space; a '%' without two hex digits after it stands for itself.
std::string decoded(std::string_view text) {
  std::string into;
  into.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int high = text[at] == '%' && at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[at + 2]) : -1;
    if (low >= 0) {
      into += static_cast<char>(high * 16 + low);
      at += 2;
    } else {
      into += text[at] == '+' ? ' ' : text[at];
    }
  }
  return into;
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void append_encoded(std::string& into, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_letter_or_digit(c) || std::string_view("-._~").contains(c)) {
      into += c;
    } else {
      into.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
}

bool is_token(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return is_letter_or_digit(c) || std::string_view("!#$%&'*+-.^_`|~").contains(c);
  });
}
bool has_control(std::string_view value) {
  return std::ranges::any_of(
      value, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

std::string lower(std::string_view text) {
  std::string into(text);
  for (char& c : into) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return into;
}

// "application/json; charset=utf-8", "application/cloudevents+json", "text/json"
bool is_json_type(std::string_view content_type) {
  const std::string type = lower(trimmed(content_type.substr(0, content_type.find(';'))));
  return type.ends_with("/json") || type.ends_with("+json");
}

std::span<const std::string> values_of(const HeadChange& change, const WantedField& field) {
  return std::span(change.values).subspan(field.first_value, field.count);
}

// Sorted by normalised name; or the name that is there twice.
std::optional<std::string_view> sort(HeadChange& change) {
  std::ranges::sort(change.fields, {}, &WantedField::normalised);
  const auto twice = std::ranges::adjacent_find(change.fields, {}, &WantedField::normalised);
  if (twice == change.fields.end()) return std::nullopt;
  return twice->name;
}

const WantedField* find(const HeadChange& change, std::string_view name) {
  const auto found = std::ranges::lower_bound(
      change.fields, name, {}, [](const WantedField& field) { return std::string_view(field.normalised); });
  return found != change.fields.end() && found->normalised == name ? &*found : nullptr;
}

// For each wanted name whether its values are those that the fields have.
std::vector<bool> unchanged(const std::vector<HeadField>& fields, const HeadChange& change) {
  std::vector<std::size_t> seen(change.fields.size());
  std::vector<bool> is(change.fields.size(), true);
  for (const HeadField& field : fields) {
    const WantedField* wanted = field.is_field ? find(change, field.name) : nullptr;
    if (!wanted) continue;
    const auto place = static_cast<std::size_t>(wanted - change.fields.data());
    const std::size_t at = seen[place]++;
    if (at >= wanted->count || values_of(change, *wanted)[at] != field.value) is[place] = false;
  }
  for (std::size_t i = 0; i < is.size(); ++i)
    is[i] = is[i] && seen[i] == change.fields[i].count;
  return is;
}

// Puts the fields together: `keep(field)` for each that stays as it is, `add(name, value)` for each that is
// new. `change` is sorted.
template <class Keep, class Add>
void merge(const std::vector<HeadField>& fields, const HeadChange& change, Keep keep, Add add) {
  const std::vector<bool> is_same = unchanged(fields, change);
  std::vector<bool> is_done(change.fields.size());
  for (const HeadField& field : fields) {
    if (!field.is_field) {
      keep(field);
      continue;
    }
    const WantedField* wanted = find(change, field.name);
    if (!wanted) continue;
    const auto place = static_cast<std::size_t>(wanted - change.fields.data());
    if (is_same[place]) {
      keep(field);
    } else if (!is_done[place]) {
      for (const std::string& value : values_of(change, *wanted))
        add(field.shown_name.empty() ? std::string_view(field.name) : field.shown_name, value);
    }
    is_done[place] = true;
  }
  for (std::size_t i = 0; i < change.fields.size(); ++i) {
    if (is_done[i]) continue;
    for (const std::string& value : values_of(change, change.fields[i]))
      add(change.fields[i].name, value);
  }
}

std::string quoted(std::string_view name) {
  return "event.headers[\"" + std::string(name.substr(0, 64)) + "\"]";
}

}  // namespace

void TransformHead::read(std::string_view head) {
  head_ = head;
  headers_.clear();
  query_.clear();
  const std::size_t line_end = std::min(head.find('\n'), head.size());
  line_ = head.substr(0, line_end);
  rest_ = head.substr(std::min(line_end + 1, head.size()));
  if (line_.ends_with('\r')) line_.remove_suffix(1);
  const std::size_t first = std::min(line_.find(' '), line_.size());
  const std::size_t last = line_.rfind(' ');
  method_ = line_.substr(0, first);
  target_ = last != std::string_view::npos && last > first ? line_.substr(first + 1, last - first - 1)
                                                           : line_.substr(std::min(first + 1, line_.size()));
  query_at_ = std::min(target_.find('?'), target_.size());
  query_end_ = std::max(query_at_, std::min(target_.find('#'), target_.size()));
  path_ = target_.substr(0, std::min(query_at_, target_.find('#')));
  // "http://host/path", as a proxy is asked.
  if (const std::size_t scheme = path_.find("://");
      !path_.starts_with('/') && scheme != std::string_view::npos)
    path_.remove_prefix(std::min(path_.find('/', scheme + 3), path_.size()));
  if (query_at_ < query_end_) read_query(target_.substr(query_at_ + 1, query_end_ - query_at_ - 1));

  for (std::string_view left = rest_; !left.empty();) {
    const std::size_t end = std::min(left.find('\n'), left.size());
    std::string_view line = left.substr(0, end);
    left.remove_prefix(std::min(end + 1, left.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    read_header(line);
  }
}

void TransformHead::read_query(std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view field = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(field.find('='), field.size());
    const std::string_view value = field.substr(std::min(equals + 1, field.size()));
    std::string name = decoded(field.substr(0, equals));
    query_.push_back({.text = field,
                      .shown_name = {},
                      .name = std::move(name),
                      .value = decoded(value),
                      .is_field = !field.empty()});
  }
}

void TransformHead::read_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  HeadField field{.text = line, .shown_name = {}, .name = {}, .value = {}, .is_field = false};
  if (colon != std::string_view::npos && is_token(line.substr(0, colon))) {
    field.shown_name = line.substr(0, colon);
    field.name = lower(field.shown_name);
    field.value = trimmed(line.substr(colon + 1));
    field.is_field = true;
  }
  if (!line.empty()) headers_.push_back(std::move(field));
}

std::string TransformHead::written_line(HeadChange* query) const {
  std::string line(line_);
  if (!query) return line;
  sort(*query);
  std::string target(target_.substr(0, query_at_));
  char separator = '?';
  const auto separate = [&] {
    target += separator;
    separator = '&';
  };
  const auto keep = [&](const HeadField& field) {
    separate();
    target += field.text;
  };
  merge(query_, *query, keep, [&](std::string_view name, std::string_view value) {
    separate();
    append_encoded(target, name);
    target += '=';
    append_encoded(target, value);
  });
  target += target_.substr(query_end_);
  const auto before = static_cast<std::size_t>(target_.data() - line_.data());
  return line.replace(before, target_.size(), target);
}

HeadChange TransformHead::all_headers() const {
  HeadChange all;
  std::vector<const HeadField*> sorted;
  for (const HeadField& field : headers_) {
    if (field.is_field) sorted.push_back(&field);
  }
  // They stand in one vector: of one name the first comes first.
  std::ranges::sort(sorted, [](const HeadField* a, const HeadField* b) {
    return a->name != b->name ? a->name < b->name : a < b;
  });
  for (const HeadField* field : sorted) {
    if (all.fields.empty() || all.fields.back().normalised != field->name) {
      all.fields.push_back(
          {.name = field->name, .normalised = field->name, .first_value = all.values.size()});
    }
    all.values.push_back(field->value);
    ++all.fields.back().count;
  }
  return all;
}

void TransformHead::set_json_type(HeadChange& headers) const {
  constexpr std::string_view kName = "content-type";
  const auto own = std::ranges::find(headers_, kName, &HeadField::name);
  auto wanted = std::ranges::find(headers.fields, kName, &WantedField::normalised);
  if (wanted != headers.fields.end() && wanted->count > 0) {
    const std::string& value = headers.values[wanted->first_value];
    if (own == headers_.end() || own->value != value || is_json_type(value)) return;
  }
  if (wanted == headers.fields.end()) {
    headers.fields.push_back({.name = std::string(kName), .normalised = std::string(kName)});
    wanted = std::prev(headers.fields.end());
  }
  wanted->first_value = headers.values.size();
  wanted->count = 1;
  headers.values.emplace_back("application/json");
}

std::expected<std::string, std::string> TransformHead::write(HeadChange* headers, HeadChange* query,
                                                             bool body_became_json) const {
  if (!headers && !query && !body_became_json) return std::string(head_);
  std::string head = written_line(query).append("\r\n");
  if (!headers && !body_became_json) return head.append(rest_);
  HeadChange all;
  if (!headers) headers = &(all = all_headers());
  for (WantedField& field : headers->fields) {
    if (!is_token(field.name)) return std::unexpected(quoted(field.name) + ": no header can have this name");
    field.normalised = lower(field.name);
    if (std::ranges::any_of(values_of(*headers, field), has_control))
      return std::unexpected(quoted(field.name) + ": a header's value cannot hold control characters");
  }
  if (body_became_json) set_json_type(*headers);
  if (const auto twice = sort(*headers))
    return std::unexpected(quoted(*twice) + ": the header is there twice, in different spellings");
  const auto keep = [&head](const HeadField& field) { head.append(field.text).append("\r\n"); };
  merge(headers_, *headers, keep, [&head](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  });
  return head;
}

}  // namespace creel
