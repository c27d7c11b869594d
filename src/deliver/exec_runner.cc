#include "deliver/exec_runner.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/ids.h"
#include "core/text.h"
#include "deliver/exec_runs.h"

namespace creel {
namespace {

constexpr auto kRest = std::chrono::seconds(60);
constexpr auto kPatience = std::chrono::seconds(1);  // after the last SIGKILL

bool is_variable_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && is_letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

// Nothing of the event itself: a name or a text that a stranger chose has no place where programs look for
// commands.
std::vector<std::string> variables_of(const AttemptOrder& order, const std::string& destination) {
  const StoredEvent& event = *order.content;
  return {"CREEL_EVENT_ID=" + to_text(event.id),
          "CREEL_DELIVERY_ID=" +
              to_text(DeliveryId{.event = event.id, .destination = destination, .ordinal = order.ordinal}),
          "CREEL_SOURCE=" + event.source,
          "CREEL_DESTINATION=" + destination,
          "CREEL_ATTEMPT=" + std::to_string(order.number),
          "CREEL_HEAD_BYTES=" + std::to_string(event.head.size())};
}

}  // namespace

std::expected<void, std::string> check_exec_settings(const ExecSettings& settings) {
  if (settings.command.empty() || !settings.command[0].starts_with('/'))
    return std::unexpected("exec has to begin with the whole path of a program");
  const auto has_zero = [](const std::string& text) { return text.contains('\0'); };
  if (std::ranges::any_of(settings.command, has_zero))
    return std::unexpected("exec: an argument cannot hold a zero byte");
  for (const auto& [name, value] : settings.environment) {
    if (!is_variable_name(name))
      return std::unexpected("environment: \"" + displayed(name) + "\" is no name");
    if (name.starts_with("CREEL_")) return std::unexpected("environment: " + name + " is creel's own");
    if (has_zero(value)) return std::unexpected("environment: " + name + " cannot hold a zero byte");
  }
  if (!settings.directory.empty() && !settings.directory.starts_with('/'))
    return std::unexpected("directory has to begin with /");
  return {};
}

// --- On the deliver thread
// -----------------------------------------------------------------------------------------

class ExecRunner::Handler final : public Endpoint {
 public:
  Handler(ExecRunner& runner, std::shared_ptr<Shared> shared) : runner_(runner), shared_(std::move(shared)) {}
  ~Handler() override {
    shared_->is_gone.store(true, std::memory_order_release);
    if (shared_->running.load(std::memory_order_acquire) > 0) runner_.wake();
  }

  void attempt(AttemptOrder order, Time) override ON_DELIVER {
    shared_->running.fetch_add(1, std::memory_order_relaxed);
    runner_.submit({.shared = shared_,
                    .order = std::move(order),
                    .until = std::chrono::steady_clock::now() + shared_->destination.timeout});
  }
  bool is_idle() const override ON_DELIVER { return shared_->running.load(std::memory_order_acquire) == 0; }

 private:
  ExecRunner& runner_;
  const std::shared_ptr<Shared> shared_;
};

ExecRunner::ExecRunner(const Options& options, Ended ended)
    : options_(options), ended_(std::move(ended)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

std::unique_ptr<Endpoint> ExecRunner::endpoint(Destination destination) {
  return std::make_unique<Handler>(*this, std::make_shared<Shared>(std::move(destination)));
}

void ExecRunner::submit(Job job) {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake();
}

void ExecRunner::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof(one));
}

void ExecRunner::stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake();
  thread_.join();
}

// --- On its own
// ----------------------------------------------------------------------------------------------------

void ExecRunner::run() {
  // A program that closes its input is told by the write's error.
  sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);

  ExecRuns runs({.reply_bytes_max = options_.reply_bytes_max,
                 .kill_after = options_.kill_after,
                 .drain = options_.drain});
  std::optional<Ticks> stops_at;
  while (true) {
    std::deque<Job> jobs;
    bool is_stopping = false;
    {
      std::lock_guard lock(mutex_);
      std::swap(jobs, jobs_);
      is_stopping = is_stopping_;
    }
    const Ticks now = std::chrono::steady_clock::now();
    if (is_stopping && !stops_at) {
      stops_at = now + options_.kill_after + kPatience;
      runs.end_all(now);
    }
    if (!is_stopping) {
      for (Job& job : jobs)
        begin(std::move(job), runs);
    }
    runs.advance(std::chrono::steady_clock::now());
    if (stops_at && (runs.is_empty() || now >= *stops_at)) return;
    const auto rest = stops_at ? std::chrono::milliseconds(50) : std::chrono::milliseconds(kRest);
    if (!runs.wait(wake_.get(), rest, std::chrono::steady_clock::now())) continue;
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof(count));
  }
}

void ExecRunner::begin(Job job, ExecRuns& runs) {
  const auto shared = std::move(job.shared);
  // An endpoint that is idle may go at any moment, and then nobody would hear of the end: that comes first.
  const auto ended = [this, shared](AttemptOrder order, AttemptReport report) {
    if (!shared->is_gone.load(std::memory_order_acquire) && !is_told_to_stop())
      ended_(std::move(order), std::move(report));
    shared->running.fetch_sub(1, std::memory_order_acq_rel);
  };
  if (shared->is_gone.load(std::memory_order_acquire)) return;
  if (!shared->program || !*shared->program) shared->program = prepare_program(shared->destination.exec);
  auto process = *shared->program
                     ? start_process(**shared->program, variables_of(job.order, shared->destination.name))
                     : std::unexpected(shared->program->error());
  if (!process) {
    return ended(std::move(job.order), {.result = AttemptResult::unsent, .error = process.error()});
  }
  auto run = std::make_unique<ExecRun>();
  run->process = *std::move(process);
  run->order = std::move(job.order);
  run->is_unwanted = [shared] { return shared->is_gone.load(std::memory_order_acquire); };
  run->ended = ended;
  run->until = job.until;
  run->timeout = shared->destination.timeout;
  runs.add(std::move(run));
}

bool ExecRunner::is_told_to_stop() {
  std::lock_guard lock(mutex_);
  return is_stopping_;
}

}  // namespace creel
