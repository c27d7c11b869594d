// The family of signatures over a text made by a template; see SignatureRule.
#pragma once

#include <optional>
#include <string_view>

#include <creel/provider.h>

namespace creel {

// What makes a row's rule unusable, as a sentence, or nothing. For rules that come from configuration; a
// source with such a rule accepts nothing (VerifyError::no_keys).
std::optional<std::string_view> find_signature_fault(const Provider& provider);

}  // namespace creel
