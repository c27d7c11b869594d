// One table of creel.toml, read key by key: what is there and good is put into its place, what is there and
// bad is reported with where it stands, and what is not there leaves its default.
//
// Every function reads on after a mistake, so that one run names them all.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config_expand.h"
#include "app/config_load.h"
#include "app/config_toml.h"

namespace creel {

// Where problems gather.
class ConfigProblems {
 public:
  explicit ConfigProblems(std::string file = {}) : file_(std::move(file)) {}
  void error(Place place, std::string message) { add(false, place, std::move(message)); }
  void warning(Place place, std::string message) { add(true, place, std::move(message)); }
  bool has_errors() const;
  // In the order of the file; what has no place comes last.
  std::vector<ConfigProblem> take() && { return std::move(problems_); }

 private:
  void add(bool is_warning, Place place, std::string message);

  std::string file_;
  std::vector<ConfigProblem> problems_;
};

// A string of the file after expansion.
struct ConfigText {
  std::string text;
  Place place;
  std::string origin;  // the variable or file it is wholly made of, or ""
};

class Section {
 public:
  // `title` is how messages call it: "[destinations.app]". Reports every key that is not among `keys`.
  Section(const TomlNode& node, std::string title, const std::vector<std::string_view>& keys,
          const Outside& outside, ConfigProblems& problems);

  bool has(std::string_view key) const { return find(key) != nullptr; }
  // Of the key's value, or of the whole table when it has no such key.
  Place place(std::string_view key) const;
  std::span<const TomlEntry> entries() const;
  const TomlNode* find(std::string_view key) const;
  const std::string& title() const { return title_; }
  const Outside& outside() const { return outside_; }
  ConfigProblems& problems() { return problems_; }

  std::optional<ConfigText> text(std::string_view key);
  std::vector<ConfigText> texts(std::string_view key);  // of an array; those that cannot be read are left out
  std::vector<ConfigText> one_or_more(std::string_view key);  // the same, or one text alone
  // A text that is not a key's value, or may hold a $ of its own; messages call it `what`.
  std::optional<ConfigText> expanded(std::string_view what, const TomlNode& node,
                                     LoneDollar lone = LoneDollar::is_a_mistake);
  // A time with its zone, as TOML writes it or as a text.
  void time(std::string_view key, std::optional<std::chrono::sys_seconds>& into);
  void duration(std::string_view key, std::chrono::milliseconds& into, std::chrono::milliseconds at_least);
  void duration(std::string_view key, std::chrono::seconds& into,
                std::chrono::seconds at_least);  // no fractions
  void size(std::string_view key, std::uint64_t& into, std::uint64_t at_least, std::uint64_t at_most);
  void integer(std::string_view key, std::int64_t& into, std::int64_t at_least, std::int64_t at_most);
  void number(std::string_view key, double& into, double at_least, double at_most);
  void boolean(std::string_view key, bool& into);
  // One of a few words.
  template <class T>
  void choice(std::string_view key, T& into, std::initializer_list<std::pair<std::string_view, T>> words) {
    const auto given = text(key);
    if (!given) return;
    std::vector<std::string_view> names;
    for (const auto& [word, value] : words) {
      if (word == given->text) {
        into = value;
        return;
      }
      names.push_back(word);
    }
    unknown_word(key, *given, names);
  }

 private:
  void wrong_kind(std::string_view key, const TomlNode& node, std::string_view wanted);
  void unknown_word(std::string_view key, const ConfigText& given,
                    const std::vector<std::string_view>& words);

  const TomlNode& node_;
  std::string title_;
  const Outside& outside_;
  ConfigProblems& problems_;
};

// "; did you mean \"retry\"?", or "" when nothing is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace creel
