// The grammar of the command line. Each command is added with its options, a sentence for each, and examples.
//
// The only header that knows CLI11; parse.cc and its neighbours include it and nobody else does.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "cli/commands.h"

namespace creel::cli {

inline constexpr const char* kServing = "Serving";
inline constexpr const char* kTrying = "Trying out and finding out";
inline constexpr const char* kLooking = "Looking and acting";
inline constexpr const char* kOperating = "Replaying, retrying and giving up";
inline constexpr const char* kMending = "Checking and mending a store's folder";

// Everything the commands are told, and which one was chosen. One place in memory, so that CLI11 may point
// into it.
class Grammar {
 public:
  explicit Grammar(Io& io);
  int run(std::vector<std::string> arguments);

 private:
  int report(const CLI::ParseError& error);
  static std::string explained(const CLI::ParseError& error, const CLI::App& app);

  // A command of the first level.
  CLI::App* command(const char* name, const char* group, const char* what, const char* examples);

  template <class Run>
  void runs(CLI::App* command, Run run) {
    command->final_callback([this, run] { chosen_ = run; });
  }

  void format_option(CLI::App* command, Format& format);
  void config_flags(CLI::App* command, ConfigFlags& flags);
  void server_options(CLI::App* command, ServerOptions& server);
  void secret_options(CLI::App* command, SecretOptions& secret);
  void chaos_options(CLI::App* command, ChaosOptions& chaos);

  void add_serve();
  void add_config();
  void add_healthcheck();
  void add_version();
  void add_completion();
  void add_providers();
  void add_trigger();
  void add_sign();
  void add_verify();
  void add_events();
  void add_events_get(CLI::App* events);
  // What is meant, on every command that may be about many.
  void selection_options(CLI::App* command, Selection& select, bool has_state);
  void page_options(CLI::App* command);
  // How a job is made and watched.
  void job_options(CLI::App* command);
  void to_option(CLI::App* command);
  // A command that becomes a job, with ids and selection.
  void add_job(CLI::App* command, const char* ids, bool has_state, int (*act)(const JobOptions&, Io&));
  void add_one(CLI::App* group, const char* name, const char* argument, const char* what,
               int (*act)(const OneOptions&, Io&));
  void add_replay();
  void add_changes();
  void add_dlq();
  void add_jobs();
  void add_bookmarks();
  void add_rejected();
  void add_rejected_accept(CLI::App* rejected);
  void list_of(CLI::App* configured, const char* what, int (*list)(const ListOptions&, Io&));
  void get_of(CLI::App* configured, Pause::What what, const char* help, int (*get)(const OneOptions&, Io&));
  void pause_and_resume(CLI::App* configured, Pause::What what);
  void add_sources();
  void add_destinations();
  void add_routes();
  void add_routes_test(CLI::App* routes);
  void add_plan();
  void folder_options(CLI::App* command, FolderOptions& folder);
  void add_journal();
  void add_doctor();

  Io& io_;
  CLI::App app_;
  std::function<int()> chosen_;

  ConfigFlags flags_;
  CheckConfigOptions check_config_;
  HealthcheckOptions healthcheck_;
  Format format_ = Format::text;
  ProvidersOptions providers_;
  TriggerOptions trigger_;
  SignOptions sign_;
  VerifyOptions verify_;
  EventsListOptions events_list_;
  EventsTailOptions events_tail_;
  OneOptions one_;
  JobOptions job_;
  BookmarkOptions bookmark_;
  ListOptions list_;
  PauseOptions pause_;
  RejectedOptions rejected_;
  AcceptOptions accept_;
  RoutesTestOptions routes_test_;
  PlanOptions plan_;
  JournalOptions journal_;
  DoctorOptions doctor_;
  std::string shell_;
};

}  // namespace creel::cli
