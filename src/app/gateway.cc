#include "app/gateway.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "admin/admin.h"
#include "admin/token.h"
#include "app/config_changes.h"
#include "app/config_load.h"
#include "app/explain.h"
#include "app/gateway_metrics.h"
#include "app/jwks.h"
#include "app/live.h"
#include "core/log.h"
#include "core/text.h"
#include "deliver/deliverer.h"
#include "http/server.h"
#include "ingest/ingest.h"
#include "rules/routes.h"
#include "store/embedded_store.h"

namespace creel {
namespace {

// sysexits.h, as docs/cli.md lists them.
constexpr int kUnreachable = 69;
constexpr int kBadData = 65;
constexpr int kInputOutput = 74;

int exit_code(const store::OpenError& error) {
  switch (error.kind) {
    case store::OpenError::Kind::locked:
      return kUnreachable;
    case store::OpenError::Kind::newer:
    case store::OpenError::Kind::foreign:
    case store::OpenError::Kind::damaged:
      return kBadData;
    case store::OpenError::Kind::disk:
      return kInputOutput;
  }
  std::unreachable();
}

std::vector<IngestSource> ingest_sources(const Live& live) {
  std::vector<IngestSource> sources;
  for (const SourceConfig& source : live.config.sources) {
    sources.push_back({.name = source.name,
                       .path = source.path,
                       .receiver = live.sources.at(source.name).receiver,
                       .body_bytes_max = source.max_body,
                       .dedupe_window = source.dedupe});
  }
  return sources;
}

std::chrono::seconds longest_window(const Config& config) {
  std::chrono::seconds longest{0};
  for (const SourceConfig& source : config.sources)
    longest = std::max(longest, source.dedupe);
  return longest;
}

AcceptAnswer::Status answer_of(AcceptResult::Status status) {
  switch (status) {
    case AcceptResult::Status::accepted:
      return AcceptAnswer::Status::accepted;
    case AcceptResult::Status::duplicate:
      return AcceptAnswer::Status::duplicate;
    case AcceptResult::Status::still_rejected:
      return AcceptAnswer::Status::still_rejected;
    case AcceptResult::Status::cannot:
      return AcceptAnswer::Status::cannot;
  }
  std::unreachable();
}

AcceptAnswer answer_of(const AcceptResult& result) {
  return {
      .status = answer_of(result.status), .event = result.event, .cause = result.cause, .text = result.text};
}

// Everything that runs, made in the order of the members and ended in the reverse.
class Gateway {
 public:
  explicit Gateway(Config config)
      : log_(clock_, {.level = config.log.level, .format = config.log.format}),
        commit_metrics_(metrics_),
        delivery_metrics_(metrics_, config.destinations),
        reload_metrics_(metrics_),
        destinations_(config.destinations),
        jwks_(fetch_over_http, clock_, log_, metrics_) {
    live_.set(live_of(std::move(config)));
  }
  ~Gateway() {
    if (reading_.joinable()) reading_.join();
  }
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // 0, or the exit code of what went wrong, which has been said.
  int open() {
    const auto live = live_.now();
    if (int code = open_store(live->config)) return code;
    if (int code = open_token(live->config)) return code;
    make_ports(*live);
    for (http::Server* server : {ingest_server_.get(), admin_server_.get()}) {
      auto listening = server->listen();
      if (listening) continue;
      log_.error("cannot listen", {{"reason", listening.error().message}});
      return kUnreachable;
    }
    return 0;
  }

  int run() {
    jwks_.start();
    deliverer_->start(*store_);
    store_->start(*deliverer_);
    say_ready(live_.now()->config);
    loop_.on_signals({SIGTERM, SIGINT, SIGHUP}, [this](int number) {
      assume(on_loop);
      if (number == SIGHUP) {
        reload();
      } else {
        stop();
      }
    });
    loop_.run();
    if (ending_.joinable()) ending_.join();
    log_.info("stopped");
    log_.flush();
    return 0;
  }

 private:
  int open_store(const Config& config) {
    store::EmbeddedStoreOptions options;
    options.folder = config.store.folder;
    options.retention = config.store.retention;
    options.max_size = config.store.max_size;
    options.dedupe_window_max = dedupe_window_max_ = longest_window(config);
    auto opened = store::EmbeddedStore::open(
        std::move(options), {.disk = disk_, .clock = clock_, .log = log_, .observer = &commit_metrics_});
    if (!opened) {
      log_.error("cannot open the store",
                 {{"folder", config.store.folder}, {"reason", opened.error().message}});
      return exit_code(opened.error());
    }
    store_ = *std::move(opened);
    mask_.emplace(CredentialMask::key_of(store_->identity().secret));
    return 0;
  }

  int open_token(const Config& config) {
    auto token = create_or_read_token(config.store.folder);
    if (!token) {
      log_.error("cannot read the admin token", {{"reason", token.error().message}});
      return kInputOutput;
    }
    token_ = *std::move(token);
    return 0;
  }

