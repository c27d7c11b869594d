#include "app/config_row.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <deque>

#include "core/text.h"
#include "verify/signature.h"

namespace creel {
namespace {

using std::string_view;

constexpr std::array<string_view, 11> kHmacOptions{
    "header",         "hash", "encoding", "prefix",  "content", "timestamp_header",
    "timestamp_unit", "id",   "type",     "subject", "time"};
constexpr std::array<string_view, 6> kTokenOptions{"header", "query", "id", "type", "subject", "time"};
constexpr std::array<string_view, 4> kFieldOptions{"id", "type", "subject", "time"};
constexpr std::array<string_view, 12> kAllOptions{
    "header",           "query",          "hash", "encoding", "prefix",  "content",
    "timestamp_header", "timestamp_unit", "id",   "type",     "subject", "time"};

bool is_header_name(string_view name) {
  const auto is_token = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           string_view("!#$%&'*+-.^_`|~").find(c) != string_view::npos;
  };
  return !name.empty() && name.size() <= 100 && std::ranges::all_of(name, is_token);
}

// RFC 6901; the whole document ("") is of no use here.
bool is_pointer(string_view text) {
  if (!text.starts_with('/')) return false;
  for (std::size_t i = text.find('~'); i != string_view::npos; i = text.find('~', i + 1)) {
    if (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')) return false;
  }
  return true;
}

std::string lower(string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lowered;
}

// A row with everything that its views point into.
struct OwnRow {
  Provider row;
  std::deque<std::string> texts;
  std::vector<Field> signatures, timestamp, ids, types, subjects, times;
  std::vector<KeyRecipe> dedupe;
  std::vector<CredentialPlace> credentials;
  std::vector<string_view> signature_headers;

  string_view keep(std::string text) { return texts.emplace_back(std::move(text)); }
};

class RowReader {
 public:
  RowReader(Section& from, const Provider& generic, ConfigProblems& problems, SourceConfig& source)
      : from_(from), problems_(problems), source_(source), own_(std::make_shared<OwnRow>()), row_(own_->row) {
    row_ = generic;
  }

  std::shared_ptr<const Provider> read() {
    if (row_.scheme == Scheme::signature) read_signature();
    if (row_.scheme == Scheme::credential && accepts("header")) read_credential();
    read_fields("id", own_->ids);
    if (!own_->ids.empty()) {
      for (const Field& id : own_->ids)
        own_->dedupe.emplace_back(&id, 1);
      row_.dedupe = own_->dedupe;
    }
    if (read_fields("type", own_->types)) row_.types = own_->types;
    if (read_fields("subject", own_->subjects)) row_.subjects = own_->subjects;
    if (read_fields("time", own_->times)) row_.times = own_->times;
    if (row_.scheme == Scheme::signature) check_content();
    return {own_, &row_};
  }

 private:
  bool accepts(string_view option) const {
    return std::ranges::find(row_options(row_), option) != row_options(row_).end();
  }

  // A text of the section, noted.
  std::optional<ConfigText> text(string_view key) {
    auto given = from_.text(key);
    if (given) source_.options.push_back({std::string(key), {given->text}});
    return given;
  }

  std::optional<string_view> header(string_view key) {
    auto given = text(key);
    if (!given) return std::nullopt;
    if (!is_header_name(given->text)) {
      problems_.error(given->place, fmt::format("{}: \"{}\" is not the name of a header", key, given->text));
      return std::nullopt;
    }
    return own_->keep(std::move(given->text));
  }

  template <class T>
  void choice(string_view key, T& into, std::initializer_list<std::pair<string_view, T>> words) {
    from_.choice<T>(key, into, words);
    for (const auto& [word, value] : words) {
      if (from_.has(key) && value == into) source_.options.push_back({std::string(key), {std::string(word)}});
    }
  }

  void read_signature() {
    SignatureRule& rule = row_.signature;
    if (const auto name = header("header")) {
      own_->signatures = {in_header(*name)};
      rule.signatures = own_->signatures;
    }
    choice<SignatureAlgorithm>("hash", rule.algorithm,
                               {{"sha1", SignatureAlgorithm::hmac_sha1},
                                {"sha256", SignatureAlgorithm::hmac_sha256},
                                {"sha512", SignatureAlgorithm::hmac_sha512}});
    choice<SignatureEncoding>("encoding", rule.encoding,
                              {{"hex", SignatureEncoding::hex}, {"base64", SignatureEncoding::base64}});
    if (auto prefix = text("prefix")) rule.prefix = own_->keep(std::move(prefix->text));
    if (auto content = text("content")) rule.content = own_->keep(std::move(content->text));
    if (const auto name = header("timestamp_header")) {
      own_->timestamp = {in_header(*name)};
      rule.timestamp = own_->timestamp;
      if (row_.tolerance == std::chrono::seconds(0)) row_.tolerance = std::chrono::minutes(5);
      row_.without_id = WithoutId::time_and_body;
    }
    choice<TimestampUnit>(
        "timestamp_unit", rule.timestamp_unit,
        {{"seconds", TimestampUnit::seconds}, {"milliseconds", TimestampUnit::milliseconds}});
    if (from_.has("timestamp_unit") && rule.timestamp.empty())
      problems_.error(from_.place("timestamp_unit"), "timestamp_unit needs a timestamp_header");
    for (const std::span<const Field> fields : {rule.signatures, rule.timestamp}) {
      for (const Field& field : fields) {
        if (field.in == Field::In::header) own_->signature_headers.push_back(own_->keep(lower(field.name)));
      }
    }
    row_.signature_headers = own_->signature_headers;
  }

  // The template's placeholders, and what each of them needs.
  void check_content() {
    const SignatureRule& rule = row_.signature;
    const Place place = from_.place("content");
    bool has_body = false, has_timestamp = false, is_good = true;
    for (std::size_t open = rule.content.find('{'); open != string_view::npos;
         open = rule.content.find('{', open + 1)) {
      const std::size_t close = rule.content.find('}', open);
      if (close == string_view::npos) {
        problems_.error(place, "content: a { without its }");
        return;
      }
      const string_view name = rule.content.substr(open + 1, close - open - 1);
      if (name == "url") row_.needs_url = true;
      has_body |= name == "body" || name == "sorted_form";
      has_timestamp |= name == "timestamp";
      is_good &= check_placeholder(place, name);
    }
    if (!is_good) return;
    if (const auto fault = find_signature_fault(row_))
      problems_.error(place, fmt::format("content: {}", *fault));
    if (!has_body && from_.has("content")) {
      problems_.warning(place,
                        "content has no {body}: whoever has seen one signature can send any body with it");
    }
    if (!has_timestamp && from_.has("timestamp_header")) {
      problems_.warning(from_.place("timestamp_header"),
                        "content has no {timestamp}: the time is not signed, and can be changed");
    }
  }

  bool check_placeholder(Place place, string_view name) {
    constexpr std::array<string_view, 6> kNames{"timestamp", "id", "method", "url", "body", "sorted_form"};
    if (is_pointer(name)) return true;
    if (std::ranges::find(kNames, name) == kNames.end()) {
      const std::vector<string_view> known(kNames.begin(), kNames.end());
      problems_.error(place, fmt::format("content: there is no placeholder {{{}}}; write one of {{{}}} or a "
                                         "JSON pointer such as {{/data/id}}{}",
                                         name, fmt::join(known, "}, {"), did_you_mean(name, known)));
    } else if (name == "timestamp" && row_.signature.timestamp.empty()) {
      problems_.error(place, "content has {timestamp}, which needs a timestamp_header");
    } else if (name == "id" && row_.dedupe.empty()) {
      problems_.error(place, "content has {id}, which needs an id, such as id = \"header:X-Request-Id\"");
    } else {
      return true;
    }
    return false;
  }

  void read_credential() {
    using Kind = CredentialPlace::Kind;
    const auto name = header("header");
    if (name && equal_ignoring_case(*name, "authorization"))
      own_->credentials.push_back({Kind::bearer, ""});  // and the token alone, as some send it
    if (name) own_->credentials.push_back({Kind::header, *name});
    if (auto query = text("query")) {
      if (from_.has("header")) {
        problems_.error(query->place, "query: the token stands in a header already; say one of both");
      } else if (query->text.empty()) {
        problems_.error(query->place, "query: write the name of a field, such as \"token\"");
      } else {
        own_->credentials.push_back({Kind::query, own_->keep(std::move(query->text))});
      }
    }
    if (!own_->credentials.empty()) {
      row_.credentials = own_->credentials;
      if (name) own_->signature_headers.push_back(own_->keep(lower(*name)));
      row_.signature_headers = own_->signature_headers;
    }
  }

  // "header:NAME" or "/pointer", one or a list.
  bool read_fields(string_view key, std::vector<Field>& into) {
    std::vector<std::string> said;
    for (ConfigText& given : from_.one_or_more(key)) {
      const string_view name = string_view(given.text).substr(given.text.starts_with("header:") ? 7 : 0);
      const bool is_header = name.size() < given.text.size();
      if (is_header ? !is_header_name(name) : !is_pointer(name)) {
        problems_.error(given.place,
                        fmt::format("{}: write \"header:NAME\" or a JSON pointer such as \"/data/id\"", key));
        continue;
      }
      said.push_back(given.text);
      const string_view kept = own_->keep(std::string(name));
      into.push_back(is_header ? in_header(kept) : in_body(kept));
    }
    if (!said.empty()) source_.options.push_back({std::string(key), std::move(said)});
    return !into.empty();
  }

  Section& from_;
  ConfigProblems& problems_;
  SourceConfig& source_;
  std::shared_ptr<OwnRow> own_;
  Provider& row_;
};

}  // namespace

std::span<const string_view> row_options(const Provider& provider) {
  // The table says how a generic row signs, and not that it is one: that is the meaning of its name.
  if (provider.name == "hmac") return kHmacOptions;
  if (provider.name == "token") return kTokenOptions;
  if (provider.name == "basic" || provider.name == "none") return kFieldOptions;
  return {};
}

std::span<const string_view> all_row_options() {
  return kAllOptions;
}

std::shared_ptr<const Provider> read_row(Section& from, const Provider& generic, ConfigProblems& problems,
                                         SourceConfig& source) {
  if (row_options(generic).empty()) return table_row(generic);
  auto row = RowReader(from, generic, problems, source).read();
  return source.options.empty() ? table_row(generic) : row;
}

std::expected<std::shared_ptr<const Provider>, std::string> make_row(
    string_view provider, const std::vector<std::pair<std::string, std::vector<std::string>>>& options) {
  const Provider* generic = find_provider(provider);
  if (!generic) return std::unexpected(fmt::format("there is no provider \"{}\"", displayed(provider)));
  // As a file would have it: what was noted was expanded already.
  const auto written = [](const std::string& text) {
    TomlNode node;
    std::string& escaped = node.value.emplace<std::string>();
    for (const char c : text)
      escaped += c == '$' ? "$$" : std::string(1, c);
    return node;
  };
  TomlNode::Table table;
  for (const auto& [name, texts] : options) {
    TomlEntry& entry = table.emplace_back();
    entry.name = name;
    if (texts.size() == 1) {
      entry.node = written(texts.front());
      continue;
    }
    auto& array = entry.node.value.emplace<TomlNode::Array>();
    for (const std::string& text : texts)
      array.push_back(written(text));
  }
  TomlNode node;
  node.value = std::move(table);
  const auto known = row_options(*generic);
  ConfigProblems problems;
  const Outside nothing{};
  Section from(node, "", {known.begin(), known.end()}, nothing, problems);
  SourceConfig source;
  auto row = read_row(from, *generic, problems, source);
  if (!problems.has_errors()) return row;
  const auto found = std::move(problems).take();
  return std::unexpected(std::ranges::find(found, false, &ConfigProblem::is_warning)->message);
}

std::shared_ptr<const Provider> table_row(const Provider& provider) {
  return {std::shared_ptr<void>(), &provider};
}

}  // namespace creel
