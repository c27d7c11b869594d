#include "verify/signature_plan.h"

#include <algorithm>

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

char end_of_id(const std::vector<TemplatePart>& parts) {
  const auto id = std::ranges::find(parts, Kind::id, &TemplatePart::kind);
  if (id == parts.end() || id + 1 == parts.end()) return 0;
  return (id + 1)->kind == Kind::literal ? (id + 1)->text.front() : '\0';
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
  plan.id_end = end_of_id(plan.text.parts);

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