  void make_ports(const Live& live) {
    const Config& config = live.config;
    deliverer_ = std::make_unique<Deliverer>(
        Deliverer::Options{.destinations = destinations_,
                           .receivers = [this](std::string_view source) { return live_.receiver(source); },
                           .seed = std::random_device{}()},
        clock_, log_, delivery_metrics_);
    ingest_ = std::make_unique<Ingest>(ingest_options(live), std::make_shared<const Routes>(config.routes),
                                       *store_, clock_, log_, metrics_, loop_);
    admin_ = std::make_unique<Admin>(
        AdminOptions{.token = token_,
                     .listen_address = config.admin.listen.host,
                     .hosts = config.admin.hosts,
                     .version = CREEL_VERSION,
                     .destinations = [this] { return destinations(); },
                     .sources = [this] { return sources(); },
                     .explain =
                         [this](const RejectedRequest& rejected) {
                           return explain_rejected(rejected, *live_.now(), *mask_);
                         },
                     .accept =
                         [this](RejectedRequest rejected, auto done) {
                           assume(on_loop);
                           ingest_->accept_rejected(
                               std::move(rejected),
                               [done = std::move(done)](const AcceptResult& result) mutable {
                                 done(answer_of(result));
                               });
                         },
                     .after =
                         [this](auto delay, auto work) {
                           assume(on_loop);
                           loop_.after(delay, std::move(work));
                         }},
        *store_, clock_, log_, metrics_, loop_);
    ingest_server_ =
        std::make_unique<http::Server>(loop_,
                                       http::ServerOptions{.address = config.server.listen.host,
                                                           .port = config.server.listen.port,
                                                           .connections_max = config.server.max_connections},
                                       *ingest_);
    admin_server_ = std::make_unique<http::Server>(
        loop_,
        http::ServerOptions{
            .address = config.admin.listen.host, .port = config.admin.listen.port, .connections_max = 256},
        *admin_);
  }

  IngestOptions ingest_options(const Live& live) {
    IngestOptions options;
    options.sources = ingest_sources(live);
    options.store_secret = store_->identity().secret;
    options.print = [this](std::string_view line) { log_.print(line); };
    options.on_rejected = [this](std::string_view source, const ReceiveError& error) {
      if (error.verify_error != VerifyError::unknown_key) return;
      const auto now = live_.now();
      const SourceConfig* config = now->find(source);
      if (config && is_jwks_fetched(*config)) jwks_.refresh(config->jwks);
    };
    return options;
  }

  std::vector<DestinationStatus> destinations() const {
    std::vector<DestinationStatus> all;
    for (const Destination& destination : destinations_) {
      all.push_back({.name = destination.name, .url = without_credentials(destination.url), .held = ""});
    }
    return all;
  }

  // As Admin shows them, with the marks by which stored events name their secrets.
  std::vector<SourceStatus> sources() const {
    const auto live = live_.now();
    std::vector<SourceStatus> all;
    for (const SourceConfig& source : live->config.sources) {
      SourceStatus& status = all.emplace_back();
      status.name = source.name;
      status.provider = source.provider->name;
      status.path = source.path;
      for (const Key& key : live->sources.at(source.name).receiver->keys()) {
        status.secrets.push_back({.label = key.label,
                                  .stored_label = secret_mark(key, store_->identity().secret),
                                  .fingerprint = key.secret.fingerprint(),
                                  .not_before = key.not_before,
                                  .not_after = key.not_after});
      }
    }
    return all;
  }

  void say_ready(const Config& config) {
    const std::string ingest = to_text(ListenAddress{config.server.listen.host, ingest_server_->port()});
    const std::string admin = to_text(ListenAddress{config.admin.listen.host, admin_server_->port()});
    log_.info(
        "creel is ready",
        {{"version", CREEL_VERSION}, {"listen", ingest}, {"admin", admin}, {"store", config.store.folder}});
    // An address that means every interface cannot be pasted anywhere.
    const bool is_any = config.server.listen.host == "0.0.0.0" || config.server.listen.host == "::";
    const std::string shown = is_any ? to_text(ListenAddress{"127.0.0.1", ingest_server_->port()}) : ingest;
    for (const SourceConfig& source : config.sources) {
      const std::string url = fmt::format("http://{}{}", shown, source.path);
      log_.info("source", {{"name", source.name}, {"provider", source.provider->name}, {"url", url}});
    }
    for (const Destination& destination : config.destinations) {
      const std::string url = without_credentials(destination.url);
      log_.info("destination", {{"name", destination.name}, {"url", url}});
    }
  }

