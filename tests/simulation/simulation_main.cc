// Runs worlds, one seed after the other, and stops at the first in which a promise is broken.
//
//   creel_simulation [--from N] [--seeds N] [--jobs N]    many worlds, by so many processes
//   creel_simulation --seed N [--trace]                   one, again
//
// CREEL_SEEDS=N in the environment stands for --seeds N where there is none.
//
// Ends with 1 and the last steps of the world when something is wrong, 64 when it is called wrongly.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "tests/simulation/world.h"

namespace {

using namespace creel;

constexpr std::size_t kTraceLines = 60;

struct Options {
  std::uint64_t from = 1, seeds = 1000;
  std::uint64_t jobs = 1;
  bool is_trace = false;
};

std::optional<Options> parse(std::span<char*> arguments) {
  Options options;
  if (const char* seeds = std::getenv("CREEL_SEEDS")) {
    const std::string_view text = seeds;
    if (std::from_chars(text.data(), text.data() + text.size(), options.seeds).ec != std::errc())
      return std::nullopt;
  }
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string_view name = arguments[i];
    if (name == "--trace") {
      options.is_trace = true;
      continue;
    }
    if (++i == arguments.size()) return std::nullopt;
    const std::string_view text = arguments[i];
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (name == "--seed") {
      options.from = value;
      options.seeds = 1;
    } else if (name == "--from") {
      options.from = value;
    } else if (name == "--seeds") {
      options.seeds = value;
    } else if (name == "--jobs" && value > 0) {
      options.jobs = std::min<std::uint64_t>(value, 64);
    } else {
      return std::nullopt;
    }
  }
  return options;
}

// Memory is the best of disks here: what survives a crash is decided by the world.
std::string make_folder() {
  const std::filesystem::path memory = "/dev/shm";
  std::error_code error;
  const auto base = std::filesystem::is_directory(memory, error) && ::access(memory.c_str(), W_OK) == 0
                        ? memory
                        : std::filesystem::temp_directory_path();
  std::string pattern = (base / "creel-simulation-XXXXXX").string();
  return ::mkdtemp(pattern.data()) == nullptr ? std::string() : pattern;
}

struct Ran {
  std::optional<std::string> wrong;
  simulation::Tally tally;
};

Ran run(std::uint64_t seed, const std::string& folder, Log& log, std::vector<std::string>* trace) {
  const std::string store = folder + "/store";
  std::filesystem::remove_all(store);
  simulation::World world(seed, store, log, trace);
  world.run();
  return {world.wrong(), world.tally()};
}

// Every `jobs`-th world from this one on. 1 when a promise is broken.
int run_worlds(const Options& options, std::uint64_t first) {
  const std::string folder = make_folder();
  if (folder.empty()) return 74;
  // What the parts say of the storms is of no interest, unless one looks at a single world.
  const SystemClock clock;
  const int nowhere = options.is_trace ? 2 : ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  Log log(clock, {.level = LogLevel::warning, .format = LogFormat::text, .descriptor = nowhere});

  simulation::Tally tally;
  bool is_wrong = false;
  const auto began = std::chrono::steady_clock::now();
  std::uint64_t worlds = 0;
  for (std::uint64_t seed = first; seed - options.from < options.seeds && !is_wrong; seed += options.jobs) {
    ++worlds;
    std::vector<std::string> trace;
    Ran ran = run(seed, folder, log, options.is_trace ? &trace : nullptr);
    tally += ran.tally;
    is_wrong = ran.wrong.has_value();
    if (is_wrong && !options.is_trace) ran = run(seed, folder, log, &trace);
    const std::size_t from = options.is_trace ? 0 : trace.size() - std::min(trace.size(), kTraceLines);
    for (std::size_t i = from; i < trace.size(); ++i)
      fmt::print("  {}\n", trace[i]);
    if (is_wrong)
      fmt::print("seed {}: {}\nagain: creel_simulation --seed {} --trace\n", seed,
                 ran.wrong.value_or("not wrong when run again"), seed);
  }
  std::filesystem::remove_all(folder);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  fmt::print("{}\n{} worlds in {:.1f} s: {}\n", to_text(tally), worlds, took.count(),
             is_wrong ? "a promise is broken" : "every promise is kept");
  return is_wrong ? 1 : 0;
}

// Each in a process of its own: what the parts assume of their threads is of the process.
int run_jobs(const Options& options) {
  std::vector<pid_t> jobs;
  for (std::uint64_t job = 0; job < options.jobs; ++job) {
    const pid_t child = ::fork();
    if (child == 0) {
      const int code = run_worlds(options, options.from + job);
      std::fflush(nullptr);
      ::_exit(code);
    }
    if (child > 0) jobs.push_back(child);
  }
  int worst = jobs.size() == options.jobs ? 0 : 71;
  for (const pid_t job : jobs) {
    int status = 0;
    ::waitpid(job, &status, 0);
    worst = std::max(worst, WIFEXITED(status) ? WEXITSTATUS(status) : 70);
  }
  return worst;
}

}  // namespace

int main(int count, char** arguments) {
  const auto options = parse(std::span(arguments, static_cast<std::size_t>(count)));
  if (!options) {
    fmt::print(stderr, "usage: creel_simulation [--from N] [--seeds N] [--jobs N] | --seed N [--trace]\n");
    return 64;
  }
  return options->jobs > 1 && options->seeds > 1 ? run_jobs(*options) : run_worlds(*options, options->from);
}
