// The text that a provider signs, as a template: compiled once, then filled in with views.
//
// Filling in copies nothing: the text is a list of views, which a MAC takes one after the other.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>
#include <vector>

#include "verify/template_url.h"

namespace creel {

struct TemplatePart {
  enum class Kind : std::uint8_t { literal, timestamp, id, method, url, body, sorted_form, pointer };
  Kind kind;
  std::string_view text;  // of a literal, or the JSON pointer
};

struct TextTemplate {
  // The parts in their order, with views into `content`. The error is a sentence: a placeholder that is not
  // known, a brace without its other, or more than fits. A text that does not depend on the request at all is
  // refused too: one signature over it would do for ever.
  static std::expected<TextTemplate, std::string_view> compile(std::string_view content);

  bool has(TemplatePart::Kind kind) const;

  std::vector<TemplatePart> parts;
};

// What stands for the placeholders of one request.
struct TemplateValues {
  std::string_view timestamp;
  std::string_view id;
  std::string_view method;
  std::string_view body;
  std::string_view sorted_form;
  UrlText url;
  std::span<const std::string_view> pointers;  // one for each part that is a pointer, in their order
};

inline constexpr std::size_t kTextViewsMax = 16;

// A text that was filled in.
class FilledText {
 public:
  FilledText(const TextTemplate& text, const TemplateValues& values);
  std::span<const std::string_view> views() const { return std::span(views_).first(count_); }

 private:
  std::array<std::string_view, kTextViewsMax> views_;
  std::size_t count_ = 0;
};

}  // namespace creel
