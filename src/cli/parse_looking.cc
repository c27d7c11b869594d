// The commands that can ask a running creel.
#include "cli/grammar.h"

namespace creel::cli {

void Grammar::add_verify() {
  CLI::App* verify_command = command("verify", kTrying, "Say whether a webhook is genuine, and if not, why",
                                     "Examples:\n"
                                     "  creel verify --body body.json --headers headers.txt\n"
                                     "  creel verify --request captured.http --secret-file secret.txt\n"
                                     "  creel verify --body - -H 'webhook-id: wh_1' -H 'webhook-timestamp: "
                                     "1750000000' -H 'webhook-signature: v1,...'\n"
                                     "  creel verify 17               (a rejected request)\n"
                                     "  creel verify cev_0000000010000  (a stored event)");
  verify_command->add_option("id", verify_.id,
                             "A stored event's or rejected request's id, asked from a running creel");
  verify_command
      ->add_option("--provider", verify_.provider,
                   "Whose scheme: a provider, or a source of the configuration (default: for an id, the "
                   "source that it came to; else openai)")
      ->type_name("NAME");
  verify_command->add_option("--body", verify_.body, "The raw body; - for standard input")->type_name("FILE");
  verify_command->add_option("--headers", verify_.headers_file, "The headers, one \"name: value\" a line")
      ->type_name("FILE");
  verify_command->add_option("-H,--header", verify_.headers, "One header, \"name: value\"")
      ->expected(1)
      ->take_all()
      ->type_name("HEADER");
  verify_command
      ->add_option("--request", verify_.request,
                   "A whole captured request: request line, headers, empty line, body")
      ->type_name("FILE");
  verify_command
      ->add_option("--url", verify_.url,
                   "The address that the provider calls, for those that sign it (default: the source's)")
      ->type_name("URL");
  verify_command->add_option("--method", verify_.method, "The method, where the request does not say it")
      ->type_name("METHOD");
  verify_command
      ->add_option("--query", verify_.query, "What follows the ? of the target, where the request lacks it")
      ->type_name("QUERY");
  verify_command
      ->add_option("--secret", verify_.secrets,
                   "A secret to try; may be given again (default: those of the configuration)")
      ->expected(1)
      ->take_all()
      ->type_name("SECRET");
  verify_command->add_option("--secret-file", verify_.secret_file, "A file with a secret")->type_name("FILE");
  verify_command
      ->add_option("--now", verify_.now,
                   "Verify as if it were this time, in unix seconds (default: now; for an id: when it came)")
      ->type_name("SECONDS");
  verify_command
      ->add_option("--tolerance", verify_.tolerance,
                   "How far the clocks may differ (default: the source's, else the provider's)")
      ->type_name("DURATION");
  verify_command->add_flag("--show-expected", verify_.show_expected,
                           "Print the signature that would have been right");
  server_options(verify_command, verify_.server);
  format_option(verify_command, verify_.format);
  runs(verify_command, [this] { return verify(verify_, io_); });
}

void Grammar::add_events() {
  CLI::App* events = command("events", kLooking, "List, show and follow the events that are kept",
                             "Examples:\n"
                             "  creel events list --since 1h -e 'batch.*,response.completed'\n"
                             "  creel events list --state dead --format json\n"
                             "  creel events list --text batch_42 --since 1d\n"
                             "  creel events list --filter '{\"body\":{\"data\":{\"status\":\"failed\"}}}'\n"
                             "  creel events get cev_0000000010000\n"
                             "  creel events raw cev_0000000010000 > body.json\n"
                             "  creel events tail -e 'response.*'");
  events->require_subcommand(1);

  CLI::App* list = events->add_subcommand("list", "List events, the newest first");
  selection_options(list, events_list_.select, true);
  page_options(list);
  runs(list, [this] { return events_list(events_list_, io_); });

  CLI::App* tail = events->add_subcommand("tail", "Print events as they come");
  tail->add_option("-e,--events", events_tail_.types, "Only these types; * and ? match, a comma separates")
      ->delimiter(',')
      ->type_name("GLOBS");
  tail->add_option("--source", events_tail_.source, "Only of this source")->type_name("NAME");
  tail->add_option("--count", events_tail_.count, "End after so many")
      ->check(CLI::Range(1, 1'000'000'000))
      ->type_name("N");
  server_options(tail, events_tail_.server);
  format_option(tail, events_tail_.format);
  runs(tail, [this] { return events_tail(events_tail_, io_); });
  add_events_get(events);
}

void Grammar::add_events_get(CLI::App* events) {
  CLI::App* get = events->add_subcommand("get", "Show one event with its deliveries and every attempt");
  get->add_option("event", one_.id, "Its id, creel's or the provider's")->required();
  server_options(get, one_.server);
  format_option(get, one_.format);
  runs(get, [this] { return events_get(one_, io_); });

  CLI::App* raw = events->add_subcommand("raw", "Write one event's body to standard output, byte for byte");
  raw->add_option("event", one_.id, "Its id, creel's or the provider's")->required();
  server_options(raw, one_.server);
  runs(raw, [this] { return events_raw(one_, io_); });
}

// Of `events list` and its like, which show page after page.
void Grammar::page_options(CLI::App* command) {
  command->add_option("--limit", events_list_.limit, "At most so many (default 50)")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  command->add_option("--cursor", events_list_.cursor, "Go on after the page that named this")
      ->type_name("CURSOR");
  command->add_flag("--oldest-first", events_list_.oldest_first, "In the order in which they came");
  server_options(command, events_list_.server);
  format_option(command, events_list_.format);
}

}  // namespace creel::cli
