// The commands about routes: what they are, and what others would change.
#include "cli/grammar.h"

namespace creel::cli {

void Grammar::add_routes() {
  CLI::App* routes = command("routes", kLooking, "Show which events go where, and why; pause and resume them",
                             "Examples:\n"
                             "  creel routes list\n"
                             "  creel routes get batches\n"
                             "  creel routes pause batches\n"
                             "  creel routes resume batches\n"
                             "  creel routes test cev_0000000010000\n"
                             "  creel routes test cev_0000000010000 --config new.toml\n"
                             "  creel routes test --body event.json --config creel.toml");
  routes->require_subcommand(1);
  list_of(routes, "List the routes in the order in which they are asked", &routes_list);
  get_of(routes, Pause::What::route, "Show one route with its filter and transform", &routes_get);
  pause_and_resume(routes, Pause::What::route);
  add_routes_test(routes);
}

void Grammar::add_routes_test(CLI::App* routes) {
  CLI::App* test = routes->add_subcommand(
      "test", "Put one event to the routes: which take it, where it goes and what of it goes out");
  auto* id = test->add_option("event", routes_test_.id, "The id of an event that is kept");
  test->add_option("--body", routes_test_.body,
                   "An event's body in place of a kept one; - for standard input")
      ->type_name("FILE")
      ->excludes(id);
  test->add_option("--headers", routes_test_.headers_file, "Its headers, one \"name: value\" a line")
      ->type_name("FILE");
  test->add_option("-H,--header", routes_test_.headers, "One header, \"name: value\"")
      ->expected(1)
      ->take_all()
      ->type_name("HEADER");
  test->add_option("--source", routes_test_.source, "The source it comes to (default: the only one)")
      ->type_name("NAME");
  test->add_option("--type", routes_test_.type, "Its type (default: as its provider says it)")
      ->type_name("TYPE");
  server_options(test, routes_test_.server);
  test->get_option("--config")
      ->description("Ask the routes of this configuration and not those of the running creel");
  format_option(test, routes_test_.format);
  runs(test, [this] { return routes_test(routes_test_, io_); });
}

void Grammar::add_plan() {
  CLI::App* plan_command =
      command("plan", kLooking, "Say what a configuration would change, over the events that are kept",
              "Examples:\n"
              "  creel plan\n"
              "  creel plan new.toml --last 100000\n"
              "  creel plan new.toml --source stripe --since 24h --show 100\n"
              "  creel plan new.toml --against old.toml --format json\n"
              "Ends with 0 when nothing would change, and with 1 when something would.");
  plan_command->add_option("file", plan_.file, "The configuration; ./creel.toml is read when it is there");
  plan_command
      ->add_option("--against", plan_.against, "Compare with this configuration and not with what runs")
      ->type_name("FILE");
  plan_command->add_option("--last", plan_.last, "Over the newest so many events (default 1000)")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{10'000'000}).description(""))
      ->type_name("N");
  plan_command->add_option("--source", plan_.source, "Only events of this source")->type_name("NAME");
  plan_command
      ->add_option("--since", plan_.since,
                   "Only received since: 1h (ago), 2026-11-23T12:00:00Z or unix seconds")
      ->type_name("TIME");
  plan_command->add_option("--show", plan_.show, "Show so many of those that differ (default 20)")
      ->check(CLI::Range(0, 1000).description(""))
      ->type_name("M");
  plan_command->add_option("--forward-to", plan_.forward_to, "As serve takes it, where it is run with this")
      ->type_name("URL");
  server_options(plan_command, plan_.server);
  format_option(plan_command, plan_.format);
  runs(plan_command, [this] { return plan(plan_, io_); });
}

}  // namespace creel::cli
