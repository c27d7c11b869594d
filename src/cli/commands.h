// The commands, one function and one file each. They get what the command line said, already read, and return
// an exit code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/config_load.h"
#include "cli/cli.h"

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

// --- Webhooks without a gateway
// ------------------------------------------------------------------------------------

// The secret to sign with: the flag, the file, or the provider's usual variable.
struct SecretOptions {
  std::string provider = "openai";
  std::string secret;
  std::string secret_file;
};

struct TriggerOptions {
  SecretOptions secret;
  std::string type;
  std::string to;
  std::vector<std::string> set;  // "data.id=batch_1"
  int repeat = 1;
  bool list = false;
  Format format = Format::text;
};
int trigger(const TriggerOptions& options, Io& io);

struct SignOptions {
  SecretOptions secret;
  std::string body;  // a file, "-" for stdin
  std::string id;    // "": a new one
  std::optional<std::int64_t> timestamp;
  Format format = Format::text;
};
int sign(const SignOptions& options, Io& io);

struct VerifyOptions {
  std::string provider = "openai";
  std::vector<std::string> secrets;
  std::string secret_file;
  std::string body;                  // a file, "-" for stdin
  std::string headers_file;          // "name: value" lines
  std::vector<std::string> headers;  // "name: value"
  std::string request;               // a file with a whole captured request
  std::string id;                    // of a stored event or a rejected request
  std::optional<std::int64_t> now;   // unix seconds
  std::string tolerance = "5m";
  bool show_expected = false;
  Format format = Format::text;
  ServerOptions server;  // its configuration's secrets are tried too
};
int verify(const VerifyOptions& options, Io& io);

// --- What a gateway keeps, through its admin API
// -------------------------------------------------------------------

struct EventsListOptions {
  ServerOptions server;
  std::vector<std::string> types;  // globs
  std::string source, id, subject, destination, state;
  std::string since, until;  // "2026-11-23T12:00:00Z", unix seconds, or a duration ago
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

struct ChangeOptions {
  ServerOptions server;
  std::string event;
  std::string destination;  // "": every one of the event's
  bool yes = false;
  Format format = Format::text;
};
int retry(const ChangeOptions& options, Io& io);
int cancel(const ChangeOptions& options, Io& io);

struct ListOptions {
  ServerOptions server;
  int limit = 50;
  Format format = Format::text;
};
int rejected_list(const ListOptions& options, Io& io);
int rejected_get(const OneOptions& options, Io& io);
int destinations_list(const ListOptions& options, Io& io);

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
