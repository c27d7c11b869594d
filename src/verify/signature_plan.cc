#include "verify/signature_plan.h"

#include <algorithm>
#include <span>
#include <utility>

namespace creel {
namespace {

using Kind = TemplatePart::Kind;
using Place = SignaturePlan::Place;

constexpr std::size_t kSignatureFieldsMax = 8;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<std::string_view> find_fault(const SignatureRule& rule) {
  if (rule.signatures.empty() || rule.signatures.size() > kSignatureFieldsMax)
    return "the rule does not say where the signature stands";
  if (std::ranges::any_of(rule.signatures, [](const Field& field) {
        return field.name.empty() || field.in == Field::In::text;
      }))
    return "a signature stands in a header or in the body";
  if (rule.timestamp.size() > 1) return "there is more than one timestamp";
  const bool has_pairs = rule.pair_separator != 0;
  if (has_pairs && rule.signature_pair.empty()) return "the pair of the signature has no name";
  if (has_pairs && rule.signature_pair == rule.timestamp_pair)
    return "the pairs of signature and timestamp have the same name";
  if (has_pairs && rule.signatures.size() > 1) return "pairs stand in one header";
  return std::nullopt;
}

void place_time(const SignatureRule& rule, SignaturePlan& plan) {
  if (rule.pair_separator != 0 && !rule.timestamp_pair.empty()) {
    plan.time = Place::pair;
  } else if (!rule.timestamp.empty()) {
    plan.time = rule.timestamp.front().in == Field::In::header ? Place::header : Place::body;
    plan.time_name = rule.timestamp.front().name;
  }
}

// The value that identifies a message: in a header of the first recipe, else in its body.
const Field* id_field(const Provider& provider) {
  if (provider.dedupe.empty()) return nullptr;
  const KeyRecipe recipe = provider.dedupe.front();
  for (Field::In in : {Field::In::header, Field::In::body}) {
    const auto found = std::ranges::find(recipe, in, &Field::in);
    if (found != recipe.end()) return &*found;
  }
  return nullptr;
}

// A placeholder may be another name of one that is looked up elsewhere.
bool resolve(TemplatePart& part, const Provider& provider, SignaturePlan& plan) {
  if (part.kind == Kind::pointer && plan.time == Place::body && part.text == plan.time_name)
    part = {.kind = Kind::timestamp, .text = {}};
  if (part.kind == Kind::timestamp) {
    plan.signs_time = true;
    return plan.time != Place::nowhere;
  }
  if (part.kind != Kind::id) return true;
  const Field* field = id_field(provider);
  if (field == nullptr) return false;
  if (field->in == Field::In::body) {
    part = {.kind = Kind::pointer, .text = field->name};
  } else {
    plan.id_header = field->name;
  }
  return true;
}

// Whether a text of the sender's touches the timestamp on one side.
bool is_time_bare(const std::vector<TemplatePart>& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].kind != Kind::timestamp) continue;
    if (i > 0 && parts[i - 1].kind != Kind::literal) return true;
    if (i + 1 == parts.size()) continue;
    const TemplatePart& next = parts[i + 1];
    if (next.kind != Kind::literal || is_digit(next.text.front())) return true;
  }
  return false;
}

// --- Borders
// ------------------------------------------------------------------------------------------------------
//
// Which values a signed text was made of must follow from the text. {timestamp} is digits, {method} one of a
// few words, and {url} begins with an address that is known. {body}, {sorted_form} and the query of {url} are
// whatever the sender likes, {id} and {/pointer} nearly so.
//
// From the left up to the first of the free texts, each {id} and {/pointer} ends where the literal after it
// begins, since it may not hold that character; from the right down to the last, each begins where the
// literal before it ends. Between two free texts both must hold, so both do wherever there is a free text
// before it. Without a literal there is no border, but next to a timestamp at the very edge of the text,
// whose digits are counted then.

bool is_free(const TemplatePart& part) {
  return part.kind == Kind::body || part.kind == Kind::sorted_form || part.kind == Kind::url;
}
bool is_value(const TemplatePart& part) {
  return part.kind != Kind::literal;
}

struct Border {
  bool is_missing = false;
  std::string forbidden;
};

