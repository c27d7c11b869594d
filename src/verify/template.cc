#include "verify/template.h"

#include <algorithm>
#include <utility>

namespace creel {
namespace {

using Kind = TemplatePart::Kind;

constexpr std::pair<std::string_view, Kind> kPlaceholders[] = {
    {"timestamp", Kind::timestamp}, {"id", Kind::id},
    {"method", Kind::method},       {"url", Kind::url},
    {"body", Kind::body},           {"sorted_form", Kind::sorted_form},
};

std::expected<TemplatePart, std::string_view> part_of(std::string_view name) {
  if (name.starts_with('/')) return TemplatePart{.kind = Kind::pointer, .text = name};
  const auto* found = std::ranges::find(kPlaceholders, name, &std::pair<std::string_view, Kind>::first);
  if (found == std::end(kPlaceholders))
    return std::unexpected(
        "a placeholder is none of {timestamp}, {id}, {method}, {url}, {body}, {sorted_form} and {/pointer}");
  return TemplatePart{.kind = found->second, .text = {}};
}

std::size_t views_of(const TemplatePart& part) {
  return part.kind == Kind::url ? std::tuple_size_v<UrlText> : 1;
}

}  // namespace

std::expected<TextTemplate, std::string_view> TextTemplate::compile(std::string_view content) {
  TextTemplate text;
  std::size_t views = 0;
  bool depends_on_request = false;
  while (!content.empty()) {
    const std::size_t brace = std::min(content.find_first_of("{}"), content.size());
    TemplatePart part{.kind = Kind::literal, .text = content.substr(0, brace)};
    if (brace == 0) {
      const std::size_t end = content.find_first_of("{}", 1);
      if (content[0] != '{' || end == content.npos || content[end] != '}')
        return std::unexpected("a brace stands without its other");
      const auto placeholder = part_of(content.substr(1, end - 1));
      if (!placeholder) return std::unexpected(placeholder.error());
      part = *placeholder;
      depends_on_request = true;
      content.remove_prefix(end + 1);
    } else {
      content.remove_prefix(brace);
    }
    views += views_of(part);
    if (views > kTextViewsMax) return std::unexpected("there are too many placeholders");
    text.parts.push_back(part);
  }
  if (!depends_on_request) return std::unexpected("nothing of the request is signed");
  return text;
}

bool TextTemplate::has(TemplatePart::Kind kind) const {
  return std::ranges::find(parts, kind, &TemplatePart::kind) != parts.end();
}

FilledText::FilledText(const TextTemplate& text, const TemplateValues& values) {
  const auto add = [this](std::string_view view) { views_[count_++] = view; };
  std::size_t pointers = 0;
  for (const TemplatePart& part : text.parts) {
    switch (part.kind) {
      case Kind::literal:
        add(part.text);
        break;
      case Kind::timestamp:
        add(values.timestamp);
        break;
      case Kind::id:
        add(values.id);
        break;
      case Kind::method:
        add(values.method);
        break;
      case Kind::url:
        for (std::string_view piece : values.url)
          add(piece);
        break;
      case Kind::body:
        add(values.body);
        break;
      case Kind::sorted_form:
        add(values.sorted_form);
        break;
      case Kind::pointer:
        add(values.pointers[pointers++]);
        break;
    }
  }
}

}  // namespace creel
