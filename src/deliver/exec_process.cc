#include "deliver/exec_process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "core/text.h"

namespace creel {
namespace {

// Where the child failed. Goes through a pipe, which the program's start closes.
struct Failure {
  enum class Step : std::uint8_t { user, directory, program } step;
  int error;
};

// Everything the child needs, made before it is.
struct Start {
  char* const* arguments;
  char* const* environment;
  const char* directory;
  const ProgramUser* user;
  int input, output, failure;
  pid_t parent;
};

void close_all_but_standard() {
  if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  rlimit limit{};
  const int end = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1'000'000
                      ? static_cast<int>(limit.rlim_cur)
                      : 1'000'000;
  for (int descriptor = 3; descriptor < end; ++descriptor)
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

// The calls of the C library would change the user of all of creel's threads, whose memory the child shares:
// the kernel's change that of the caller alone.
bool become(const ProgramUser& user) {
  return ::syscall(SYS_setgroups, user.groups.size(), user.groups.data()) == 0 &&
         ::syscall(SYS_setresgid, user.group, user.group, user.group) == 0 &&
         ::syscall(SYS_setresuid, user.user, user.user, user.user) == 0;
}

// In the child, in creel's memory: nothing here allocates or returns.
[[noreturn]] void run_child(const Start& start) {
  const auto fail = [&start](Failure::Step step) {
    const Failure failure{.step = step, .error = errno};
    [[maybe_unused]] const auto written = ::write(start.failure, &failure, sizeof(failure));
    ::_exit(127);
  };
  struct sigaction plain{};
  plain.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal)
    ::sigaction(signal, &plain, nullptr);
  ::setsid();
  ::dup2(start.input, 0);
  ::dup2(start.output, 1);
  ::dup2(start.output, 2);
  close_all_but_standard();
  if (start.user && !become(*start.user)) fail(Failure::Step::user);
  if (::chdir(start.directory) != 0) fail(Failure::Step::directory);
  // After the user has changed, which would undo it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != start.parent) ::_exit(127);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(start.arguments[0], start.arguments, start.environment);
  fail(Failure::Step::program);
  ::_exit(127);
}

// No handler of creel's may run in the child, so signals wait meanwhile.
[[gnu::noinline]] pid_t spawn(const Start& start) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = ::vfork();
  if (child == 0) run_child(start);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return child;
}

// Above the standard ones, over which the child puts its own.
Descriptor lifted(int descriptor) {
  if (descriptor > 2) return Descriptor(descriptor);
  Descriptor low(descriptor);
  return Descriptor(::fcntl(descriptor, F_DUPFD_CLOEXEC, 3));
}

struct Pipe {
  Descriptor out, in;

  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    out = lifted(ends[0]);
    in = lifted(ends[1]);
    return out.is_open() && in.is_open();
  }
};

std::vector<char*> pointers(const std::vector<std::string>& texts,
                            const std::vector<std::string>& more = {}) {
  std::vector<char*> made;
  for (const auto* list : {&texts, &more}) {
    // execve takes them as not const, and does not change them.
    for (const std::string& text : *list)
      made.push_back(const_cast<char*>(text.c_str()));
  }
  made.push_back(nullptr);
  return made;
}

std::string text_of(int error) {
  return std::error_code(error, std::generic_category()).message();
}

std::string sentence(const Failure& failure, const Program& program) {
  switch (failure.step) {
    case Failure::Step::user:
      return "not started: creel may not become its user: " + text_of(failure.error);
    case Failure::Step::directory:
      return "not started: " + displayed(program.directory) + ": " + text_of(failure.error);
    case Failure::Step::program:
      return "not started: " + displayed(program.command[0]) + ": " + text_of(failure.error);
  }
  std::unreachable();
}

struct UserRow {
  ProgramUser user;
  std::string home;
};

std::expected<UserRow, std::string> look_up(const std::string& name) {
  std::array<char, 16384> texts;
  passwd row{};
  passwd* found = nullptr;
  const int error = ::getpwnam_r(name.c_str(), &row, texts.data(), texts.size(), &found);
  if (!found) {
    return std::unexpected("not started: there is no user " + displayed(name) +
                           (error != 0 ? ": " + text_of(error) : ""));
  }
  UserRow user{.user = {.user = row.pw_uid, .group = row.pw_gid, .groups = {}}, .home = row.pw_dir};
  int count = 64;
  user.user.groups.resize(static_cast<std::size_t>(count));
  while (::getgrouplist(name.c_str(), row.pw_gid, user.user.groups.data(), &count) < 0)
    user.user.groups.resize(static_cast<std::size_t>(count));
  user.user.groups.resize(static_cast<std::size_t>(count));
  return user;
}

std::string own(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return std::string(name) + "=" + (value && *value ? value : otherwise);
}

}  // namespace

void Descriptor::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

std::expected<Program, std::string> prepare_program(const ExecSettings& settings) {
  if (settings.command.empty()) return std::unexpected("not started: it has no program");
  Program program{.command = settings.command,
                  .environment = {own("PATH", "/usr/local/bin:/usr/bin:/bin")},
                  .directory = settings.directory.empty() ? "/" : settings.directory,
                  .user = std::nullopt};
  std::string home = own("HOME", "/");
  if (!settings.user.empty()) {
    auto row = look_up(settings.user);
    if (!row) return std::unexpected(std::move(row.error()));
    if (row->user.user != ::geteuid()) {
      if (::geteuid() != 0) {
        return std::unexpected("not started: creel does not run as root and cannot become " +
                               displayed(settings.user));
      }
      program.user = std::move(row->user);
    }
    home = "HOME=" + row->home;
  }
  program.environment.push_back(std::move(home));
  for (const auto& [name, value] : settings.environment) {
    std::erase_if(program.environment,
                  [&](const std::string& variable) { return variable.starts_with(name + "="); });
    program.environment.push_back(name + "=" + value);
  }
  return program;
}

std::expected<Process, std::string> start_process(const Program& program,
                                                  const std::vector<std::string>& variables) {
  Pipe input, output, failure;
  if (!input.open() || !output.open() || !failure.open())
    return std::unexpected("not started: no pipe: " + text_of(errno));
  const auto arguments = pointers(program.command);
  const auto environment = pointers(program.environment, variables);
  const pid_t child = spawn({.arguments = arguments.data(),
                             .environment = environment.data(),
                             .directory = program.directory.c_str(),
                             .user = program.user ? &*program.user : nullptr,
                             .input = input.out.get(),
                             .output = output.in.get(),
                             .failure = failure.in.get(),
                             .parent = ::getpid()});
  if (child < 0) return std::unexpected("not started: no process: " + text_of(errno));
  failure.in.close();
  Failure failed{};
  ssize_t got = 0;
  do {
    got = ::read(failure.out.get(), &failed, sizeof(failed));
  } while (got < 0 && errno == EINTR);
  if (got == sizeof(failed)) {
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    return std::unexpected(sentence(failed, program));
  }
  Process process{.id = child,
                  .ended = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, child, 0))),
                  .input = std::move(input.in),
                  .output = std::move(output.out)};
  for (const int end : {process.input.get(), process.output.get()})
    ::fcntl(end, F_SETFL, O_NONBLOCK);
  return process;
}

}  // namespace creel
