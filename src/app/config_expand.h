// ${VAR}, ${VAR:-default}, ${file:/path} and ${credential:NAME} inside the strings of a configuration, put in
// after the file was parsed: what comes in this way can be any text and is never read as TOML.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace creel {

// Where texts from outside come from. Passed in, so that a test has its own.
struct Outside {
  std::function<std::optional<std::string>(std::string_view name)> variable;
  std::function<std::optional<std::string>(std::string_view path)> file;  // nothing when it cannot be read
  std::function<std::chrono::sys_seconds()> now;                          // none: nothing has expired
  std::function<bool(std::string_view path)> exists;  // none: what cannot be read is not there
  // What keeps a file from being started as a program, as the end of a sentence; "" when nothing does. None:
  // programs are not looked at.
  std::function<std::string(const std::string& path)> program_problem = nullptr;
  // Whether the system knows a user of this name. None: users are not looked at.
  std::function<bool(const std::string& name)> is_user = nullptr;
};
// The process's environment, the file system and the clock.
Outside real_outside();

// The text with everything put in; $$ is a dollar. The default is used, as in a shell, when the variable is
// unset or empty; it is taken as it stands. A credential is the file of that name in $CREDENTIALS_DIRECTORY,
// as systemd has it. A file's last newline is dropped. The error is one sentence.
//
// A $ before anything else is a mistake, as a variable was probably meant; but for texts in a language that
// writes $ itself, where it stays as it is.
enum class LoneDollar { is_a_mistake, stays };
std::expected<std::string, std::string> expand(std::string_view text, const Outside& outside,
                                               LoneDollar lone = LoneDollar::is_a_mistake);

// "VAR", "/path" or "NAME" when the whole text is one such expression: a good name for what came of it. ""
// otherwise.
std::string_view expression_name(std::string_view text);

}  // namespace creel
