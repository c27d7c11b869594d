// The command that completes the others: what it knows of them is the grammar itself.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <string_view>

#include <creel/provider.h>

#include "cli/completion.h"
#include "cli/exit_code.h"
#include "cli/grammar.h"

namespace creel::cli {
namespace {

using Kind = CompletedValue::Kind;

std::vector<std::string> provider_names() {
  std::vector<std::string> names;
  for (const Provider& provider : all_providers())
    names.emplace_back(provider.name);
  return names;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == text.npos) return parts;
    text.remove_prefix(at + 1);
  }
}

// By the name of its type, which the help shows: FILE, FOLDER, or the words there are. `name` is an
// argument's own, or an option's.
CompletedValue value_of(const CLI::App& app, const CLI::Option& option, std::string_view name) {
  // CLI11 adds to the type what its checks say of themselves.
  const std::string full = option.get_type_name();
  const std::string type = full.substr(0, full.find(':'));
  if (type.find('|') != type.npos) return {Kind::words, split(type, '|')};
  if (type == "FILE" || name == "file") return {Kind::file, {}};
  if (type == "FOLDER" || name == "folder" || name == "--store") return {Kind::folder, {}};
  const bool is_provider = name == "provider" || name == "--provider";
  if (is_provider || (name == "name" && app.get_name() == "providers"))
    return {Kind::words, provider_names()};
  if (name == "type" && app.get_name() == "trigger") return {Kind::types, {}};
  // A running creel knows its own; what trigger and its like take is another configuration's.
  const bool has_server = app.get_option_no_throw("--server") != nullptr;
  if (has_server && name == "--to") return {Kind::names, {"destinations"}};
  for (std::string_view what : {"source", "route", "destination", "job", "bookmark"}) {
    if (has_server && (name == what || name == fmt::format("--{}", what)))
      return {Kind::names, {fmt::format("{}s", what)}};
  }
  return {};
}

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames())
    names.push_back("-" + name);
  for (const std::string& name : option.get_lnames())
    names.push_back("--" + name);
  return names;
}

void gather(const CLI::App& app, const std::string& path, std::vector<CompletedCommand>& all) {
  CompletedCommand command{.path = path, .commands = {}, .options = {}, .arguments = {}};
  const auto below = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* sub : below)
    command.commands.emplace_back(sub->get_name(), sub->get_description());
  for (const CLI::Option* option : app.get_options()) {
    const std::vector<std::string> names = names_of(*option);
    if (option->get_positional()) command.arguments.push_back(value_of(app, *option, option->get_name(true)));
    if (names.empty()) continue;
    const bool is_flag = option->get_items_expected_max() == 0;
    command.options.push_back(
        {.names = names,
         .description = option->get_description(),
         .value = is_flag ? std::nullopt : std::optional(value_of(app, *option, names.back()))});
  }
  all.push_back(std::move(command));
  for (const CLI::App* sub : below)
    gather(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), all);
}

}  // namespace

void Grammar::add_completion() {
  CLI::App* completion =
      command("completion", kServing, "Print a script that completes creel's commands in a shell",
              "Examples:\n"
              "  source <(creel completion bash)      (in ~/.bashrc)\n"
              "  creel completion bash > /etc/bash_completion.d/creel\n"
              "  source <(creel completion zsh)       (in ~/.zshrc, after compinit)\n"
              "  creel completion zsh > \"${fpath[1]}/_creel\"\n"
              "  creel completion fish > ~/.config/fish/completions/creel.fish");
  completion->add_option("shell", shell_, "Which shell's")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->type_name("bash|zsh|fish");
  runs(completion, [this] {
    std::vector<CompletedCommand> commands;
    gather(app_, "", commands);
    io_.out << (shell_ == "bash"  ? bash_completion(commands)
                : shell_ == "zsh" ? zsh_completion(commands)
                                  : fish_completion(commands));
    return kFine;
  });
}

}  // namespace creel::cli
