// The commands, one function and one file each. They get what the command line said, already read, and return
// an exit code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/config_load.h"
#include "cli/cli.h"
#include "core/model.h"

namespace creel::cli {

// How the data of a command is written.
enum class Format {
  text,  // for people: may change
  json,  // for programs: one object a line, stable
};

// Where the admin API is and what opens it.
struct ServerOptions {
  std::string server;  // "http://127.0.0.1:3001"
  std::string token;   // "": the token file in the store's folder
  std::optional<std::string> store;
  std::optional<std::string> config;  // says where both are
};

// --- The gateway
// ---------------------------------------------------------------------------------------------------

int serve(const ConfigFlags& flags, Io& io);

struct CheckConfigOptions {
  ConfigFlags flags;
  Format format = Format::text;
};
// Every problem at its place, and the resolved configuration with fingerprints in place of secrets.
int check_config_command(const CheckConfigOptions& options, Io& io);
int config_show(const CheckConfigOptions& options, Io& io);

struct HealthcheckOptions {
  ConfigFlags flags;  // for the port that serve would listen on
  std::string url;    // "" to ask that port
};
int healthcheck(const HealthcheckOptions& options, Io& io);

int version(Format format, Io& io);

struct ProvidersOptions {
  enum class Form { text, json, markdown };
  std::string name;  // "": all
  Form form = Form::text;
};
int providers(const ProvidersOptions& options, Io& io);

// --- Webhooks without a gateway
// ------------------------------------------------------------------------------------

// Whose webhook, and the secret to sign with: what is said, the configured source's, or the provider's usual
// variable.
struct SecretOptions {
  std::string provider = "openai";  // or a configured source's name
  std::string source;               // a configured source's name
  std::optional<std::string> config;
  std::string secret;       // the text; or the name of a configured one, see `secret_name`
  std::string secret_name;  // its label or variable; "old": the one that was replaced
  std::string secret_file;
};

// What goes wrong on purpose.
struct ChaosOptions {
  int duplicates = 0;             // the same request so many times more
  std::int64_t skew_seconds = 0;  // by which the signer's clock is ahead
  bool bad_signature = false;     // well-formed, by a secret that nobody has
  bool truncate = false;          // the body loses its end after it was signed
  bool shuffle = false;           // the body is written anew after it was signed
};

struct TriggerOptions {
  SecretOptions secret;
  std::string type;
  std::string to;
  std::string url;               // the address that is signed; "": where it goes
  std::string body;              // a file in place of a sample, "-" for stdin
  std::string content_type;      // of that body
  std::string method;            // "": the provider's
  std::vector<std::string> set;  // "data.id=batch_1"
  int repeat = 1;
  std::string rate;  // "50/s": a steady pace, whatever the answers
  ChaosOptions chaos;
  bool list = false;
  bool print = false;  // show the request and send nothing
  Format format = Format::text;
};
int trigger(const TriggerOptions& options, Io& io);

struct SignOptions {
  SecretOptions secret;
  std::string body;  // a file, "-" for stdin
  std::string id;    // "": a new one
  std::optional<std::int64_t> timestamp;
  std::string url;     // where the request goes, for providers that sign that
  std::string method;  // "": the provider's
  std::string content_type = "application/json";
  bool print_secret = false;
  Format format = Format::text;
};
int sign(const SignOptions& options, Io& io);

struct VerifyOptions {
  std::string provider;  // or a configured source's name; "": the request's source, else openai
  std::vector<std::string> secrets;
  std::string secret_file;
  std::string body;                  // a file, "-" for stdin
  std::string headers_file;          // "name: value" lines
  std::vector<std::string> headers;  // "name: value"
  std::string request;               // a file with a whole captured request
  std::string id;                    // of a stored event or a rejected request
  std::string url;                   // the address that the provider calls, for those that sign it
  std::string method, query;         // "": the captured request's
  std::optional<std::int64_t> now;   // unix seconds
  std::string tolerance;             // "": the source's, else the provider's
  bool show_expected = false;
  Format format = Format::text;
  ServerOptions server;  // its configuration's sources and secrets are tried too
};
int verify(const VerifyOptions& options, Io& io);

// --- What a gateway keeps, through its admin API
// -------------------------------------------------------------------

// Which events and deliveries are meant; all that is said has to hold. Nothing said means none, unless `all`.
struct Selection {
  std::vector<std::string> ids;    // events' or deliveries'
  std::vector<std::string> types;  // globs
  std::string source, id, subject, destination, state;
  std::string status;        // of the newest attempt: "503", "5xx", "500-599"
  std::string error;         // how that one ended: "timeout"
  std::string text;          // somewhere in body or headers
  std::string filter;        // as a route has it: JSON, or @FILE
  std::string since, until;  // "2026-11-23T12:00:00Z", unix seconds, or a duration ago
  bool all = false;
};

struct EventsListOptions {
  ServerOptions server;
  Selection select;
  std::string cursor;
  int limit = 50;
  bool oldest_first = false;
  Format format = Format::text;
};
int events_list(const EventsListOptions& options, Io& io);

struct EventsTailOptions {
  ServerOptions server;
  std::vector<std::string> types;
  std::string source;
  int count = 0;  // ends after so many; 0 for never
  Format format = Format::text;
};
int events_tail(const EventsTailOptions& options, Io& io);

struct OneOptions {
  ServerOptions server;
  std::string id;
  Format format = Format::text;
};
int events_get(const OneOptions& options, Io& io);
int events_raw(const OneOptions& options, Io& io);

// What becomes a job on the server (docs/api.md), unless it is one delivery.
struct JobOptions {
  ServerOptions server;
  Selection select;
  std::string bookmark;         // of replay: the event of this one
  std::vector<std::string> to;  // of replay: destinations, wherever the routes lead
  std::string rate;             // "100/s"
  std::string idempotency_key;
  bool plan = false;    // count and change nothing
  bool yes = false;     // ask nobody
  bool detach = false;  // do not wait for its end
  Format format = Format::text;
};
int replay(const JobOptions& options, Io& io);
int retry(const JobOptions& options, Io& io);
int cancel(const JobOptions& options, Io& io);
// The same by a job, also where it is one event.
int retry_many(const JobOptions& options, Io& io);
int cancel_many(const JobOptions& options, Io& io);

// Dead letters.
int dlq_list(const EventsListOptions& options, Io& io);
int dlq_get(const OneOptions& options, Io& io);
int dlq_retry(const JobOptions& options, Io& io);
int dlq_drop(const JobOptions& options, Io& io);

struct ListOptions {
  ServerOptions server;
  bool names = false;  // nothing but these, one a line
  Format format = Format::text;
};
int destinations_list(const ListOptions& options, Io& io);
int destinations_get(const OneOptions& options, Io& io);
int sources_list(const ListOptions& options, Io& io);
int sources_get(const OneOptions& options, Io& io);
int routes_list(const ListOptions& options, Io& io);
int routes_get(const OneOptions& options, Io& io);

int jobs_list(const ListOptions& options, Io& io);
int jobs_get(const OneOptions& options, Io& io);
int jobs_cancel(const OneOptions& options, Io& io);
int jobs_wait(const OneOptions& options, Io& io);

int bookmarks_list(const ListOptions& options, Io& io);
int bookmarks_get(const OneOptions& options, Io& io);
struct BookmarkOptions {
  ServerOptions server;
  std::string name, event, note;
  Format format = Format::text;
};
int bookmarks_add(const BookmarkOptions& options, Io& io);
int bookmarks_remove(const OneOptions& options, Io& io);

struct PauseOptions {
  ServerOptions server;
  std::string name;  // of a source, a route or a destination
  Format format = Format::text;
};
int pause(Pause::What what, const PauseOptions& options, Io& io);
int resume(Pause::What what, const PauseOptions& options, Io& io);

struct RoutesTestOptions {
  ServerOptions server;  // with a configuration its routes are asked, else the server's
  std::string id;        // of a kept event; or
  std::string body;      // a file, "-" for stdin
  std::string headers_file;
  std::vector<std::string> headers;  // "name: value"
  std::string source, type;          // of that body; "": the only source, what its provider's row reads
  Format format = Format::text;
};
int routes_test(const RoutesTestOptions& options, Io& io);

struct PlanOptions {
  ServerOptions server;             // without a configuration `file` says where it is
  std::optional<std::string> file;  // the configuration to plan; ./creel.toml when it is there
  std::string against;              // another one to compare with; "": what the server runs
  std::optional<std::string> forward_to;
  std::int64_t last = 1000;  // events
  std::string source, since;
  int show = 20;  // how many of those that differ are shown
  Format format = Format::text;
};
int plan(const PlanOptions& options, Io& io);

struct RejectedOptions {
  ServerOptions server;
  std::string source, cause;
  std::string since, until;  // as for events
  std::string cursor;
  int limit = 50;
  bool unaccepted = false;  // only what was not accepted since
  Format format = Format::text;
};
int rejected_list(const RejectedOptions& options, Io& io);
int rejected_get(const OneOptions& options, Io& io);
int rejected_explain(const OneOptions& options, Io& io);

struct AcceptOptions {
  ServerOptions server;
  std::string id;    // of one request; or
  bool all = false;  // all of `source` that the rest names
  std::string source, cause, since, until;
  bool yes = false;
  Format format = Format::text;
};
int rejected_accept(const AcceptOptions& options, Io& io);

// --- A store's folder, without its gateway
// -------------------------------------------------------------------------------

// Which folder: as said, the configuration's, or ./creel-data.
struct FolderOptions {
  std::optional<std::string> store;
  std::optional<std::string> config;
  Format format = Format::text;
};

struct JournalOptions {
  FolderOptions folder;
  bool quarantine = false;
  bool bodies = false;
  std::uint64_t from = 0;   // the first record's number
  std::uint64_t limit = 0;  // 0: all
};
int journal_dump(const JournalOptions& options, Io& io);
int journal_check(const JournalOptions& options, Io& io);

struct DoctorOptions {
  FolderOptions folder;
  bool rebuild_index = false;
  bool accept_damage = false;
  bool compare_index = false;
};
int doctor(const DoctorOptions& options, Io& io);

}  // namespace creel::cli
