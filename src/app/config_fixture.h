// Surroundings for a configuration under test: variables, files and a clock of its own.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/config_load.h"

namespace creel {

inline constexpr std::string_view kSecret = "whsec_dGVzdF9zZWNyZXRfa2V5X2Zvcl90ZXN0aW5n";
inline constexpr std::string_view kOtherSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

using Texts = std::map<std::string, std::string, std::less<>>;

// A machine with these variables and files, and a creel.toml if one is given.
struct Machine {
  Texts variables{{"OPENAI_WEBHOOK_SECRET", std::string(kSecret)}};
  Texts files;
  ConfigFlags flags;

  static auto in(const Texts& texts) {
    return [&texts](std::string_view name) -> std::optional<std::string> {
      const auto found = texts.find(name);
      return found == texts.end() ? std::nullopt : std::optional(found->second);
    };
  }

  // 2026-11-23T12:00:00Z
  static constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'795'435'200)};

  LoadedConfig load() const {
    return load_config(flags, {.variable = in(variables), .file = in(files), .now = [] { return kNow; }});
  }
  LoadedConfig load(std::string toml) {
    files["creel.toml"] = std::move(toml);
    return load();
  }
};

inline std::vector<std::string> texts_of(const LoadedConfig& loaded) {
  std::vector<std::string> texts;
  for (const ConfigProblem& problem : loaded.problems)
    texts.push_back(to_text(problem));
  return texts;
}

inline std::vector<std::string> problems_of(std::string toml) {
  return texts_of(Machine{}.load(std::move(toml)));
}

}  // namespace creel
