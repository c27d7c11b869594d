#include "cli/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <string_view>

namespace creel::cli {
namespace {

using Commands = std::span<const CompletedCommand>;

// For bash and zsh.
std::string quoted(std::string_view text) {
  std::string all = "'";
  for (const char character : text) {
    if (character == '\'')
      all += "'\\''";
    else
      all += character;
  }
  return all + "'";
}
// Fish knows escapes inside quotes.
std::string fish_quoted(std::string_view text) {
  std::string all = "'";
  for (const char character : text) {
    if (character == '\'' || character == '\\') all += '\\';
    all += character;
  }
  return all + "'";
}

std::string code_of(const CompletedValue& value) {
  using enum CompletedValue::Kind;
  switch (value.kind) {
    case nothing:
      return "nothing";
    case words:
      return fmt::format("words {}", fmt::join(value.words, " "));
    case file:
      return "file";
    case folder:
      return "folder";
    case types:
      return "types";
    case names:
      return fmt::format("names {}", fmt::join(value.words, " "));
  }
  return "nothing";
}

// The branches of a case statement: one for each answer, with everything that gets it.
std::string branches(const std::vector<std::pair<std::string, std::string>>& answers) {
  std::vector<std::string> order;
  std::map<std::string, std::string> asked;
  for (const auto& [question, answer] : answers) {
    std::string& all = asked[answer];
    if (all.empty()) order.push_back(answer);
    all += (all.empty() ? "" : "|") + quoted(question);
  }
  std::string text;
  for (const std::string& answer : order)
    text += fmt::format("    {}) printf '%s\\n' {} ;;\n", asked[answer], quoted(answer));
  return text;
}

std::string function(std::string_view name, std::string_view asked, std::string_view what,
                     const std::vector<std::pair<std::string, std::string>>& answers) {
  return fmt::format("\n# {}\n{}() {{\n  case \"{}\" in\n{}  esac\n}}\n", what, name, asked,
                     branches(answers));
}

// What bash and zsh ask, as functions that both understand.
std::string tables(Commands commands) {
  std::vector<std::pair<std::string, std::string>> below, options, values;
  for (const CompletedCommand& command : commands) {
    std::vector<std::string> names, option_names;
    for (const auto& [name, description] : command.commands)
      names.push_back(name);
    if (!names.empty()) below.emplace_back(command.path, fmt::format("{}", fmt::join(names, " ")));
    for (const CompletedOption& option : command.options) {
      for (const std::string& name : option.names) {
        option_names.push_back(name);
        if (option.value) values.emplace_back(command.path + " " + name, code_of(*option.value));
      }
    }
    options.emplace_back(command.path, fmt::format("{}", fmt::join(option_names, " ")));
    for (std::size_t at = 0; at < command.arguments.size(); ++at)
      values.emplace_back(fmt::format("{} {}", command.path, at), code_of(command.arguments[at]));
  }
  return function("_creel_commands", "$1", "The commands below a command.", below) +
         function("_creel_options", "$1", "The options of a command.", options) +
         function("_creel_value", "$1 $2",
                  "What an option of a command takes, or its argument of a number; nothing for a flag.",
                  values);
}

constexpr std::string_view kBash = R"script(
_creel() {
  local line="${COMP_LINE:0:COMP_POINT}" word option= at= first= kind= before= cut= count=0 i
  local -a typed wanted=()
  read -ra typed <<<"$line"
  [[ "$line" == *[[:space:]] ]] && typed+=("")
  local program="${typed[0]/#\~/$HOME}" current="${typed[${#typed[@]}-1]}"
  for ((i = 1; i < ${#typed[@]} - 1; i++)); do
    word="${typed[i]}"
    if [[ -n "$option" ]]; then
      option=
    elif [[ "$word" == -*=* ]]; then
      :
    elif [[ "$word" == -?* ]]; then
      [[ -n "$(_creel_value "$at" "$word")" ]] && option="$word"
    elif [[ " $(_creel_commands "$at") " == *" $word "* ]]; then
      at="${at:+$at }$word"
    else
      ((count++ == 0)) && first="$word"
    fi
  done

  if [[ -n "$option" ]]; then
    kind="$(_creel_value "$at" "$option")"
  elif [[ "$current" == -*=* ]]; then
    kind="$(_creel_value "$at" "${current%%=*}")"
    # What bash takes for the word begins after this, usually.
    [[ "$COMP_WORDBREAKS" == *=* ]] || before="${current%%=*}="
    current="${current#*=}"
  elif [[ "$current" == -* ]]; then
    kind="words $(_creel_options "$at")"
  elif [[ -n "$(_creel_commands "$at")" ]]; then
    kind="words $(_creel_commands "$at")"
  else
    kind="$(_creel_value "$at" "$count")"
  fi

  case "$kind" in
    words\ *) read -ra wanted <<<"${kind#words }" ;;
    names\ *)
      # What a shell would not take as one plain word is left to whoever types it.
      while IFS= read -r word; do
        [[ "$word" == *[!A-Za-z0-9._:@%+-]* ]] || wanted+=("$word")
      done < <("$program" "${kind#names }" list --names 2>/dev/null </dev/null)
      ;;
    types) mapfile -t wanted < <("$program" trigger "$first" --list 2>/dev/null </dev/null) ;;
    file)
      compopt -o filenames 2>/dev/null
      mapfile -t wanted < <(compgen -f -- "$current")
      ;;
    folder)
      compopt -o filenames 2>/dev/null
      mapfile -t wanted < <(compgen -d -- "$current")
      ;;
  esac
  [[ "$COMP_WORDBREAKS" == *:* && "$current" == *:* ]] && cut="${current%:*}:"
  COMPREPLY=()
  for word in "${wanted[@]}"; do
    [[ "$word" == "$current"* ]] && COMPREPLY+=("$before${word#"$cut"}")
  done
  return 0
}
complete -F _creel creel
)script";

