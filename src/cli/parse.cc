// The grammar of the command line. Each command is added with its options, a sentence for each, and examples.
#include <CLI/CLI.hpp>

#include <ostream>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace creel::cli {
namespace {

constexpr const char* kServing = "Serving";
constexpr const char* kTrying = "Trying out and finding out";
constexpr const char* kLooking = "Looking and acting";

// Everything the commands are told, and which one was chosen. One place in memory, so that CLI11 may point
// into it.
class Grammar {
 public:
  explicit Grammar(Io& io)
      : io_(io),
        app_(
            "Catches webhooks and keeps them: what creel has answered with 2xx is on disk, and is delivered.",
            "creel") {
    app_.require_subcommand(1);
    app_.get_formatter()->column_width(34);
    app_.footer(
        "Exit codes: 0 fine, 1 a negative answer, 64 usage, 65 bad data, 66 not found, 69 not reachable,\n"
        "70 internal, 74 input/output, 75 try again, 77 permission, 78 configuration.\n\n"
        "  OPENAI_WEBHOOK_SECRET=whsec_... creel serve --forward-to http://127.0.0.1:8080/webhooks/openai");
    app_.set_version_flag("--version", "creel " CREEL_VERSION);
    add_serve();
    add_config();
    add_healthcheck();
    add_trigger();
    add_sign();
    add_verify();
    add_events();
    add_changes();
    add_rejected();
    add_destinations();
    add_version();
  }

  int run(std::vector<std::string> arguments) {
    // CLI11 takes them from the back.
    std::ranges::reverse(arguments);
    try {
      app_.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
      return report(error);
    }
    return chosen_ ? chosen_() : kUsage;
  }

 private:
  int report(const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      app_.exit(error, io_.out, io_.err);  // --help, --version
      return kFine;
    }
    complain(io_.err, error.what());
    const CLI::App* deepest = &app_;
    while (!deepest->get_subcommands().empty())
      deepest = deepest->get_subcommands().front();
    std::string name;
    for (const CLI::App* app = deepest; app && app != &app_; app = app->get_parent())
      name = " " + app->get_name() + name;
    io_.err << "Try: creel" << name << " --help\n";
    return kUsage;
  }

  // A command of the first level.
  CLI::App* command(const char* name, const char* group, const char* what, const char* examples) {
    CLI::App* command = app_.add_subcommand(name, what);
    command->group(group);
    command->footer(examples);
    return command;
  }

  template <class Run>
  void runs(CLI::App* command, Run run) {
    command->final_callback([this, run] { chosen_ = run; });
  }

  void format_option(CLI::App* command, Format& format) {
    command
        ->add_option_function<std::string>(
            "--format",
            [&format](const std::string& word) { format = word == "json" ? Format::json : Format::text; },
            "How data is written: text for people, json for one stable object a line")
        ->check(CLI::IsMember({"text", "json"}))
        ->type_name("text|json");
  }

  void config_flags(CLI::App* command, ConfigFlags& flags) {
    command->add_option("--config", flags.config, "The configuration; ./creel.toml is read when it is there")
        ->type_name("FILE");
    auto* listen =
        command->add_option("--listen", flags.listen, "Where webhooks are received (default 0.0.0.0:3000)");
    listen->type_name("ADDR:PORT");
    command->add_option("--port", flags.port, "The port alone; PORT in the environment does the same")
        ->type_name("N")
        ->excludes(listen);
    command
        ->add_option("--admin-listen", flags.admin_listen, "Where the admin API is (default 127.0.0.1:3001)")
        ->type_name("ADDR:PORT");
    command->add_option("--store", flags.store, "The folder that keeps everything (default ./creel-data)")
        ->type_name("FOLDER");
    command
        ->add_option("--forward-to", flags.forward_to,
                     "Deliver every event to this URL, as destination \"forward\"")
        ->type_name("URL");
  }

  void server_options(CLI::App* command, ServerOptions& server) {
    command
        ->add_option("--server", server.server,
                     "The admin API of a running creel (default $CREEL_SERVER or http://127.0.0.1:3001)")
        ->type_name("URL");
    command
        ->add_option("--token", server.token,
                     "Its token (default $CREEL_ADMIN_TOKEN or the file admin.token in the store's folder)")
        ->type_name("TOKEN");
    command->add_option("--store", server.store, "The folder of that file (default ./creel-data)")
        ->type_name("FOLDER");
  }

  void secret_options(CLI::App* command, SecretOptions& secret) {
    command
        ->add_option("--secret", secret.secret, "The secret to sign with (default: $OPENAI_WEBHOOK_SECRET)")
        ->type_name("SECRET");
    command
        ->add_option("--secret-file", secret.secret_file,
                     "A file with the secret, which then shows in no list of processes")
        ->type_name("FILE");
  }

  void add_serve() {
    CLI::App* serve_command = command("serve", kServing, "Receive, verify, keep and deliver webhooks",
                                      "Examples:\n"
                                      "  OPENAI_WEBHOOK_SECRET=whsec_... creel serve\n"
                                      "  creel serve --forward-to http://127.0.0.1:8080/webhooks/openai\n"
                                      "  creel serve --config /etc/creel.toml --store /var/lib/creel");
    config_flags(serve_command, flags_);
    runs(serve_command, [this] { return serve(flags_, io_); });
  }