  // The configuration again, with the same flags, away from the loop: it reads files.
  void reload() ON_LOOP {
    if (stopping_) return;
    if (std::exchange(reloading_, true)) {
      reload_again_ = true;
      return;
    }
    if (reading_.joinable()) reading_.join();
    reading_ = std::thread([this, flags = live_.now()->config.flags] {
      auto loaded = std::make_shared<LoadedConfig>(load_config(flags, real_outside()));
      loop_.post([this, loaded = std::move(loaded)] {
        assume(on_loop);
        if (!stopping_) reload_metrics_.on_reload(take_over(*loaded));
        reloading_ = false;
        if (std::exchange(reload_again_, false)) reload();
      });
    });
  }

  // All of it or nothing. Says what came of it.
  bool take_over(LoadedConfig& loaded) ON_LOOP {
    for (const ConfigProblem& problem : loaded.problems)
      log_.write(problem.is_warning ? LogLevel::warning : LogLevel::error, to_text(problem), {});
    if (!loaded.config) return refuse("the new one has mistakes");
    const ConfigChanges changes = changes_between(live_.now()->config, *loaded.config);
    for (const std::string& what : changes.fixed)
      log_.error(what + " changed: restart creel to apply it");
    if (!changes.fixed.empty()) return refuse("the new one needs a restart");

    if (const auto longest = longest_window(*loaded.config); longest > dedupe_window_max_) {
      // The store keeps the keys of removed events for as long as it was told when it was opened.
      log_.error("a dedupe window is longer than any was at the start: restart creel to apply it",
                 {{"seconds", static_cast<std::int64_t>(longest.count())}});
      return refuse("the new one needs a restart");
    }
    const auto live = live_of(std::move(*loaded.config));
    live_.set(live);
    ingest_->reload(ingest_sources(*live), std::make_shared<const Routes>(live->config.routes));
    const auto listed = [](const std::vector<std::string>& names) {
      return fmt::format("{}", fmt::join(names, ", "));
    };
    const std::string added = listed(changes.added), removed = listed(changes.removed),
                      changed = listed(changes.changed);
    log_.info(
        "configuration reloaded",
        {{"added", added}, {"removed", removed}, {"changed", changed}, {"routes_changed", changes.routes}});
    return true;
  }

  bool refuse(std::string_view why) {
    log_.error("configuration not reloaded: creel goes on with the old one", {{"reason", why}});
    return false;
  }

  std::shared_ptr<const Live> live_of(Config config) {
    return make_live(std::move(config),
                     [this](const SourceConfig& source) { return jwks_.keys_of(source.name, source.jwks); });
  }

  // The first signal stops gracefully; the second ends the process at once, which the journal survives by
  // design.
  void stop() {
    assume(on_loop);
    if (std::exchange(stopping_, true)) ::_exit(128 + SIGTERM);
    const auto drain = live_.now()->config.server.drain;
    log_.info("stopping: no new requests; what is under way may end", {{"seconds", drain.count() / 1000.0}});
    drained_by_ = clock_.ticks() + drain;
    ingest_->drain();
    admin_->drain();
    auto ended = [this] {
      if (--ports_open_ == 0) ending_ = std::thread([this] { end(); });
    };
    ingest_server_->drain(drain, ended);
    admin_server_->drain(drain, ended);
  }

  // Both ports are closed. Blocks, so it has a thread of its own: what still waits for the store is answered
  // on the loop. Attempts have what the ports left of the time.
  void end() {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(drained_by_ - clock_.ticks());
    deliverer_->drain(std::max(left, std::chrono::milliseconds(0)));
    store_->stop();
    loop_.stop();
  }

  SystemClock clock_;
  Log log_;
  Metrics metrics_;
  CommitMetrics commit_metrics_;
  DeliveryMetrics delivery_metrics_;
  ReloadMetrics reload_metrics_;
  const std::vector<Destination> destinations_;
  Jwks jwks_;
  LivePlace live_;
  store::RealDisk disk_;
  std::string token_;
  std::optional<CredentialMask> mask_;
  std::chrono::seconds dedupe_window_max_{0};  // that the store was opened with
  bool stopping_ = false;
  bool reloading_ = false, reload_again_ = false;
  std::thread reading_;
  int ports_open_ = 2;
  Ticks drained_by_;
  std::thread ending_;

  http::Loop loop_;
  std::unique_ptr<Deliverer> deliverer_;
  std::unique_ptr<store::EmbeddedStore> store_;
  std::unique_ptr<Ingest> ingest_;
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<http::Server> ingest_server_, admin_server_;
};

}  // namespace

int run_gateway(Config config) {
  // A reader that went away is an error of its write, not the end of the program.
  ::signal(SIGPIPE, SIG_IGN);
  // Until the loop takes it there is nothing to read again.
  ::signal(SIGHUP, SIG_IGN);
  // SQLite makes files of its own beside the index.
  ::umask(0077);
  Gateway gateway(std::move(config));
  if (int code = gateway.open()) return code;
  return gateway.run();
}

}  // namespace creel