constexpr std::string_view kZsh = R"script(
_creel() {
  local at= option= word= first= kind= count=0 i
  local -a described
  for ((i = 2; i < CURRENT; i++)); do
    word="${words[i]}"
    if [[ -n "$option" ]]; then
      option=
    elif [[ "$word" == -*=* ]]; then
      :
    elif [[ "$word" == -?* ]]; then
      [[ -n "$(_creel_value "$at" "$word")" ]] && option="$word"
    elif [[ " $(_creel_commands "$at") " == *" $word "* ]]; then
      at="${at:+$at }$word"
    else
      ((count++ == 0)) && first="$word"
    fi
  done

  local current="${words[CURRENT]}"
  if [[ -n "$option" ]]; then
    kind="$(_creel_value "$at" "$option")"
  elif [[ "$current" == -*=* ]]; then
    kind="$(_creel_value "$at" "${current%%=*}")"
    compset -P '*='
  elif [[ "$current" == -* ]]; then
    _creel_described_options "$at"
    _describe -o 'option' described
    return
  elif [[ -n "$(_creel_commands "$at")" ]]; then
    _creel_described_commands "$at"
    _describe 'command' described
    return
  else
    kind="$(_creel_value "$at" "$count")"
  fi

  local program="${(Q)words[1]}"
  case "$kind" in
    words\ *) compadd -- ${(s: :)${kind#words }} ;;
    names\ *) compadd -- ${(f)"$("${program/#\~/$HOME}" ${kind#names } list --names 2>/dev/null </dev/null)"} ;;
    types) compadd -- ${(f)"$("${program/#\~/$HOME}" trigger "$first" --list 2>/dev/null </dev/null)"} ;;
    file) _files ;;
    folder) _files -/ ;;
  esac
}

if [[ "${funcstack[1]}" == _creel ]]; then
  _creel "$@"
else
  compdef _creel creel
fi
)script";

// A function of zsh's that sets `described` to the names and descriptions of what it is asked for.
std::string described(std::string_view name,
                      const std::vector<std::pair<std::string, std::string>>& answers) {
  std::string text = fmt::format("\n{}() {{\n  case \"$1\" in\n", name);
  for (const auto& [path, items] : answers)
    text += fmt::format("    {}) described=({}) ;;\n", quoted(path), items);
  return text + "  esac\n}\n";
}

constexpr std::string_view kFish = R"script(
# Where the command line stands: the command, how many arguments it has so far, and the first of them.
function __creel_place
    set -l tokens (commandline -opc)
    set -e tokens[1]
    set -l place ''
    set -l option 0
    set -l count 0
    set -l first ''
    for token in $tokens
        if test $option -eq 1
            set option 0
        else if string match -q -- '-*=*' $token
            continue
        else if string match -q -- '-?*' $token
            contains -- $token $__creel_valued; and set option 1
        else if contains -- (string trim -- "$place $token") $__creel_commands
            set place (string trim -- "$place $token")
        else
            test $count -eq 0; and set first $token
            set count (math $count + 1)
        end
    end
    printf '%s\n' "$place" $count "$first"
