#include "rules/filter.h"

namespace creel {

struct RuleScratch::Impl {};
RuleScratch::RuleScratch() = default;
RuleScratch::~RuleScratch() = default;
void RuleScratch::forget() {}

struct Filter::Impl {};
Filter::Filter(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;
Filter::~Filter() = default;

std::expected<Filter, FilterError> Filter::parse(std::string_view) {
  return std::unexpected(FilterError{.where = "", .message = "filters cannot be read yet"});
}
bool Filter::matches(const RuleInput&, RuleScratch&) const {
  return false;
}
bool Filter::matches_also(const RuleInput&, RuleScratch&) const {
  return false;
}

}  // namespace creel
