// The commands for what was rejected.
#include "cli/grammar.h"

namespace creel::cli {

namespace {

void filter_options(CLI::App* command, std::string& source, std::string& cause, std::string& since,
                    std::string& until) {
  command->add_option("--source", source, "Only of this source")->type_name("NAME");
  command->add_option("--cause", cause, "Only for this cause, such as signature_mismatch")
      ->type_name("CAUSE");
  command->add_option("--since", since, "Only received since: 1h (ago), 2026-11-23T12:00:00Z or unix seconds")
      ->type_name("TIME");
  command->add_option("--until", until, "Only received before")->type_name("TIME");
}

}  // namespace

void Grammar::add_rejected() {
  CLI::App* rejected =
      command("rejected", kLooking, "Show, explain and accept the requests that were rejected",
              "Examples:\n"
              "  creel rejected list --source openai --since 1h\n"
              "  creel rejected explain 17\n"
              "  creel rejected accept 17\n"
              "  creel rejected accept --all --source openai --since 2h");
  rejected->require_subcommand(1);

  CLI::App* list = rejected->add_subcommand("list", "List rejected requests, the newest first");
  filter_options(list, rejected_.source, rejected_.cause, rejected_.since, rejected_.until);
  list->add_flag("--unaccepted", rejected_.unaccepted, "Only what was not accepted since");
  list->add_option("--limit", rejected_.limit, "At most so many (default 50)")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  list->add_option("--cursor", rejected_.cursor, "Go on after the page that named this")->type_name("CURSOR");
  server_options(list, rejected_.server);
  format_option(list, rejected_.format);
  runs(list, [this] { return rejected_list(rejected_, io_); });

  const auto add_one = [this, rejected](const char* name, const char* what,
                                        int (*act)(const OneOptions&, Io&)) {
    CLI::App* one = rejected->add_subcommand(name, what);
    one->add_option("request", one_.id, "Its number")->required();
    server_options(one, one_.server);
    format_option(one, one_.format);
    runs(one, [this, act] { return act(one_, io_); });
  };
  add_one("get", "Show one rejected request with what was kept of it", &rejected_get);
  add_one("explain", "Say why a request was rejected, and what would mend it", &rejected_explain);
  add_rejected_accept(rejected);
}

void Grammar::add_rejected_accept(CLI::App* rejected) {
  CLI::App* accept = rejected->add_subcommand(
      "accept", "Verify rejected requests with today's configuration, and make events of those that pass");
  accept->footer(
      "The clock is each request's time of receipt. What becomes an event does so once.\n"
      "Exit codes: 0 all accepted, 1 something is still rejected, 66 no such request.");
  accept->add_option("request", accept_.id, "Its number");
  accept->add_flag("--all", accept_.all, "All that the options name; --source is wanted");
  filter_options(accept, accept_.source, accept_.cause, accept_.since, accept_.until);
  accept->add_flag("-y,--yes", accept_.yes, "Do not ask");
  server_options(accept, accept_.server);
  format_option(accept, accept_.format);
  runs(accept, [this] { return rejected_accept(accept_, io_); });
}

}  // namespace creel::cli
