// What the gateway is made of, for the files that share its work: gateway.cc begins and ends it,
// gateway_reload.cc does what SIGHUP asks for, gateway_admin.cc says what the admin port is told,
// gateway_pause.cc what is held and why.
//
// Everything that runs is made in the order of the members and ended in the reverse.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "admin/admin.h"
#include "app/config_changes.h"
#include "app/config_load.h"
#include "app/gateway_metrics.h"
#include "app/jwks.h"
#include "app/live.h"
#include "app/pause_book.h"
#include "core/log.h"
#include "deliver/deliverer.h"
#include "http/server.h"
#include "ingest/ingest.h"
#include "store/embedded_store.h"

namespace creel {

class Gateway {
 public:
  explicit Gateway(const Config& config);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // 0, or the exit code of what went wrong, which has been said. Once, then run().
  int open(Config config);
  int run();

 private:
  // Beginning and ending
  int open_store(const Config& config);
  int open_token(const Config& config);
  void make_ports(const Live& live);
  void make_servers(const Config& config);
  IngestOptions ingest_options(const Live& live);
  std::vector<IngestSource> ingest_sources(const Live& live) const;
  void say_ready(const Config& config);
  void note_standard_output(const Config& config);
  void stop();
  void end();

  // Reloading
  std::expected<std::shared_ptr<const Live>, std::string> live_of(Config config);
  void reload() ON_LOOP;
  bool take_over(LoadedConfig& loaded) ON_LOOP;
  bool needs_restart(const Config& config, const ConfigChanges& changes);
  void put_in_place(const std::shared_ptr<const Live>& live) ON_LOOP;
  void say_reloaded(const ConfigChanges& changes);
  bool refuse(std::string_view why);

  // Looking. On read threads, but for what is said to be on the loop.
  AdminOptions admin_options(const Config& config);
  std::vector<DestinationStatus> destinations() const;
  std::vector<SourceStatus> sources() const;
  std::string held_reason(const DeliveryId& delivery, std::string_view source,
                          const StoredEvent* event) const;
  static void add_standing(const Destination& destination, const Deliverer::Standing* standing,
                           const std::vector<Pause>& pauses, DestinationStatus& status);

  // Pausing
  PauseBook::Parts pause_parts();
  void pause(Pause::What what, std::string name, bool is_paused,
             std::move_only_function<void(PauseAnswer)> done) ON_LOOP;
  void warn_of_dangling_pauses(const Config& config);

  SystemClock clock_;
  Log log_;
  Metrics metrics_;
  CommitMetrics commit_metrics_;
  DeliveryMetrics delivery_metrics_;
  ReloadMetrics reload_metrics_;
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

  std::atomic<bool> prints_events_ = true;  // standard output is for people, and no destination of its own

  http::Loop loop_;
  PauseBook pauses_{pause_parts(), clock_, log_, loop_};
  std::unique_ptr<Deliverer> deliverer_;
  std::unique_ptr<store::EmbeddedStore> store_;
  std::unique_ptr<Ingest> ingest_;
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<http::Server> ingest_server_, admin_server_;
};

// Where a destination's events go, without anything secret: its URL, its program, or "".
std::string place_of(const Destination& destination);

// The longest dedupe window of its sources: what the store has to keep keys for.
std::chrono::seconds longest_window(const Config& config);

}  // namespace creel
