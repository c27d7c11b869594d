// exec = ["/usr/bin/handler", "--flag"]: a program, started without a shell, and what it finds when it
// starts.
#include <fmt/format.h>

#include <algorithm>

#include "app/config_destination.h"
#include "core/text.h"

namespace creel {
namespace {

// What the system's calls would end the text at.
bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

void read_command(Section& from, ExecSettings& into) {
  const TomlNode* node = from.find("exec");
  if (std::holds_alternative<std::string>(node->value)) {
    from.problems().error(node->place,
                          "exec must be an array: the program and each argument by itself, as no shell takes "
                          "them apart, such as [\"/usr/bin/handler\", \"--flag\"]");
    return;
  }
  const std::vector<ConfigText> texts = from.texts("exec");
  const auto* array = std::get_if<TomlNode::Array>(&node->value);
  if (!array || texts.size() != array->size()) return;
  if (texts.empty() || !texts[0].text.starts_with('/')) {
    from.problems().error(texts.empty() ? node->place : texts[0].place,
                          "exec must begin with the absolute path of a program");
    return;
  }
  for (const ConfigText& text : texts) {
    if (has_nul(text.text)) from.problems().error(text.place, "exec has a NUL character in it");
    into.command.push_back(text.text);
  }
  if (!from.outside().program_problem) return;
  // The file may come later, and until then nothing is lost: deliveries wait.
  if (const std::string problem = from.outside().program_problem(into.command[0]); !problem.empty()) {
    from.problems().warning(texts[0].place,
                            fmt::format("{}: {} {}: every delivery fails until that is mended", from.title(),
                                        displayed(into.command[0]), problem));
  }
}

std::string variable_problem(std::string_view name) {
  const auto is_word = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (name.empty() || (name[0] >= '0' && name[0] <= '9') || !std::ranges::all_of(name, is_word))
    return "is not the name of a variable";
  if (name.starts_with("CREEL_")) return "cannot be set: CREEL_… are creel's own";
  return {};
}

void read_environment(Section& from, ExecSettings& into) {
  const TomlNode* node = from.find("environment");
  if (!node) return;
  const auto* entries = std::get_if<TomlNode::Table>(&node->value);
  if (!entries) {
    from.problems().error(
        node->place,
        fmt::format("environment must be a table such as {{ LANG = \"C\" }}, not {}", kind_name(*node)));
    return;
  }
  for (const TomlEntry& entry : *entries) {
    if (const std::string problem = variable_problem(entry.name); !problem.empty()) {
      from.problems().error(entry.place,
                            fmt::format("environment: {} {}", displayed(entry.name, 64), problem));
      continue;
    }
    auto value = from.expanded("every value of environment", entry.node);
    if (!value) continue;
    if (has_nul(value->text)) {
      from.problems().error(
          value->place, fmt::format("environment: the value of {} has a NUL character in it", entry.name));
      continue;
    }
    into.environment.emplace_back(entry.name, std::move(value->text));
  }
}

void read_user(Section& from, ExecSettings& into) {
  auto given = from.text("user");
  if (!given) return;
  if (given->text.empty() || has_nul(given->text)) {
    from.problems().error(given->place, "user must be the name of a user");
  } else if (from.outside().is_user && !from.outside().is_user(given->text)) {
    from.problems().error(given->place, fmt::format("user: there is no user {}", displayed(given->text, 64)));
  } else {
    into.user = std::move(given->text);
  }
}

}  // namespace

void read_exec(Section& from, Destination& into) {
  read_command(from, into.exec);
  read_environment(from, into.exec);
  read_user(from, into.exec);
  auto directory = from.text("directory");
  if (!directory) return;
  if (!directory->text.starts_with('/') || has_nul(directory->text)) {
    from.problems().error(directory->place, "directory must be an absolute path");
  } else {
    into.exec.directory = std::move(directory->text);
  }
}

}  // namespace creel