Border border_of(std::span<const TemplatePart> parts, std::size_t at) {
  Border border;
  const auto before = parts.first(at), after = parts.subspan(at + 1);
  if (!before.empty()) {
    const TemplatePart& next = before.back();
    const auto beyond = before.first(at - 1);
    if (!is_value(next)) {
      if (std::ranges::any_of(beyond, is_free)) border.forbidden += next.text.back();
    } else {
      border.is_missing |= next.kind != Kind::timestamp || std::ranges::any_of(beyond, is_value);
    }
  }
  if (!after.empty()) {
    const TemplatePart& next = after.front();
    const auto beyond = after.subspan(1);
    if (!is_value(next)) {
      if (std::ranges::any_of(beyond, is_value)) border.forbidden += next.text.front();
    } else {
      border.is_missing |= next.kind != Kind::timestamp || std::ranges::any_of(beyond, is_value);
    }
  }
  return border;
}

// Whether a query never holds this character unescaped (RFC 3986; and what browsers leave as it is).
bool is_foreign_to_query(char c) {
  constexpr std::string_view kForeign = "\"<>\\^`{|}";
  return c <= ' ' || c > '~' || kForeign.contains(c);
}

// A query next to the body. A character between them that no query holds is their border. Without, the body
// begins (or ends) with a brace, a bracket or a quote, as JSON does, and a query that holds one is refused.
// That costs a genuine sender nothing: such characters are escaped in a query.
constexpr std::string_view kJsonEdges = "{}[]\"";

void find_borders_of_url(std::span<const TemplatePart> parts, std::size_t at, SignaturePlan& plan) {
  const auto is_body = [](const TemplatePart& part) { return part.kind == Kind::body; };
  if (std::ranges::any_of(parts.subspan(at + 1), is_body)) {
    const TemplatePart& next = parts[at + 1];
    const bool is_border = !is_value(next) && is_foreign_to_query(next.text.front());
    if (is_border) plan.query_forbidden += next.text.front();
    plan.is_url_before_body |= !is_border;
  }
  if (std::ranges::any_of(parts.first(at), is_body)) {
    const TemplatePart& next = parts[at - 1];
    const bool is_border = !is_value(next) && is_foreign_to_query(next.text.back());
    if (is_border) plan.query_forbidden += next.text.back();
    plan.is_url_after_body |= !is_border;
  }
}

std::optional<std::string_view> find_borders(SignaturePlan& plan) {
  const std::span<const TemplatePart> parts = plan.text.parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].kind == Kind::url) find_borders_of_url(parts, i, plan);
    if (parts[i].kind != Kind::id && parts[i].kind != Kind::pointer) continue;
    Border border = border_of(parts, i);
    if (border.is_missing)
      return "an {id} or {/pointer} stands next to another placeholder, so that characters could move from "
             "one "
             "to the other under the same signature: the sender must put a text between them";
    if (parts[i].kind == Kind::id) {
      plan.id_forbidden += border.forbidden;
    } else {
      plan.pointers_forbidden.push_back(std::move(border.forbidden));
    }
  }
  if (!plan.is_url_before_body && !plan.is_url_after_body) return std::nullopt;
  plan.is_query_plain = true;
  plan.query_forbidden += kJsonEdges;
  plan.id_forbidden += kJsonEdges;
  for (std::string& forbidden : plan.pointers_forbidden)
    forbidden += kJsonEdges;
  return std::nullopt;
}

}  // namespace

std::expected<SignaturePlan, std::string_view> SignaturePlan::make(const Provider& provider) {
  const SignatureRule& rule = provider.signature;
  if (const auto fault = find_fault(rule)) return std::unexpected(*fault);
  auto text = TextTemplate::compile(rule.content);
  if (!text) return std::unexpected(text.error());

  SignaturePlan plan;
  plan.text = *std::move(text);
  place_time(rule, plan);
  for (TemplatePart& part : plan.text.parts) {
    if (!resolve(part, provider, plan))
      return std::unexpected("the text has a timestamp or an id, and the rule does not say where it stands");
    if (part.kind == Kind::pointer) plan.pointers.push_back(part.text);
  }
  if (const auto fault = find_borders(plan)) return std::unexpected(*fault);

  plan.signatures_at = plan.pointers.size();
  for (const Field& field : rule.signatures) {
    if (field.in == Field::In::body) plan.pointers.push_back(field.name);
  }
  plan.time_at = plan.pointers.size();
  plan.reads_time_first = plan.time == Place::body && (plan.signs_time || plan.time_at > 0);
  if (plan.reads_time_first) plan.pointers.push_back(plan.time_name);
  if (plan.signs_time && is_time_bare(plan.text.parts))
    plan.time_digits = rule.timestamp_unit == TimestampUnit::milliseconds ? 13 : 10;
  return plan;
}

}  // namespace creel