end
function __creel_at
    set -l place (__creel_place)
    test "$place[1]" = "$argv[1]"; or return 1
    test (count $argv) -eq 1; or test "$place[2]" = "$argv[2]"
end
function __creel_names
    set -l tokens (commandline -opc)
    $tokens[1] $argv[1] list --names 2>/dev/null </dev/null
end
function __creel_types
    set -l place (__creel_place)
    set -l tokens (commandline -opc)
    $tokens[1] trigger $place[3] --list 2>/dev/null </dev/null
end

complete -c creel -f
)script";

// The options of complete for what an option or argument takes.
std::string fish_value(const CompletedValue& value) {
  using enum CompletedValue::Kind;
  switch (value.kind) {
    case nothing:
      return " -x";
    case words:
      return fmt::format(" -x -a {}", fish_quoted(fmt::format("{}", fmt::join(value.words, " "))));
    case file:
      return " -r -F";
    case folder:
      return " -x -a '(__fish_complete_directories)'";
    case types:
      return " -x -a '(__creel_types)'";
    case names:
      return fmt::format(" -x -a '(__creel_names {})'", fmt::join(value.words, " "));
  }
  return "";
}

std::string fish_option(const CompletedCommand& command, const CompletedOption& option) {
  std::string line =
      fmt::format("complete -c creel -n {}", fish_quoted("__creel_at " + fish_quoted(command.path)));
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (option.value) line += fish_value(*option.value);
  return line + " -d " + fish_quoted(option.description) + "\n";
}

}  // namespace

std::string bash_completion(Commands commands) {
  return "# Completion for bash, made by: creel completion bash\n" + tables(commands) + std::string(kBash);
}

std::string zsh_completion(Commands commands) {
  std::vector<std::pair<std::string, std::string>> below, options;
  for (const CompletedCommand& command : commands) {
    std::vector<std::string> names, flags;
    for (const auto& [name, description] : command.commands)
      names.push_back(quoted(name + ":" + description));
    for (const CompletedOption& option : command.options) {
      for (const std::string& name : option.names)
        flags.push_back(quoted(name + ":" + option.description));
    }
    if (!names.empty()) below.emplace_back(command.path, fmt::format("{}", fmt::join(names, " ")));
    options.emplace_back(command.path, fmt::format("{}", fmt::join(flags, " ")));
  }
  return "#compdef creel\n# Completion for zsh, made by: creel completion zsh\n" + tables(commands) +
         described("_creel_described_commands", below) + described("_creel_described_options", options) +
         std::string(kZsh);
}

std::string fish_completion(Commands commands) {
  std::vector<std::string> paths, valued;
  std::string lines;
  for (const CompletedCommand& command : commands) {
    if (!command.path.empty()) paths.push_back(fish_quoted(command.path));
    const std::string here = fish_quoted(command.path);
    for (const auto& [name, description] : command.commands)
      lines += fmt::format("complete -c creel -n {} -a {} -d {}\n", fish_quoted("__creel_at " + here), name,
                           fish_quoted(description));
    for (std::size_t at = 0; at < command.arguments.size(); ++at)
      lines += fmt::format(
          "complete -c creel -n {}{}\n", fish_quoted(fmt::format("__creel_at {} {}", here, at)),
          command.arguments[at].kind == CompletedValue::Kind::file ? " -F"
                                                                   : fish_value(command.arguments[at]));
    for (const CompletedOption& option : command.options) {
      if (option.value) valued.insert(valued.end(), option.names.begin(), option.names.end());
      lines += fish_option(command, option);
    }
  }
  std::ranges::sort(valued);
  valued.erase(std::ranges::unique(valued).begin(), valued.end());
  return fmt::format(
      "# Completion for fish, made by: creel completion fish\n\nset -g __creel_commands {}\nset -g "
      "__creel_valued {}\n{}{}",
      fmt::join(paths, " "), fmt::join(valued, " "), kFish, lines);
}

}  // namespace creel::cli
