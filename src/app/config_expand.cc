#include "app/config_expand.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace creel {
namespace {

struct Expression {
  enum class Kind { variable, file, credential };
  Kind kind = Kind::variable;
  std::string_view name;  // of the variable or the credential, or the path
  std::optional<std::string_view> fallback;
};

// The inside of ${…}.
Expression parse_expression(std::string_view inside) {
  Expression expression;
  for (const auto& [word, kind] :
       {std::pair(std::string_view("file:"), Expression::Kind::file),
        std::pair(std::string_view("credential:"), Expression::Kind::credential)}) {
    if (!inside.starts_with(word)) continue;
    expression.kind = kind;
    expression.name = inside.substr(word.size());
    return expression;
  }
  const std::size_t separator = inside.find(":-");
  expression.name = inside.substr(0, separator);
  if (separator != std::string_view::npos) expression.fallback = inside.substr(separator + 2);
  return expression;
}

bool is_variable_name(std::string_view name) {
  const auto is_word = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') && std::ranges::all_of(name, is_word);
}

std::optional<std::string> content_of(std::string_view path, const Outside& outside) {
  auto content = outside.file(path);
  if (!content) return std::nullopt;
  if (content->ends_with('\n')) content->pop_back();
  if (content->ends_with('\r')) content->pop_back();
  return content;
}

std::expected<std::string, std::string> credential(const std::string& name, const Outside& outside) {
  const std::string written = "${credential:" + name + "}";
  if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos)
    return std::unexpected("\"" + name + "\" is not the name of a credential");
  const auto folder = outside.variable("CREDENTIALS_DIRECTORY");
  if (!folder || folder->empty()) {
    return std::unexpected("CREDENTIALS_DIRECTORY is not set: " + written +
                           " is for a systemd service with LoadCredential=" + name + ":/path");
  }
  const std::string path = *folder + "/" + name;
  auto content = content_of(path, outside);
  if (!content) return std::unexpected("cannot read the file " + path + " of " + written);
  return *std::move(content);
}

std::expected<std::string, std::string> value_of(const Expression& expression, const Outside& outside) {
  const std::string name(expression.name);
  if (expression.kind == Expression::Kind::credential) return credential(name, outside);
  if (expression.kind == Expression::Kind::file) {
    auto content = content_of(name, outside);
    if (!content) return std::unexpected("cannot read the file " + name + " of ${file:" + name + "}");
    return *std::move(content);
  }
  if (!is_variable_name(expression.name))
    return std::unexpected("\"" + name + "\" is not the name of a variable");
  auto value = outside.variable(expression.name);
  if (expression.fallback && (!value || value->empty())) return std::string(*expression.fallback);
  if (!value) {
    return std::unexpected("the environment variable " + name + " is not set; ${" + name +
                           ":-} would stand for nothing then");
  }
  return *value;
}

std::string program_problem(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return errno == ENOENT ? "is not there" : "cannot be looked at";
  if (!S_ISREG(status.st_mode)) return "is not a file";
  return ::access(path.c_str(), X_OK) == 0 ? "" : "cannot be executed by this user";
}

bool is_user(const std::string& name) {
  struct passwd entry{};
  struct passwd* found = nullptr;
  std::vector<char> texts(16384);
  return ::getpwnam_r(name.c_str(), &entry, texts.data(), texts.size(), &found) == 0 && found != nullptr;
}

}  // namespace

Outside real_outside() {
  return {.variable = [](std::string_view name) -> std::optional<std::string> {
            const char* value = std::getenv(std::string(name).c_str());
            return value ? std::optional<std::string>(value) : std::nullopt;
          },
          .file = [](std::string_view path) -> std::optional<std::string> {
            std::ifstream stream{std::string(path), std::ios::binary};
            if (!stream) return std::nullopt;
            std::string content;
            // By read(), which says so when it fails; the buffer itself throws, on a folder for instance.
            for (std::array<char, 4096> block{};
                 stream.read(block.data(), block.size()) || stream.gcount() > 0;)
              content.append(block.data(), static_cast<std::size_t>(stream.gcount()));
            if (stream.bad()) return std::nullopt;
            return content;
          },
          .now = [] { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); },
          // What cannot even be asked about is not taken for missing.
          .exists =
              [](std::string_view path) {
                std::error_code error;
                const bool is_there = std::filesystem::exists(std::filesystem::path(path), error);
                return is_there || error;
              },
          .program_problem = program_problem,
          .is_user = is_user};
}

std::expected<std::string, std::string> expand(std::string_view text, const Outside& outside,
                                               LoneDollar lone) {
  std::string expanded;
  while (!text.empty()) {
    const std::size_t dollar = std::min(text.find('$'), text.size());
    expanded += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.empty()) break;
    if (text.starts_with("$$")) {
      expanded += '$';
      text.remove_prefix(2);
      continue;
    }
    if (!text.starts_with("${") && lone == LoneDollar::stays) {
      expanded += '$';
      text.remove_prefix(1);
      continue;
    }
    if (!text.starts_with("${"))
      return std::unexpected("a $ that stands alone; write $$ for a dollar, ${NAME} for a variable");
    const std::size_t close = text.find('}');
    if (close == std::string_view::npos) return std::unexpected("a ${ without its }");
    auto value = value_of(parse_expression(text.substr(2, close - 2)), outside);
    if (!value) return value;
    expanded += *value;
    text.remove_prefix(close + 1);
  }
  return expanded;
}

std::string_view expression_name(std::string_view text) {
  if (!text.starts_with("${") || text.find('}') + 1 != text.size()) return {};
  return parse_expression(text.substr(2, text.size() - 3)).name;
}

}  // namespace creel
