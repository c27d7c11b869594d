#include "deliver/exec_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "deliver/posted_ends_fixture.h"

namespace creel {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

// A folder that every user may write to, gone with the test.
class Folder {
 public:
  Folder() {
    path_ = ::mkdtemp(name_.data());
    ::chmod(path_.c_str(), 0777);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string name_ = (std::filesystem::temp_directory_path() / "creel_exec_XXXXXX").string();
  std::string path_;
};

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Programs {
 public:
  explicit Programs(ExecRunner::Options options = {}) : runner_(options, ends_.post()) {}

  std::size_t to(ExecSettings settings, std::chrono::milliseconds timeout = 20s) {
    assume(on_deliver);
    Destination destination;
    destination.name = "handler";
    destination.kind = DestinationKind::exec;
    destination.timeout = timeout;
    destination.exec = std::move(settings);
    endpoints_.push_back(runner_.endpoint(std::move(destination)));
    return endpoints_.size() - 1;
  }
  std::size_t to_shell(const std::string& script, std::chrono::milliseconds timeout = 20s) {
    return to({.command = {"/bin/sh", "-c", script}}, timeout);
  }
  void start(std::size_t endpoint, std::string body = "{}") {
    assume(on_deliver);
    endpoints_[endpoint]->attempt(PostedEnds::order(std::move(body)), Time{});
  }
  AttemptReport next() { return ends_.next().second; }
  AttemptReport once(ExecSettings settings, std::string body = "{}") {
    start(to(std::move(settings)), std::move(body));
    return next();
  }
  AttemptReport shell(const std::string& script, std::string body = "{}",
                      std::chrono::milliseconds timeout = 20s) {
    start(to_shell(script, timeout), std::move(body));
    return next();
  }
  bool is_idle(std::size_t endpoint) {
    assume(on_deliver);
    return endpoints_[endpoint]->is_idle();
  }
  void remove(std::size_t endpoint) { endpoints_[endpoint].reset(); }
  void stop() { runner_.stop(); }
  PostedEnds& ends() { return ends_; }

 private:
  PostedEnds ends_;
  ExecRunner runner_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
};

// Until it is true, in time for any test.
template <class Condition>
bool comes_true(Condition condition) {
  for (const auto until = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < until;) {
    if (condition()) return true;
    ::usleep(2000);
  }
  return condition();
}
bool is_alive(pid_t process) {
  return ::kill(process, 0) == 0;
}
pid_t number_in(const std::string& path) {
  return std::atoi(content_of(path).c_str());
}
bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// For this thread and those that it begins; false where that cannot be arranged.
bool forbid_process_descriptors() {
  sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{.len = std::size(code), .filter = code};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
         ::syscall(SYS_pidfd_open, ::getpid(), 0) < 0;
}

TEST(ExecRunner, TellsByTheExitCode) {
  Programs programs;
  EXPECT_EQ(programs.shell("exit 0").result, AttemptResult::delivered);
  const auto failed = programs.shell("exit 3");
  EXPECT_EQ(failed.result, AttemptResult::exit);
  EXPECT_EQ(failed.status, 3);
  EXPECT_EQ(failed.error, "the program ended with 3");
  EXPECT_FALSE(failed.is_final);
  const auto again = programs.shell("exit 75");
  EXPECT_EQ(again.result, AttemptResult::exit);
  EXPECT_EQ(again.status, 75);
  EXPECT_FALSE(again.is_final);
  const auto never = programs.shell("exit 65");
  EXPECT_EQ(never.result, AttemptResult::exit);
  EXPECT_EQ(never.status, 65);
  EXPECT_TRUE(never.is_final);
  const auto killed = programs.shell("kill -9 $$");
  EXPECT_EQ(killed.result, AttemptResult::exit);
  EXPECT_EQ(killed.status, -9);
  EXPECT_EQ(killed.error, "the program was ended by signal 9");
}

TEST(ExecRunner, GivesTheBodyByteForByte) {
  Folder folder;
  Programs programs;
  std::string body;
  for (int i = 0; i < 70'000; ++i)
    body.push_back(static_cast<char>(i % 256));
  EXPECT_EQ(programs.shell("cat > " + (folder / "body"), body).result, AttemptResult::delivered);
  EXPECT_EQ(content_of(folder / "body"), body);
  EXPECT_EQ(programs.shell("cat > " + (folder / "none"), "").result, AttemptResult::delivered);
  EXPECT_EQ(content_of(folder / "none"), "");
}

TEST(ExecRunner, PassesArgumentsToNoShell) {
  Folder folder;
  Programs programs;
  const auto report = programs.once({.command = {"/usr/bin/printf", "%s|", "$HOME", "a b", "; touch x", ""}});
  EXPECT_EQ(report.result, AttemptResult::delivered);
  EXPECT_EQ(report.reply, "");
  const auto shown = programs.once(
      {.command = {"/bin/sh", "-c", "printf '%s|' \"$@\"; exit 1", "sh", "$HOME", "a b", "; touch x"}});
  EXPECT_EQ(shown.reply, "$HOME|a b|; touch x|");
}

TEST(ExecRunner, KeepsWhatAFailurePrints) {
  Programs programs;
  EXPECT_EQ(programs.shell("echo out; echo err >&2; printf 'a\\033[31m\\r\\tb\\177'; exit 1").reply,
            "out\nerr\na\\x1b[31m\\x0d\tb\\x7f");
  const auto much = programs.shell("head -c 1000000 /dev/zero | tr '\\0' x; exit 1");
  EXPECT_EQ(much.status, 1);
  EXPECT_EQ(much.reply, std::string(1024, 'x'));
}

TEST(ExecRunner, GivesNoEnvironmentButItsOwn) {
  ::setenv("CREEL_TEST_SECRET", "geheim", 1);
  Programs programs;
  const auto report = programs.once({.command = {"/bin/sh", "-c", "env; exit 1"},
                                     .environment = {{"TEAM", "a"}, {"PATH", "/usr/bin:/bin"}}});
  ::unsetenv("CREEL_TEST_SECRET");
  EXPECT_THAT(report.reply, HasSubstr("CREEL_EVENT_ID=" + to_text(EventId::of(7, 0)) + "\n"));
  EXPECT_THAT(report.reply, HasSubstr("CREEL_DELIVERY_ID="));
  EXPECT_THAT(report.reply, HasSubstr("CREEL_SOURCE=github\n"));
  EXPECT_THAT(report.reply, HasSubstr("CREEL_DESTINATION=handler\n"));
  EXPECT_THAT(report.reply, HasSubstr("CREEL_ATTEMPT=3\n"));
  EXPECT_THAT(report.reply, HasSubstr("CREEL_HEAD_BYTES=25\n"));
  EXPECT_THAT(report.reply, HasSubstr("TEAM=a\n"));
  EXPECT_THAT(report.reply, HasSubstr("PATH=/usr/bin:/bin\n"));
  EXPECT_THAT(report.reply, HasSubstr("HOME="));
  EXPECT_THAT(report.reply, Not(HasSubstr("geheim")));
  EXPECT_THAT(report.reply, Not(HasSubstr("push")));
}

TEST(ExecRunner, LeavesNoDescriptorOpenButTheStandardOnes) {
  const int leaked = ::open("/dev/null", O_RDONLY);  // not close-on-exec
  Programs programs;
  const auto report = programs.shell("for f in /proc/self/fd/*; do echo ${f##*/}; done; exit 1");
  ::close(leaked);
  // The shell has its own while it reads the folder.
  EXPECT_THAT(report.reply, testing::AnyOf("0\n1\n2\n", "0\n1\n2\n3\n"));
}

TEST(ExecRunner, StartsWithDefaultSignals) {
  ::signal(SIGPIPE, SIG_IGN);
  Programs programs;
  const auto report = programs.shell("grep -E 'Sig(Blk|Ign)' /proc/self/status; exit 1");
  ::signal(SIGPIPE, SIG_DFL);
  EXPECT_EQ(report.reply, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(ExecRunner, StartsInItsDirectory) {
  Folder folder;
  Programs programs;
  EXPECT_EQ(programs.shell("pwd; exit 1").reply, "/\n");
  EXPECT_EQ(programs.once({.command = {"/bin/sh", "-c", "pwd; exit 1"}, .directory = folder.path()}).reply,
            folder.path() + "\n");
}

TEST(ExecRunner, SaysWhyAProgramDidNotStart) {
  Programs programs;
  for (const auto& [settings, why] :
       {std::pair(ExecSettings{.command = {"/nowhere/handler"}},
                  "not started: /nowhere/handler: No such file or directory"),
        std::pair(ExecSettings{.command = {"/etc/passwd"}}, "not started: /etc/passwd: Permission denied"),
        std::pair(ExecSettings{.command = {"/bin/true"}, .directory = "/nowhere"},
                  "not started: /nowhere: No such file or directory"),
        std::pair(ExecSettings{.command = {"/bin/true"}, .user = "nobody-at-all"},
                  "not started: there is no user nobody-at-all")}) {
    const auto report = programs.once(settings);
    EXPECT_EQ(report.result, AttemptResult::unsent);
    EXPECT_EQ(report.error, why);
  }
  programs.stop();
  EXPECT_FALSE(has_children());
}

TEST(ExecRunner, BecomesItsUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can";
  Programs programs;
  const auto report =
      programs.once({.command = {"/bin/sh", "-c", "id -un; id -G; echo $HOME; exit 1"}, .user = "nobody"});
  EXPECT_EQ(report.reply, "nobody\n65534\n/nonexistent\n");
  // Creel itself is who it was.
  EXPECT_EQ(::geteuid(), 0u);
}

TEST(ExecRunner, DoesNotMindAProgramThatReadsNothing) {
  Programs programs;
  EXPECT_EQ(programs.shell("exit 0", std::string(8 << 20, 'x')).result, AttemptResult::delivered);
  EXPECT_EQ(programs.shell("exec 0<&-; exit 4", std::string(8 << 20, 'x')).status, 4);
}

TEST(ExecRunner, MovesMuchInBothDirections) {
  Folder folder;
  Programs programs;
  std::string body(8 << 20, 'x');
  for (std::size_t i = 0; i < body.size(); i += 4096)
    body[i] = static_cast<char>('a' + i / 4096 % 26);
  EXPECT_EQ(programs.shell("tee " + (folder / "copy"), body).result, AttemptResult::delivered);
  EXPECT_TRUE(content_of(folder / "copy") == body);
}

TEST(ExecRunner, EndsAProgramThatPrintsWithoutEnd) {
  Programs programs;
  const auto report = programs.shell("yes", "{}", 100ms);
  EXPECT_EQ(report.result, AttemptResult::timeout);
  EXPECT_EQ(report.error, "the program did not end within 100 ms");
  EXPECT_EQ(report.reply.size(), 1024u);
}

TEST(ExecRunner, AsksTheWholeGroupToEndAndThenMakesIt) {
  Folder folder;
  Programs programs({.kill_after = 100ms});
  // The program goes when it is asked, its child does not.
  const auto report = programs.shell("sh -c 'trap \"\" TERM; echo $$ > " + (folder / "child") +
                                         "; while :; do sleep 0.01; done' & trap 'exit 0' TERM; wait",
                                     "{}", 300ms);
  EXPECT_EQ(report.result, AttemptResult::timeout);
  const pid_t child = number_in(folder / "child");
  ASSERT_GT(child, 0);
  // Not a child of ours: whoever adopts it may take a while to bury it.
  EXPECT_TRUE(comes_true([&] {
    return !is_alive(child) ||
           content_of("/proc/" + std::to_string(child) + "/stat").find(") Z ") != std::string::npos;
  }));
  EXPECT_TRUE(comes_true([] { return !has_children(); }));
}

TEST(ExecRunner, DoesNotWaitForAGrandchildThatKeepsThePipesOpen) {
  Folder folder;
  Programs programs({.drain = 20ms});
  const auto began = std::chrono::steady_clock::now();
  const auto report = programs.shell("sleep 600 & echo $! > " + (folder / "child") + "; echo done; exit 1");
  EXPECT_EQ(report.status, 1);
  EXPECT_EQ(report.reply, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
  // It was left alone: the program may have meant it.
  const pid_t child = number_in(folder / "child");
  EXPECT_TRUE(is_alive(child));
  ::kill(child, SIGKILL);
}

TEST(ExecRunner, RunsManyAtATime) {
  Folder folder;
  Programs programs;
  // Each waits until all are there.
  const auto all = programs.to_shell("touch " + folder.path() + "/$$; while [ $(ls " + folder.path() +
                                     " | wc -l) -lt 8 ]; do sleep 0.01; done");
  for (int i = 0; i < 8; ++i)
    programs.start(all);
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(programs.next().result, AttemptResult::delivered);
  EXPECT_TRUE(comes_true([&] { return programs.is_idle(all); }));
}

// Else whoever lets go what is idle would never hear of that end.
TEST(ExecRunner, IsIdleOnlyOnceItsEndsAreTold) {
  PostedEnds ends;
  std::unique_ptr<Endpoint> endpoint;
  bool was_idle = true;
  ExecRunner runner({}, [&](AttemptOrder order, AttemptReport report) {
    assume(on_deliver);
    was_idle = endpoint->is_idle();
    ends.post()(std::move(order), std::move(report));
  });
  assume(on_deliver);
  for (const char* program : {"/bin/true", "/not/there"}) {
    Destination destination{.name = "handler", .kind = DestinationKind::exec};
    destination.exec.command = {program};
    endpoint = runner.endpoint(std::move(destination));
    endpoint->attempt(PostedEnds::order("{}"), Time{});
    ends.next();
    EXPECT_FALSE(was_idle) << program;
    EXPECT_TRUE(comes_true([&] {
      assume(on_deliver);
      return endpoint->is_idle();
    }));
  }
}

// An older kernel, or a sandbox, knows no descriptor of a process.
TEST(ExecRunner, SeesTheEndWhereTheKernelDoesNotTellIt) {
  std::thread without([] {
    ASSERT_TRUE(forbid_process_descriptors());
    Programs programs({.kill_after = 50ms});
    EXPECT_EQ(programs.shell("exit 0").result, AttemptResult::delivered);
    EXPECT_EQ(programs.shell("echo no; exit 3").status, 3);
    // Its child keeps the pipe, and so nothing but the clock tells.
    EXPECT_EQ(programs.shell("sleep 600 & exit 75").status, 75);
    EXPECT_EQ(programs.shell("sleep 600", "{}", 50ms).result, AttemptResult::timeout);
    const auto hangs = programs.to_shell("trap '' TERM; sleep 600");
    programs.start(hangs);
    programs.remove(hangs);
    EXPECT_TRUE(comes_true([] { return !has_children(); }));
  });
  without.join();
}

TEST(ExecRunner, EndsWhatRunsForAnEndpointThatIsGone) {
  Folder folder;
  Programs programs({.kill_after = 100ms});
  const auto hangs = programs.to_shell("echo $$ > " + (folder / "it") + "; sleep 600");
  programs.start(hangs);
  ASSERT_TRUE(comes_true([&] { return number_in(folder / "it") > 0; }));
  EXPECT_FALSE(programs.is_idle(hangs));
  programs.remove(hangs);
  EXPECT_TRUE(comes_true([] { return !has_children(); }));
  EXPECT_EQ(programs.ends().count(), 0u);
}

TEST(ExecRunner, StopsEvenWhatDoesNotWantTo) {
  Folder folder;
  Programs programs({.kill_after = 50ms});
  const auto hangs =
      programs.to_shell("trap '' TERM; echo $$ > " + (folder / "it") + "; while :; do sleep 0.01; done");
  programs.start(hangs);
  ASSERT_TRUE(comes_true([&] { return number_in(folder / "it") > 0; }));
  programs.stop();
  EXPECT_FALSE(has_children());
  EXPECT_EQ(programs.ends().count(), 0u);
}

TEST(ExecRunner, LeavesNoZombiesAndNoDescriptors) {
  const auto descriptors = [] {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& one : std::filesystem::directory_iterator("/proc/self/fd"))
      ++count;
    return count;
  };
  Programs programs;
  programs.shell("exit 0");
  const std::size_t before = descriptors();
  for (int i = 0; i < 50; ++i)
    programs.shell(i % 2 == 0 ? "exit 0" : "exit 1");
  // It is told a moment before the last of it is put away.
  EXPECT_TRUE(comes_true([&] { return descriptors() <= before && !has_children(); }));
}

// The program dies with its creel, however that does.
TEST(ExecRunner, ItsProgramsAreKilledWithIt) {
  Folder folder;
  const pid_t creel = ::fork();
  if (creel == 0) {
    Programs programs;
    programs.start(programs.to_shell("trap '' TERM; echo $$ > " + (folder / "it") + "; exec sleep 600"));
    ::pause();
    ::_exit(0);
  }
  ASSERT_TRUE(comes_true([&] { return number_in(folder / "it") > 0; }));
  const pid_t program = number_in(folder / "it");
  EXPECT_TRUE(is_alive(program));
  ::kill(creel, SIGKILL);
  ::waitpid(creel, nullptr, 0);
  EXPECT_TRUE(comes_true([&] {
    return !is_alive(program) ||
           content_of("/proc/" + std::to_string(program) + "/stat").find(") Z ") != std::string::npos;
  }));
}

TEST(ExecSettings, AreCheckedBeforeAnythingRuns) {
  const auto wrong = [](ExecSettings settings) {
    const auto checked = check_exec_settings(settings);
    return checked ? "" : checked.error();
  };
  EXPECT_EQ(wrong({.command = {"/bin/true", ""}, .environment = {{"A_1", ""}}, .directory = "/tmp"}), "");
  EXPECT_THAT(wrong({}), HasSubstr("whole path"));
  EXPECT_THAT(wrong({.command = {"true"}}), HasSubstr("whole path"));
  EXPECT_THAT(wrong({.command = {"/bin/true", std::string("a\0b", 3)}}), HasSubstr("zero byte"));
  for (const char* name : {"", "1A", "A-B", "A=B"})
    EXPECT_THAT(wrong({.command = {"/bin/true"}, .environment = {{name, "x"}}}), HasSubstr("is no name"));
  EXPECT_THAT(wrong({.command = {"/bin/true"}, .environment = {{"CREEL_X", "x"}}}), HasSubstr("creel's own"));
  EXPECT_THAT(wrong({.command = {"/bin/true"}, .directory = "here"}), HasSubstr("begin with /"));
}

}  // namespace
}  // namespace creel