  void add_config() {
    CLI::App* check = command("check-config", kServing, "Check the configuration and show what it comes to",
                              "Examples:\n"
                              "  creel check-config\n"
                              "  creel check-config --config staging.toml --format json");
    config_flags(check, check_config_.flags);
    format_option(check, check_config_.format);
    runs(check, [this] { return check_config_command(check_config_, io_); });

    CLI::App* config =
        command("config", kServing, "Show the configuration", "Examples:\n  creel config show");
    config->require_subcommand(1);
    CLI::App* show = config->add_subcommand(
        "show", "Show the resolved configuration, with fingerprints in place of secrets");
    config_flags(show, check_config_.flags);
    format_option(show, check_config_.format);
    runs(show, [this] { return config_show(check_config_, io_); });
  }

  void add_healthcheck() {
    CLI::App* health =
        command("healthcheck", kServing, "Ask a creel on this machine whether it is ready: 0 yes, 1 no",
                "Examples:\n  creel healthcheck\n  creel healthcheck --port 8080");
    config_flags(health, healthcheck_.flags);
    health->add_option("--url", healthcheck_.url, "Ask this URL instead")->type_name("URL");
    runs(health, [this] { return healthcheck(healthcheck_, io_); });
  }

  void add_version() {
    CLI::App* version_command =
        command("version", kServing, "Print the version", "Examples:\n  creel version --format json");
    format_option(version_command, format_);
    runs(version_command, [this] { return version(format_, io_); });
  }

  void add_trigger() {
    CLI::App* trigger_command =
        command("trigger", kTrying, "Send a signed sample event",
                "Examples:\n"
                "  creel trigger openai response.completed\n"
                "  creel trigger openai batch.completed --set data.id=batch_42 --repeat 10\n"
                "  creel trigger openai --list");
    trigger_command->add_option("provider", trigger_.secret.provider, "Whose event: openai")->required();
    trigger_command->add_option("type", trigger_.type, "The event's type, such as batch.completed");
    trigger_command
        ->add_option("--to", trigger_.to, "Where to send it (default http://127.0.0.1:3000/webhooks/openai)")
        ->type_name("URL");
    trigger_command
        ->add_option("--set", trigger_.set,
                     "Change the body: data.id=batch_42; a value that is JSON is taken as such")
        ->type_name("PATH=VALUE")
        ->expected(1)
        ->take_all();
    trigger_command->add_option("--repeat", trigger_.repeat, "Send so many, each with its own id")
        ->check(CLI::Range(1, 1'000'000))
        ->type_name("N");
    trigger_command->add_flag("--list", trigger_.list, "List the types there are samples of");
    secret_options(trigger_command, trigger_.secret);
    format_option(trigger_command, trigger_.format);
    runs(trigger_command, [this] { return trigger(trigger_, io_); });
  }

  void add_sign() {
    CLI::App* sign_command =
        command("sign", kTrying, "Print the headers that sign a body",
                "Examples:\n"
                "  creel sign openai body.json\n"
                "  printf '{}' | creel sign openai --id wh_1 --timestamp 1750000000 --format json");
    sign_command->add_option("provider", sign_.secret.provider, "Whose scheme: openai")->required();
    sign_command->add_option("body", sign_.body, "The body's file; - or nothing for standard input")
        ->type_name("FILE");
    sign_command->add_option("--id", sign_.id, "The webhook's id (default: a new one)")->type_name("ID");
    sign_command
        ->add_option("--timestamp", sign_.timestamp, "When it is signed, in unix seconds (default: now)")
        ->type_name("SECONDS");
    secret_options(sign_command, sign_.secret);
    format_option(sign_command, sign_.format);
    runs(sign_command, [this] { return sign(sign_, io_); });
  }

  void add_verify();
  void add_events();
  void add_events_get(CLI::App* events);
  void add_changes();
  void add_rejected();
  void add_destinations();

  Io& io_;
  CLI::App app_;
  std::function<int()> chosen_;

  ConfigFlags flags_;
  CheckConfigOptions check_config_;
  HealthcheckOptions healthcheck_;
  Format format_ = Format::text;
  TriggerOptions trigger_;
  SignOptions sign_;
  VerifyOptions verify_;
  EventsListOptions events_list_;
  EventsTailOptions events_tail_;
  OneOptions one_;
  ChangeOptions change_;
  ListOptions list_;
};

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
  verify_command->add_option("--provider", verify_.provider, "Whose scheme (default openai)")
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
  verify_command->add_option("--tolerance", verify_.tolerance, "How far the clocks may differ (default 5m)")
      ->type_name("DURATION");
  verify_command->add_flag("--show-expected", verify_.show_expected,
                           "Print the signature that would have been right");
  verify_command->add_option("--config", verify_.flags.config, "The configuration whose secrets are tried")
      ->type_name("FILE");
  server_options(verify_command, verify_.server);
  format_option(verify_command, verify_.format);
  runs(verify_command, [this] { return verify(verify_, io_); });
}

