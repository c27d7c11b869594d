#include "app/gateway.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <utility>

#include "admin/admin.h"
#include "admin/token.h"
#include "app/gateway_metrics.h"
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

using ReceiverMap = std::map<std::string, std::shared_ptr<const Receiver>, std::less<>>;

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

// Everything that runs, made in the order of the members and ended in the reverse.
class Gateway {
 public:
  explicit Gateway(Config config)
      : config_(std::move(config)),
        log_(clock_, {.level = config_.log.level, .format = config_.log.format}),
        commit_metrics_(metrics_),
        delivery_metrics_(metrics_, config_.destinations),
        routes_(std::make_shared<const Routes>(config_.routes)) {}

  // 0, or the exit code of what went wrong, which has been said.
  int open() {
    for (SourceConfig& source : config_.sources) {
      receivers_[source.name] = std::make_shared<const Receiver>(
          *source.provider, std::move(source.keys),
          ReceiverOptions{.tolerance = source.tolerance, .body_bytes_max = source.max_body});
    }
    if (int code = open_store()) return code;
    if (int code = open_token()) return code;
    make_ports();
    for (http::Server* server : {ingest_server_.get(), admin_server_.get()}) {
      auto listening = server->listen();
      if (listening) continue;
      log_.error("cannot listen", {{"reason", listening.error().message}});
      return kUnreachable;
    }
    return 0;
  }

  int run() {
    deliverer_->start(*store_);
    store_->start(*deliverer_);
    say_ready();
    loop_.on_signals({SIGTERM, SIGINT}, [this](int) { stop(); });
    loop_.run();
    if (ending_.joinable()) ending_.join();
    log_.info("stopped");
    log_.flush();
    return 0;
  }

 private:
  int open_store() {
    store::EmbeddedStoreOptions options;
    options.folder = config_.store.folder;
    options.retention = config_.store.retention;
    options.max_size = config_.store.max_size;
    options.dedupe_window_max = std::ranges::max_element(config_.sources, {}, &SourceConfig::dedupe)->dedupe;
    auto opened = store::EmbeddedStore::open(
        std::move(options), {.disk = disk_, .clock = clock_, .log = log_, .observer = &commit_metrics_});
    if (!opened) {
      log_.error("cannot open the store",
                 {{"folder", config_.store.folder}, {"reason", opened.error().message}});
      return exit_code(opened.error());
    }
    store_ = *std::move(opened);
    return 0;
  }

  int open_token() {
    auto token = create_or_read_token(config_.store.folder);
    if (!token) {
      log_.error("cannot read the admin token", {{"reason", token.error().message}});
      return kInputOutput;
    }
    token_ = *std::move(token);
    return 0;
  }

  void make_ports() {
    deliverer_ = std::make_unique<Deliverer>(
        Deliverer::Options{.destinations = config_.destinations,
                           .receivers = [this](std::string_view source) { return receiver(source); },
                           .seed = std::random_device{}()},
        clock_, log_, delivery_metrics_);
    ingest_ = std::make_unique<Ingest>(ingest_options(), routes_, *store_, clock_, log_, metrics_, loop_);
    admin_ = std::make_unique<Admin>(AdminOptions{.token = token_,
                                                  .listen_address = config_.admin.listen.host,
                                                  .hosts = config_.admin.hosts,
                                                  .version = CREEL_VERSION,
                                                  .destinations = [this] { return destinations(); },
                                                  .after =
                                                      [this](auto delay, auto work) {
                                                        assume(on_loop);
                                                        loop_.after(delay, std::move(work));
                                                      }},
                                     *store_, clock_, log_, metrics_, loop_);
    ingest_server_ =
        std::make_unique<http::Server>(loop_,
                                       http::ServerOptions{.address = config_.server.listen.host,
                                                           .port = config_.server.listen.port,
                                                           .connections_max = config_.server.max_connections},
                                       *ingest_);
    admin_server_ = std::make_unique<http::Server>(
        loop_,
        http::ServerOptions{
            .address = config_.admin.listen.host, .port = config_.admin.listen.port, .connections_max = 256},
        *admin_);
  }

  IngestOptions ingest_options() {
    IngestOptions options;
    for (const SourceConfig& source : config_.sources) {
      options.sources.push_back({.name = source.name,
                                 .path = source.path,
                                 .receiver = receivers_.at(source.name),
                                 .body_bytes_max = source.max_body,
                                 .dedupe_window = source.dedupe});
    }
    options.store_secret = store_->identity().secret;
    options.print = [this](std::string_view line) { log_.print(line); };
    return options;
  }

  std::shared_ptr<const Receiver> receiver(std::string_view source) const {
    auto found = receivers_.find(source);
    return found == receivers_.end() ? nullptr : found->second;
  }

  std::vector<DestinationStatus> destinations() const {
    std::vector<DestinationStatus> all;
    for (const Destination& destination : config_.destinations) {
      all.push_back({.name = destination.name, .url = without_credentials(destination.url), .held = ""});
    }
    return all;
  }

  void say_ready() {
    const std::string ingest = to_text(ListenAddress{config_.server.listen.host, ingest_server_->port()});
    const std::string admin = to_text(ListenAddress{config_.admin.listen.host, admin_server_->port()});
    log_.info(
        "creel is ready",
        {{"version", CREEL_VERSION}, {"listen", ingest}, {"admin", admin}, {"store", config_.store.folder}});
    // An address that means every interface cannot be pasted anywhere.
    const bool is_any = config_.server.listen.host == "0.0.0.0" || config_.server.listen.host == "::";
    const std::string shown = is_any ? to_text(ListenAddress{"127.0.0.1", ingest_server_->port()}) : ingest;
    for (const SourceConfig& source : config_.sources) {
      const std::string url = fmt::format("http://{}{}", shown, source.path);
      log_.info("source", {{"name", source.name}, {"provider", source.provider->name}, {"url", url}});
    }
    for (const Destination& destination : config_.destinations) {
      const std::string url = without_credentials(destination.url);
      log_.info("destination", {{"name", destination.name}, {"url", url}});
    }
  }

  // The first signal stops gracefully; the second ends the process at once, which the journal survives by
  // design.
  void stop() {
    assume(on_loop);
    if (std::exchange(stopping_, true)) ::_exit(128 + SIGTERM);
    log_.info("stopping: no new requests; what is under way may end",
              {{"seconds", config_.server.drain.count() / 1000.0}});
    drained_by_ = clock_.ticks() + config_.server.drain;
    ingest_->drain();
    admin_->drain();
    auto ended = [this] {
      if (--ports_open_ == 0) ending_ = std::thread([this] { end(); });
    };
    ingest_server_->drain(config_.server.drain, ended);
    admin_server_->drain(config_.server.drain, ended);
  }

  // Both ports are closed. Blocks, so it has a thread of its own: what still waits for the store is answered
  // on the loop. Attempts have what the ports left of the time.
  void end() {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(drained_by_ - clock_.ticks());
    deliverer_->drain(std::max(left, std::chrono::milliseconds(0)));
    store_->stop();
    loop_.stop();
  }

  Config config_;
  SystemClock clock_;
  Log log_;
  Metrics metrics_;
  CommitMetrics commit_metrics_;
  DeliveryMetrics delivery_metrics_;
  std::shared_ptr<const Routes> routes_;
  ReceiverMap receivers_;
  store::RealDisk disk_;
  std::string token_;
  bool stopping_ = false;
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
  // SQLite makes files of its own beside the index.
  ::umask(0077);
  Gateway gateway(std::move(config));
  if (int code = gateway.open()) return code;
  return gateway.run();
}

}  // namespace creel
