// Command-line options of the measuring programs: "--name value" and "--name", nothing else.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

namespace creel::bench {

class Options {
 public:
  Options(std::string program, std::string usage) : help_("usage: " + program + " " + usage + "\n") {}

  template <typename T>
  Options& value(const std::string& name, const std::string& meaning, T& into) {
    describe(name + " …", meaning);
    values_[name] = [&into](const std::string& text) {
      std::istringstream stream(text);
      if constexpr (std::is_same_v<T, std::string>)
        into = text;
      else
        return static_cast<bool>(stream >> into) && stream.eof();
      return true;
    };
    return *this;
  }
  Options& flag(const std::string& name, const std::string& meaning, bool& into) {
    describe(name, meaning);
    flags_[name] = &into;
    return *this;
  }

  // Ends the program with 64 when an option is unknown or its value is none.
  void parse(int argc, char** argv) const {
    for (int i = 1; i < argc; ++i) {
      const std::string name = argv[i];
      if (auto flag = flags_.find(name); flag != flags_.end()) {
        *flag->second = true;
      } else if (auto value = values_.find(name);
                 value != values_.end() && i + 1 < argc && value->second(argv[i + 1])) {
        ++i;
      } else {
        std::fputs(help_.c_str(), name == "--help" ? stdout : stderr);
        std::exit(name == "--help" ? 0 : 64);
      }
    }
  }

 private:
  void describe(const std::string& name, const std::string& meaning) {
    help_ += "  " + name + "  " + meaning + "\n";
  }

  std::string help_;
  std::map<std::string, std::function<bool(const std::string&)>> values_;
  std::map<std::string, bool*> flags_;
};

}  // namespace creel::bench
