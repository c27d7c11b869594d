// creel plan: what a configuration would change, over the events that are kept.
//
// The file is loaded and checked here, with this side's variables and files; only its rules go to the server,
// which looks at a page of events at a time and keeps nothing between two.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "cli/admin_client.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/plan_report.h"
#include "cli/rules.h"

namespace creel::cli {
namespace {

constexpr std::int64_t kPage = 10'000;  // events at most; a page ends earlier when it takes too long

// A line on a terminal that is written over, and gone in the end.
class Progress {
 public:
  explicit Progress(Io& io) : io_(io) {}
  ~Progress() {
    if (is_shown_) io_.err << "\r\x1b[K" << std::flush;
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::int64_t events, std::int64_t of) {
    if (!io_.err_is_terminal) return;
    io_.err << fmt::format("\r\x1b[Kcreel: {} of at most {} events", events, of) << std::flush;
    is_shown_ = true;
  }

 private:
  Io& io_;
  bool is_shown_ = false;
};

// What every page's request has in common.
Json request_of(const PlanOptions& options, const Config& config, const std::optional<Config>& against,
                const std::string& since) {
  Json request = plan_rules(config);
  if (against) request.set("against", plan_rules(*against));
  if (!options.source.empty()) request.set("source", Json::of(options.source));
  if (!since.empty()) request.set("since", Json::of(since));
  return request.set("last", Json::of(options.last));
}

// Pages until so many events were looked at, or all that there are. The error is an exit code.
std::expected<void, int> gather(AdminClient& client, Json request, std::int64_t last, PlanReport& report,
                                Io& io) {
  Progress progress(io);
  for (bool has_more = true; has_more && report.events() < last;) {
    request.set("limit", Json::of(std::min(kPage, last - report.events())));
    request.set("details", Json::of(static_cast<std::int64_t>(report.details_wanted())));
    const auto page = client.post("/api/v1/plan", request.dump());
    if (!page) return std::unexpected(page.error());
    report.add(*page);
    has_more = page->is_true("more");
    request.set("after", Json::of(page->text("cursor")));
    progress.show(report.events(), last);
  }
  return {};
}

}  // namespace

int plan(const PlanOptions& options, Io& io) {
  const auto since = time_text(options.since, "--since", io);
  if (!since) return kUsage;
  const auto config = configuration({.config = options.file, .forward_to = options.forward_to}, io);
  if (!config) return config.error();
  std::optional<Config> against;
  if (!options.against.empty()) {
    auto other = configuration({.config = options.against}, io);
    if (!other) return other.error();
    against = *std::move(other);
  }
  ServerOptions server = options.server;
  if (!server.config) server.config = options.file;
  auto client = AdminClient::open(server, io);
  if (!client) return client.error();

  PlanReport report(*config, static_cast<std::size_t>(options.show));
  const auto done = gather(*client, request_of(options, *config, against, *since), options.last, report, io);
  if (!done) return done.error();
  if (options.format == Format::json) {
    report.print_json(io);
  } else {
    report.print_text(io);
  }
  return report.has_differences() ? kNegative : kFine;
}

}  // namespace creel::cli
