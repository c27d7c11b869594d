// The commands for what is configured: sources and destinations, and what these and routes have in common.
#include <fmt/format.h>

#include "cli/grammar.h"

namespace creel::cli {

void Grammar::list_of(CLI::App* configured, const char* what, int (*list)(const ListOptions&, Io&)) {
  CLI::App* listing = configured->add_subcommand("list", what);
  listing->add_flag("--names", list_.names, "Nothing but their names, one a line");
  server_options(listing, list_.server);
  format_option(listing, list_.format);
  runs(listing, [this, list] { return list(list_, io_); });
}

void Grammar::get_of(CLI::App* configured, Pause::What what, const char* help,
                     int (*get)(const OneOptions&, Io&)) {
  CLI::App* getting = configured->add_subcommand("get", help);
  getting->add_option(std::string(to_text(what)), one_.id, "Its name")->required();
  server_options(getting, one_.server);
  format_option(getting, one_.format);
  runs(getting, [this, get] { return get(one_, io_); });
}

void Grammar::pause_and_resume(CLI::App* configured, Pause::What what) {
  const std::string name(to_text(what));
  const auto add = [&](const char* verb, const std::string& help,
                       int (*act)(Pause::What, const PauseOptions&, Io&)) {
    CLI::App* acting = configured->add_subcommand(verb, help);
    acting->footer(fmt::format("Examples:\n  creel {0}s {1} {2}\n  creel {0}s {1} {2} --format json", name,
                               verb,
                               what == Pause::What::source  ? "openai"
                               : what == Pause::What::route ? "batches"
                                                            : "app"));
    acting->add_option(name, pause_.name, "Its name")->required();
    server_options(acting, pause_.server);
    format_option(acting, pause_.format);
    runs(acting, [this, what, act] { return act(what, pause_, io_); });
  };
  add("pause", fmt::format("Hold the deliveries of a {}; events go on being received and kept", name),
      &pause);
  add("resume", fmt::format("Let a {} that is paused go on, with what it holds first", name), &resume);
}

void Grammar::add_sources() {
  CLI::App* sources = command(
      "sources", kLooking, "Show where webhooks come from and when secrets were used; pause and resume them",
      "Examples:\n"
      "  creel sources list\n"
      "  creel sources get openai\n"
      "  creel sources pause openai\n"
      "  creel sources resume openai");
  sources->require_subcommand(1);
  list_of(sources, "List the sources", &sources_list);
  get_of(sources, Pause::What::source, "Show one source and when each of its secrets was last used",
         &sources_get);
  pause_and_resume(sources, Pause::What::source);
}

void Grammar::add_destinations() {
  CLI::App* destinations =
      command("destinations", kLooking, "Show where events go and how it goes there; pause and resume them",
              "Examples:\n"
              "  creel destinations list\n"
              "  creel destinations get app\n"
              "  creel destinations pause app\n"
              "  creel destinations resume app");
  destinations->require_subcommand(1);
  list_of(destinations, "List the destinations with their deliveries counted", &destinations_list);
  get_of(destinations, Pause::What::destination,
         "Show one destination: its breaker, its limits, what waits and why", &destinations_get);
  pause_and_resume(destinations, Pause::What::destination);
}

}  // namespace creel::cli
