// Secrets as the configuration gives them, and the keys that are made of them.
//
//   secrets = ["${OPENAI_WEBHOOK_SECRET}", { value = "…", label = "new", not_before = 2026-12-01T00:00:00Z }]
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/config_section.h"

namespace creel {

struct GivenSecret {
  ConfigText text;
  std::string label;  // said, the variable or file that it came from, or "secret 1"
  Place label_place;
  std::optional<std::chrono::sys_seconds> not_before, expires;
  bool has_own_label = false;  // it says something, and not only its place in the list
};

// `secrets` of a source's table. What cannot be read is reported and left out.
std::vector<GivenSecret> read_secrets(Section& from, const Outside& outside, ConfigProblems& problems);

// The provider's usual variables and their namesakes ending in _OLD, those that are set. "USER:PASSWORD" in
// the row means two variables, joined by a colon; the old one's user is the present one's unless it is said.
std::vector<GivenSecret> usual_secrets(const Provider& provider, const Outside& outside,
                                       ConfigProblems& problems);

// Makes keys of them: empty ones are skipped, bad ones reported with why, never with what they say; those
// whose time is over get a warning.
void add_keys(const std::vector<GivenSecret>& secrets, SecretForm form, const Outside& outside,
              ConfigProblems& problems, SourceConfig& source);

}  // namespace creel
