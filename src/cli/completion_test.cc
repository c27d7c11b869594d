// What the scripts say. That a shell understands them is tested where there are shells.
#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <creel/provider.h>

#include "cli/exit_code.h"
#include "cli/test_world.h"

namespace creel::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string script(const std::string& shell) {
  World world;
  EXPECT_EQ(world.run({"completion", shell}), kFine);
  EXPECT_EQ(world.err, "");
  return world.out;
}

// A grammar of its own.
std::vector<CompletedCommand> commands() {
  using enum CompletedValue::Kind;
  return {{.path = "", .commands = {{"go", "It's on"}}, .options = {}, .arguments = {}},
          {.path = "go",
           .commands = {},
           .options = {{.names = {"-n", "--number"}, .description = "How many: a number", .value = {{}}},
                       {.names = {"--all"}, .description = "All \\ of them", .value = {}},
                       {.names = {"--form"}, .description = "", .value = {{words, {"text", "json"}}}},
                       {.names = {"--in"}, .description = "", .value = {{file, {}}}}},
           .arguments = {{folder, {}}}}};
}

TEST(Completion, KnowsEveryCommandInEveryShell) {
  World help;
  help.run({"--help"});
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string text = script(shell);
    for (const char* path : {"serve", "events list", "events tail", "rejected accept", "routes test", "plan",
                             "sources pause", "routes resume", "destinations get", "journal dump",
                             "completion", "replay", "retry", "dlq drop", "jobs wait", "bookmarks add"})
      EXPECT_THAT(text, HasSubstr("'" + std::string(path))) << shell;
    for (const char* option : {"--rebuild-index", "--admin-listen", "--bad-signature"})
      EXPECT_THAT(text, HasSubstr(std::string(option).substr(2))) << shell;
    EXPECT_THAT(text, HasSubstr("pending delivered dead cancelled")) << shell;
    EXPECT_THAT(text, HasSubstr("bash zsh fish")) << shell;
    for (const Provider& provider : all_providers())
      EXPECT_THAT(text, HasSubstr(" " + std::string(provider.name))) << shell;
  }
}

TEST(Completion, AsksTheProgramForTheNamesOfWhatRuns) {
  for (const char* shell : {"bash", "zsh"}) {
    const std::string text = script(shell);
    EXPECT_THAT(text, HasSubstr("'destinations pause 0'")) << shell;
    EXPECT_THAT(text, HasSubstr("printf '%s\\n' 'names destinations' ;;")) << shell;
    EXPECT_THAT(text, HasSubstr("'events list --source'")) << shell;
    EXPECT_THAT(text, HasSubstr("'replay --to'")) << shell;
    EXPECT_THAT(text, HasSubstr("printf '%s\\n' 'names jobs' ;;")) << shell;
    EXPECT_THAT(text, HasSubstr("'bookmarks get 0'")) << shell;
    EXPECT_THAT(text, HasSubstr("'trigger --source'|'trigger --secret'|")) << "of another configuration";
  }
  EXPECT_THAT(script("fish"), HasSubstr("'__creel_at \\'routes resume\\' 0' -x -a '(__creel_names routes)'"));
}

TEST(Completion, IsRefusedForOtherShells) {
  World world;
  EXPECT_EQ(world.run({"completion", "tcsh"}), kUsage);
  EXPECT_EQ(world.run({"completion"}), kUsage);
}

TEST(Completion, OfBashTellsFlagsFromOptionsWithValues) {
  const std::string text = bash_completion(commands());
  EXPECT_THAT(text, HasSubstr("'') printf '%s\\n' 'go' ;;"));
  EXPECT_THAT(text, HasSubstr("'go') printf '%s\\n' '-n --number --all --form --in' ;;"));
  EXPECT_THAT(text, HasSubstr("'go -n'|'go --number') printf '%s\\n' 'nothing' ;;"));
  EXPECT_THAT(text, HasSubstr("'go --form') printf '%s\\n' 'words text json' ;;"));
  EXPECT_THAT(text, HasSubstr("'go --in') printf '%s\\n' 'file' ;;"));
  EXPECT_THAT(text, HasSubstr("'go 0') printf '%s\\n' 'folder' ;;"));
  EXPECT_THAT(text, Not(HasSubstr("'go --all'")));
}

TEST(Completion, OfZshDescribesAndQuotes) {
  const std::string text = zsh_completion(commands());
  EXPECT_THAT(text, StartsWith("#compdef creel\n"));
  EXPECT_THAT(text, HasSubstr("'') described=('go:It'\\''s on') ;;"));
  EXPECT_THAT(text,
              HasSubstr("'-n:How many: a number' '--number:How many: a number' '--all:All \\ of them'"));
}

TEST(Completion, OfFishDescribesAndQuotes) {
  const std::string text = fish_completion(commands());
  EXPECT_THAT(text,
              HasSubstr("set -g __creel_commands 'go'\nset -g __creel_valued --form --in --number -n\n"));
  EXPECT_THAT(text, HasSubstr(R"(complete -c creel -n '__creel_at \'\'' -a go -d 'It\'s on')"));
  EXPECT_THAT(text, HasSubstr(R"(complete -c creel -n '__creel_at \'go\'' -s n -l number -x -d)"));
  EXPECT_THAT(text, HasSubstr(R"(complete -c creel -n '__creel_at \'go\'' -l all -d 'All \\ of them')"));
  EXPECT_THAT(text, HasSubstr(R"(-l form -x -a 'text json' -d)"));
  EXPECT_THAT(text, HasSubstr(R"(-l in -r -F -d)"));
  EXPECT_THAT(
      text, HasSubstr(R"(complete -c creel -n '__creel_at \'go\' 0' -x -a '(__fish_complete_directories)')"));
}

// Fish's script tells by an option's name alone whether a value follows.
TEST(Completion, GivesNoOptionAValueInOneCommandAndNoneInAnother) {
  const std::string text = script("fish");
  std::string valued = text.substr(text.find("__creel_valued ") + 15);
  valued = " " + valued.substr(0, valued.find('\n')) + " ";
  std::size_t flags = 0;
  for (std::size_t at = 0; (at = text.find("\ncomplete -c creel -n ", at)) != text.npos; ++at) {
    const std::string line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
    const std::size_t name = line.find(" -l ");
    if (name == line.npos) continue;
    std::size_t end = line.find(' ', name + 4);
    while (line.substr(end, 4) == " -l ")  // Another name of the same.
      end = line.find(' ', end + 4);
    const std::string rest = line.substr(end, 4);
    if (rest == " -x " || rest == " -r ") continue;
    ++flags;
    EXPECT_THAT(valued, Not(HasSubstr(" --" + line.substr(name + 4, end - name - 4) + " "))) << line;
  }
  EXPECT_GT(flags, 20u);
}

}  // namespace
}  // namespace creel::cli
