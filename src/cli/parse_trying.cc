// The grammar of the commands that make webhooks: trigger and sign.
#include "cli/grammar.h"

namespace creel::cli {
namespace {

constexpr std::int64_t kSkewMax = 1'000'000'000;  // some thirty years
constexpr const char* kSecrets = "Whose secret";
constexpr const char* kChaos = "What goes wrong on purpose";

}  // namespace

void Grammar::secret_options(CLI::App* command, SecretOptions& secret) {
  command
      ->add_option("--source", secret.source,
                   "The source of the configuration that it is for (default: the provider's first one)")
      ->type_name("NAME")
      ->group(kSecrets);
  command->add_option("--config", secret.config, "The configuration; ./creel.toml is read when it is there")
      ->type_name("FILE")
      ->group(kSecrets);
  auto* text = command->add_option(
      "--secret", secret.secret,
      "The secret, or the label of a configured one; old: the one that was replaced (default: the "
      "source's first valid one, else the provider's usual variable, see creel providers)");
  text->type_name("SECRET")->group(kSecrets);
  auto* name = command->add_option("--secret-name", secret.secret_name,
                                   "A configured secret by its label or variable, or by the end of it");
  name->type_name("LABEL")->group(kSecrets)->excludes(text);
  command
      ->add_option("--secret-file", secret.secret_file,
                   "A file with the secret, which then shows in no list of processes")
      ->type_name("FILE")
      ->group(kSecrets)
      ->excludes(text)
      ->excludes(name);
}

void Grammar::add_trigger() {
  CLI::App* trigger_command =
      command("trigger", kTrying, "Send a signed sample event, as the provider would",
              "Examples:\n"
              "  creel trigger openai response.completed\n"
              "  creel trigger stripe invoice.paid --set data.object.amount_paid=900 --repeat 10\n"
              "  creel trigger github push --body payload.json --to http://127.0.0.1:8080/hook\n"
              "  creel trigger stripe --list\n"
              "What a receiver has to withstand:\n"
              "  creel trigger openai batch.completed --dup 2       delivered again and again\n"
              "  creel trigger stripe invoice.paid --skew -600      replayed after ten minutes\n"
              "  creel trigger github push --bad-signature          forged\n"
              "  creel trigger github push --truncate               cut off on the way\n"
              "  creel trigger github push --shuffle                re-serialised by a proxy\n"
              "  creel trigger stripe invoice.paid --secret old     signed before the secret was changed\n"
              "  creel trigger openai batch.completed --rate 200/s --repeat 2000\n"
              "Ends with 1 when any answer is not 2xx, and with 69 when there is none.");
  trigger_command
      ->add_option("provider", trigger_.secret.provider,
                   "Whose event, as creel providers names them; or the name of a source")
      ->required();
  trigger_command->add_option("type", trigger_.type, "The event's type, such as batch.completed");
  trigger_command
      ->add_option("--to", trigger_.to,
                   "Where to send it (default: the source's path on this machine's creel, else "
                   "http://127.0.0.1:3000/webhooks/PROVIDER)")
      ->type_name("URL");
  trigger_command
      ->add_option("--url", trigger_.url,
                   "The address that is signed, where the provider signs that (default: --to, the source's "
                   "url, else where it is sent)")
      ->type_name("URL");
  trigger_command
      ->add_option("--set", trigger_.set,
                   "Change the body: data.id=batch_42, or a form's field; a value that is JSON is taken as "
                   "such")
      ->type_name("PATH=VALUE")
      ->expected(1)
      ->take_all();
  trigger_command
      ->add_option("--body", trigger_.body,
                   "Send this file's bytes and no sample, so of any type; - for standard input")
      ->type_name("FILE");
  trigger_command
      ->add_option(
          "--content-type", trigger_.content_type,
          "What that body is (default: JSON, or a form where it is none and the provider sends forms)")
      ->type_name("TYPE");
  trigger_command->add_option("--method", trigger_.method, "Another method than the provider's")
      ->type_name("METHOD");
  trigger_command->add_option("--repeat", trigger_.repeat, "Send so many, each with its own id")
      ->check(CLI::Range(1, 10'000'000).description(""))
      ->type_name("N");
  trigger_command
      ->add_option("--rate", trigger_.rate,
                   "With --repeat: 50/s, a steady pace whatever the answers; sums up at the end")
      ->type_name("RATE");
  trigger_command->add_flag("--print", trigger_.print,
                            "Show the request, with *** for what is a secret, and send nothing");
  trigger_command->add_flag("--list", trigger_.list, "List the types there are samples of");
  chaos_options(trigger_command, trigger_.chaos);
  secret_options(trigger_command, trigger_.secret);
  format_option(trigger_command, trigger_.format);
  runs(trigger_command, [this] { return trigger(trigger_, io_); });
}

void Grammar::chaos_options(CLI::App* command, ChaosOptions& chaos) {
  command->add_option("--dup", chaos.duplicates, "Send each request so many times more, byte for byte")
      ->check(CLI::Range(0, 1'000'000).description(""))
      ->type_name("N")
      ->group(kChaos);
  command
      ->add_option("--skew", chaos.skew_seconds,
                   "Sign as if the clock were ahead by so much; -600 is ten minutes ago")
      ->check(CLI::Range(-kSkewMax, kSkewMax).description(""))
      ->type_name("SECONDS")
      ->group(kChaos);
  command
      ->add_flag("--bad-signature", chaos.bad_signature,
                 "Sign with a secret that nobody has: well-formed, and wrong")
      ->group(kChaos);
  command->add_flag("--truncate", chaos.truncate, "Cut the body in half after it was signed")->group(kChaos);
  command
      ->add_flag("--shuffle", chaos.shuffle,
                 "Write the body anew after it was signed, its members in another order")
      ->group(kChaos);
}

void Grammar::add_sign() {
  CLI::App* sign_command =
      command("sign", kTrying, "Print the headers that sign a body, as the provider would",
              "Examples:\n"
              "  creel sign openai body.json\n"
              "  printf '{}' | creel sign stripe --timestamp 1750000000 --format json\n"
              "  creel sign twilio form.txt --content-type application/x-www-form-urlencoded \\\n"
              "      --url https://hooks.example.com/webhooks/twilio\n"
              "A line that begins with ? is a query: it belongs to the end of the address.");
  sign_command
      ->add_option("provider", sign_.secret.provider,
                   "Whose scheme, as creel providers names them; or the name of a source")
      ->required();
  sign_command->add_option("--body,body", sign_.body, "The body's file; - or nothing for standard input")
      ->type_name("FILE");
  sign_command->add_option("--id", sign_.id, "The webhook's id (default: a new one)")->type_name("ID");
  sign_command
      ->add_option("--timestamp", sign_.timestamp, "When it is signed, in unix seconds (default: now)")
      ->type_name("SECONDS");
  sign_command
      ->add_option("--url", sign_.url,
                   "The address it goes to, where the provider signs that (default: the source's url)")
      ->type_name("URL");
  sign_command->add_option("--method", sign_.method, "The method it goes with (default: the provider's)")
      ->type_name("METHOD");
  sign_command
      ->add_option("--content-type", sign_.content_type, "What the body is (default: application/json)")
      ->type_name("TYPE");
  sign_command->add_flag(
      "--print-secret", sign_.print_secret,
      "Print a header or a query that is the secret itself: a token, or Basic credentials");
  secret_options(sign_command, sign_.secret);
  format_option(sign_command, sign_.format);
  runs(sign_command, [this] { return sign(sign_, io_); });
}

}  // namespace creel::cli
