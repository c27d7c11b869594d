// The commands that need no running creel, and what all have in common.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ostream>

#include "app/units.h"
#include "cli/exit_code.h"
#include "cli/grammar.h"
#include "cli/output.h"
#include "core/text.h"

namespace creel::cli {

Grammar::Grammar(Io& io)
    : io_(io),
      app_("Catches webhooks and keeps them: what creel has answered with 2xx is on disk, and is delivered.",
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
  add_providers();
  add_events();
  add_rejected();
  add_sources();
  add_routes();
  add_destinations();
  add_plan();
  add_replay();
  add_changes();
  add_dlq();
  add_jobs();
  add_bookmarks();
  add_journal();
  add_doctor();
  add_version();
  add_completion();
}

int Grammar::run(std::vector<std::string> arguments) {
  // CLI11 takes them from the back.
  std::ranges::reverse(arguments);
  try {
    app_.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    return report(error);
  }
  return chosen_ ? chosen_() : kUsage;
}

// CLI11 says "A subcommand is required" also where an unknown one was given.
std::string Grammar::explained(const CLI::ParseError& error, const CLI::App& app) {
  const auto unread = app.remaining();
  const bool is_command_wanted = app.get_require_subcommand_min() > 0 && app.get_subcommands().empty();
  if (!is_command_wanted) return error.what();
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  if (unread.empty() || unread.front().starts_with('-'))
    return fmt::format("say what to do: {}", fmt::join(names, ", "));
  const std::string_view meant = nearest(unread.front(), names);
  return fmt::format("there is no command \"{}\"{}", displayed(unread.front()),
                     meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant));
}

int Grammar::report(const CLI::ParseError& error) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    app_.exit(error, io_.out, io_.err);  // --help, --version
    return kFine;
  }
  const CLI::App* deepest = &app_;
  while (!deepest->get_subcommands().empty())
    deepest = deepest->get_subcommands().front();
  complain(io_.err, explained(error, *deepest));
  std::string name;
  for (const CLI::App* app = deepest; app && app != &app_; app = app->get_parent())
    name = " " + app->get_name() + name;
  io_.err << "Try: creel" << name << " --help\n";
  return kUsage;
}

CLI::App* Grammar::command(const char* name, const char* group, const char* what, const char* examples) {
  CLI::App* command = app_.add_subcommand(name, what);
  command->group(group);
  command->footer(examples);
  return command;
}

void Grammar::format_option(CLI::App* command, Format& format) {
  command
      ->add_option_function<std::string>(
          "--format",
          [&format](const std::string& word) { format = word == "json" ? Format::json : Format::text; },
          "How data is written: text for people, json for one stable object a line")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("text|json");
}

void Grammar::config_flags(CLI::App* command, ConfigFlags& flags) {
  command->add_option("--config", flags.config, "The configuration; ./creel.toml is read when it is there")
      ->type_name("FILE");
  auto* listen =
      command->add_option("--listen", flags.listen, "Where webhooks are received (default 0.0.0.0:3000)");
  listen->type_name("ADDR:PORT");
  command->add_option("--port", flags.port, "The port alone; PORT in the environment does the same")
      ->type_name("N")
      ->excludes(listen);
  command->add_option("--admin-listen", flags.admin_listen, "Where the admin API is (default 127.0.0.1:3001)")
      ->type_name("ADDR:PORT");
  command->add_option("--store", flags.store, "The folder that keeps everything (default ./creel-data)")
      ->type_name("FOLDER");
  command
      ->add_option("--forward-to", flags.forward_to,
                   "Deliver every event to this URL, as destination \"forward\"")
      ->type_name("URL");
}

void Grammar::server_options(CLI::App* command, ServerOptions& server) {
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
  command
      ->add_option("--config", server.config,
                   "The configuration that says where these are; ./creel.toml is read when it is there")
      ->type_name("FILE");
}

void Grammar::add_serve() {
  CLI::App* serve_command = command("serve", kServing, "Receive, verify, keep and deliver webhooks",
                                    "Examples:\n"
                                    "  OPENAI_WEBHOOK_SECRET=whsec_... creel serve\n"
                                    "  creel serve --forward-to http://127.0.0.1:8080/webhooks/openai\n"
                                    "  creel serve --config /etc/creel.toml --store /var/lib/creel");
  config_flags(serve_command, flags_);
  runs(serve_command, [this] { return serve(flags_, io_); });
}

void Grammar::add_config() {
  CLI::App* check = command("check-config", kServing, "Check the configuration and show what it comes to",
                            "Examples:\n"
                            "  creel check-config\n"
                            "  creel check-config --config staging.toml --format json");
  config_flags(check, check_config_.flags);
  format_option(check, check_config_.format);
  runs(check, [this] { return check_config_command(check_config_, io_); });

  CLI::App* config = command("config", kServing, "Show the configuration", "Examples:\n  creel config show");
  config->require_subcommand(1);
  CLI::App* show = config->add_subcommand(
      "show", "Show the resolved configuration, with fingerprints in place of secrets");
  config_flags(show, check_config_.flags);
  format_option(show, check_config_.format);
  runs(show, [this] { return config_show(check_config_, io_); });
}

void Grammar::add_healthcheck() {
  CLI::App* health =
      command("healthcheck", kServing, "Ask a creel on this machine whether it is ready: 0 yes, 1 no",
              "Examples:\n  creel healthcheck\n  creel healthcheck --port 8080");
  config_flags(health, healthcheck_.flags);
  health->add_option("--url", healthcheck_.url, "Ask this URL instead")->type_name("URL");
  runs(health, [this] { return healthcheck(healthcheck_, io_); });
}

void Grammar::add_version() {
  CLI::App* version_command =
      command("version", kServing, "Print the version", "Examples:\n  creel version --format json");
  format_option(version_command, format_);
  runs(version_command, [this] { return version(format_, io_); });
}

void Grammar::add_providers() {
  using Form = ProvidersOptions::Form;
  CLI::App* list = command("providers", kTrying, "Say how each provider signs and what it sends",
                           "Examples:\n"
                           "  creel providers\n"
                           "  creel providers stripe\n"
                           "  creel providers --format json");
  list->add_option("name", providers_.name, "One of them: everything about it");
  list->add_option_function<std::string>(
          "--format",
          [this](const std::string& word) {
            providers_.form = word == "json" ? Form::json : word == "markdown" ? Form::markdown : Form::text;
          },
          "How it is written: text for people, json for one stable object a line, markdown for docs/")
      ->check(CLI::IsMember({"text", "json", "markdown"}))
      ->type_name("text|json|markdown");
  runs(list, [this] { return providers(providers_, io_); });
}

int run(const std::vector<std::string>& arguments, Io& io) {
  Grammar grammar(io);
  const int code = grammar.run(arguments);
  io.out.flush();
  if (!io.out) return kInputOutput;
  return code;
}

}  // namespace creel::cli