void Grammar::add_events() {
  CLI::App* events = command("events", kLooking, "List, show and follow the events that are kept",
                             "Examples:\n"
                             "  creel events list --since 1h -e 'batch.*,response.completed'\n"
                             "  creel events list --state dead --format json\n"
                             "  creel events get cev_0000000010000\n"
                             "  creel events raw cev_0000000010000 > body.json\n"
                             "  creel events tail -e 'response.*'");
  events->require_subcommand(1);

  CLI::App* list = events->add_subcommand("list", "List events, the newest first");
  list->add_option("-e,--events", events_list_.types, "Only these types; * and ? match, a comma separates")
      ->delimiter(',')
      ->type_name("GLOBS");
  list->add_option("--source", events_list_.source, "Only of this source")->type_name("NAME");
  list->add_option("--id", events_list_.id, "Only with this id, be it creel's or the provider's")
      ->type_name("ID");
  list->add_option("--subject", events_list_.subject, "Only about this object, such as batch_42")
      ->type_name("ID");
  list->add_option("--destination", events_list_.destination, "Only with a delivery to this destination")
      ->type_name("NAME");
  list->add_option("--state", events_list_.state, "Only with a delivery in this state")
      ->check(CLI::IsMember({"pending", "delivered", "dead", "cancelled"}))
      ->type_name("pending|delivered|dead|cancelled");
  list->add_option("--since", events_list_.since,
                   "Only received since: 1h (ago), 2026-11-23T12:00:00Z or unix seconds")
      ->type_name("TIME");
  list->add_option("--until", events_list_.until, "Only received before")->type_name("TIME");
  list->add_option("--limit", events_list_.limit, "At most so many (default 50)")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  list->add_option("--cursor", events_list_.cursor, "Go on after the page that named this")
      ->type_name("CURSOR");
  list->add_flag("--oldest-first", events_list_.oldest_first, "In the order in which they came");
  server_options(list, events_list_.server);
  format_option(list, events_list_.format);
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
  CLI::App* get = events->add_subcommand("get", "Show one event with its deliveries and attempts");
  get->add_option("event", one_.id, "Its id, creel's or the provider's")->required();
  server_options(get, one_.server);
  format_option(get, one_.format);
  runs(get, [this] { return events_get(one_, io_); });

  CLI::App* raw = events->add_subcommand("raw", "Write one event's body to standard output, byte for byte");
  raw->add_option("event", one_.id, "Its id, creel's or the provider's")->required();
  server_options(raw, one_.server);
  runs(raw, [this] { return events_raw(one_, io_); });
}

void Grammar::add_changes() {
  const auto add = [this](const char* name, const char* what, const char* examples,
                          int (*change)(const ChangeOptions&, Io&)) {
    CLI::App* changing = command(name, kLooking, what, examples);
    changing->add_option("event", change_.event, "The event's id")->required();
    changing->add_option("--destination", change_.destination, "Only its delivery to this destination")
        ->type_name("NAME");
    changing->add_flag("-y,--yes", change_.yes, "Do not ask, also where it is more than one delivery");
    server_options(changing, change_.server);
    format_option(changing, change_.format);
    runs(changing, [this, change] { return change(change_, io_); });
  };
  add("retry", "Deliver an event again, now",
      "Examples:\n  creel retry cev_0000000010000\n  creel retry cev_0000000010000 --destination app",
      &retry);
  add("cancel", "Stop trying to deliver an event", "Examples:\n  creel cancel cev_0000000010000 --yes",
      &cancel);
}

void Grammar::add_rejected() {
  CLI::App* rejected =
      command("rejected", kLooking, "List and show the requests that were not accepted",
              "Examples:\n  creel rejected list\n  creel rejected get 17\n  creel verify 17");
  rejected->require_subcommand(1);
  CLI::App* list = rejected->add_subcommand("list", "List rejected requests, the newest first");
  list->add_option("--limit", list_.limit, "At most so many (default 50)")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  server_options(list, list_.server);
  format_option(list, list_.format);
  runs(list, [this] { return rejected_list(list_, io_); });
  CLI::App* get = rejected->add_subcommand("get", "Show one rejected request with what was kept of it");
  get->add_option("request", one_.id, "Its number")->required();
  server_options(get, one_.server);
  format_option(get, one_.format);
  runs(get, [this] { return rejected_get(one_, io_); });
}

void Grammar::add_destinations() {
  CLI::App* destinations = command("destinations", kLooking, "Show where events go and how it goes there",
                                   "Examples:\n  creel destinations list");
  destinations->require_subcommand(1);
  CLI::App* list =
      destinations->add_subcommand("list", "List the destinations with their deliveries counted");
  server_options(list, list_.server);
  format_option(list, list_.format);
  runs(list, [this] { return destinations_list(list_, io_); });
}

}  // namespace

int run(const std::vector<std::string>& arguments, Io& io) {
  Grammar grammar(io);
  const int code = grammar.run(arguments);
  io.out.flush();
  if (!io.out) return kInputOutput;
  return code;
}

}  // namespace creel::cli
