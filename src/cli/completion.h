// What a shell completes after "creel": the grammar as plain data, and the scripts that tell a shell of it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace creel::cli {

// What is completed where an option's value or an argument stands.
struct CompletedValue {
  enum class Kind {
    nothing,  // free text
    words,    // one of a few
    file,
    folder,
    types,  // the event types of the provider that was named first; the program itself is asked for them
    names,  // of what runs, the sources, routes or destinations (the only word); it is asked for them too
  };
  Kind kind = Kind::nothing;
  std::vector<std::string> words;

  bool operator==(const CompletedValue&) const = default;
};
struct CompletedOption {
  std::vector<std::string> names;  // "-e", "--events"
  std::string description;
  std::optional<CompletedValue> value;  // none: a flag
};
struct CompletedCommand {
  std::string path;                                           // "events list"; "" is creel itself
  std::vector<std::pair<std::string, std::string>> commands;  // below it, each with its description
  std::vector<CompletedOption> options;
  std::vector<CompletedValue> arguments;
};

// Scripts to be sourced, or put where the shell looks for completions. They need bash from 4.0, zsh from 5.0,
// fish from 3.0. What stands in a command line is compared with, and never evaluated.
std::string bash_completion(std::span<const CompletedCommand> commands);
std::string zsh_completion(std::span<const CompletedCommand> commands);
std::string fish_completion(std::span<const CompletedCommand> commands);

}  // namespace creel::cli
