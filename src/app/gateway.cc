#include "app/gateway.h"
#include "admin/bookmarks.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <utility>

#include "admin/bookmarks.h"
#include "admin/token.h"
#include "app/gateway_impl.h"
#include "core/text.h"

namespace creel {
namespace {

// sysexits.h, as docs/cli.md lists them.
constexpr int kUnreachable = 69;
constexpr int kBadData = 65;
constexpr int kInternal = 70;
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

}  // namespace

Gateway::Gateway(const Config& config)
    : log_(clock_, {.level = config.log.level, .format = config.log.format}),
      commit_metrics_(metrics_),
      delivery_metrics_(metrics_, config.destinations),
      reload_metrics_(metrics_),
      jwks_(fetch_over_http, clock_, log_, metrics_) {}

Gateway::~Gateway() {
  if (reading_.joinable()) reading_.join();
}

int Gateway::open(Config config) {
  auto made = live_of(std::move(config));
  if (!made) {
    log_.error("cannot use the configuration", {{"reason", made.error()}});
    return kInternal;
  }
  live_.set(*made);
  const Live& live = **made;
  if (int code = open_store(live.config)) return code;
  if (int code = open_token(live.config)) return code;
  make_ports(live);
  for (http::Server* server : {ingest_server_.get(), admin_server_.get()}) {
    auto listening = server->listen();
    if (listening) continue;
    log_.error("cannot listen", {{"reason", listening.error().message}});
    return kUnreachable;
  }
  return 0;
}

int Gateway::run() {
  jwks_.start();
  deliverer_->start(*store_);
  store_->start(*deliverer_);
  loop_.post([this] {
    assume(on_loop);
    admin_->start();
  });
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

int Gateway::open_store(const Config& config) {
  store::EmbeddedStoreOptions options;
  options.folder = config.store.folder;
  options.retention = config.store.retention;
  options.max_size = config.store.max_size;
  options.pinned = admin::bookmarked_events;
  options.dedupe_window_max = dedupe_window_max_ = longest_window(config);
  auto opened = store::EmbeddedStore::open(
      std::move(options), {.disk = disk_, .clock = clock_, .log = log_, .observer = &commit_metrics_});
  if (!opened) {
    log_.error("cannot open the store",
               {{"folder", config.store.folder}, {"reason", opened.error().message}});
    return exit_code(opened.error());
  }
  store_ = *std::move(opened);
  pauses_.open(store_->state());
  mask_.emplace(CredentialMask::key_of(store_->identity().secret));
  return 0;
}

int Gateway::open_token(const Config& config) {
  auto token = create_or_read_token(config.store.folder);
  if (!token) {
    log_.error("cannot read the admin token", {{"reason", token.error().message}});
    return kInputOutput;
  }
  token_ = *std::move(token);
  return 0;
}

void Gateway::make_ports(const Live& live) {
  const Config& config = live.config;
  note_standard_output(config);
  delivery_metrics_.set_paused(pauses_.all());
  warn_of_dangling_pauses(config);
  deliverer_ = std::make_unique<Deliverer>(
      Deliverer::Options{.destinations = config.destinations,
                         .routes = live.routes,
                         .receivers = [this](std::string_view source) { return live_.receiver(source); },
                         .seed = std::random_device{}(),
                         .pauses = pauses_.all(),
                         .on_gone = [this](Pause pause) { pauses_.add_gone(std::move(pause)); }},
      clock_, log_, delivery_metrics_);
  ingest_ =
      std::make_unique<Ingest>(ingest_options(live), live.routes, *store_, clock_, log_, metrics_, loop_);
  admin_ = std::make_unique<Admin>(admin_options(config), *store_, clock_, log_, metrics_, loop_);
  make_servers(config);
}

void Gateway::make_servers(const Config& config) {
  http::ServerOptions ingest{.address = config.server.listen.host,
                             .port = config.server.listen.port,
                             .connections_max = config.server.max_connections};
  if (config.server.tls) ingest.tls = config.server.tls->context;
  ingest_server_ = std::make_unique<http::Server>(loop_, std::move(ingest), *ingest_);
  http::ServerOptions admin{
      .address = config.admin.listen.host, .port = config.admin.listen.port, .connections_max = 256};
  if (config.admin.tls) admin.tls = config.admin.tls->context;
  admin_server_ = std::make_unique<http::Server>(loop_, std::move(admin), *admin_);
}

IngestOptions Gateway::ingest_options(const Live& live) {
  IngestOptions options;
  options.sources = ingest_sources(live);
  options.store_secret = store_->identity().secret;
  options.print = [this](std::string_view line) {
    if (prints_events_.load(std::memory_order_relaxed)) log_.print(line);
  };
  options.on_rejected = [this](std::string_view source, const ReceiveError& error) {
    if (error.verify_error != VerifyError::unknown_key) return;
    const auto now = live_.now();
    const SourceConfig* config = now->find(source);
    if (config && is_jwks_fetched(*config)) jwks_.refresh(config->jwks);
  };
  return options;
}

std::vector<IngestSource> Gateway::ingest_sources(const Live& live) const {
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

void Gateway::say_ready(const Config& config) {
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
    const std::string where = place_of(destination);
    log_.info("destination",
              {{"name", destination.name}, {"kind", to_text(destination.kind)}, {"to", where}});
  }
}

// Lines for people and lines of a destination would be mixed there.
void Gateway::note_standard_output(const Config& config) {
  prints_events_ = std::ranges::find(config.destinations, DestinationKind::standard_output,
                                     &Destination::kind) == config.destinations.end();
}

// The first signal stops gracefully; the second ends the process at once, which the journal survives by
// design.
void Gateway::stop() {
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
void Gateway::end() {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(drained_by_ - clock_.ticks());
  deliverer_->drain(std::max(left, std::chrono::milliseconds(0)));
  store_->stop();
  loop_.stop();
}

int run_gateway(Config config) {
  // A reader that went away is an error of its write, not the end of the program.
  ::signal(SIGPIPE, SIG_IGN);
  // Until the loop takes it there is nothing to read again.
  ::signal(SIGHUP, SIG_IGN);
  // SQLite makes files of its own beside the index.
  ::umask(0077);
  Gateway gateway(config);
  if (int code = gateway.open(std::move(config))) return code;
  return gateway.run();
}

}  // namespace creel
