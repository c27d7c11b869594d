// The admin API as the commands use it: the token is found, and a failure is said on stderr and becomes an
// exit code.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/units.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/json.h"

namespace creel::cli {

// "http://127.0.0.1:3001": how a gateway that listens there, with TLS or without, is reached from its own
// machine.
std::string own_url(ListenAddress address, bool has_tls);

class AdminClient {
 public:
  // The token is --token, CREEL_ADMIN_TOKEN, or the file in the store's folder; without any the exit code
  // is 77.
  static std::expected<AdminClient, int> open(const ServerOptions& options, Io& io);

  // `path` with its query, from /api/v1 on. The error is an exit code.
  std::expected<Json, int> get(const std::string& path,
                               std::chrono::seconds timeout = std::chrono::seconds(30));
  // Whether failures are said, as they are at first.
  void say_failures(bool on) { says_failures_ = on; }
  std::expected<std::string, int> get_bytes(const std::string& path);
  struct Extra {
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::chrono::seconds timeout = std::chrono::seconds(30);
  };
  std::expected<Json, int> post(const std::string& path, const std::string& body = {},
                                const Extra& extra = {{}, std::chrono::seconds(30)});
  std::expected<Json, int> put(const std::string& path, const std::string& body);
  // Whatever is answered, so long as it is no failure.
  std::expected<void, int> remove(const std::string& path);

 private:
  AdminClient(std::string server, std::string token, std::string token_origin, Io& io);
  std::expected<HttpAnswer, int> ask(std::string method, const std::string& path, const Extra& extra,
                                     const std::string& body = {});
  std::string refusal(const HttpAnswer& answer) const;
  std::expected<Json, int> read(std::expected<HttpAnswer, int> answer);

  std::string server_, token_, token_origin_;
  Io* io_;
  bool says_failures_ = true;
};

// Asks until there is an answer. While the server is away or stopping it is asked again, and that is said: a
// restart of creel is no reason to end. Any other failure is one, and so is the server's absence once
// `gives_up` says so: kInterrupted.
std::expected<Json, int> get_through_restarts(AdminClient& client, const std::string& path,
                                              const std::function<bool()>& gives_up, Io& io);

// A time as the API wants it, of what was said with a flag: a duration means so long ago, and the rest of
// what looks like a time is the server's to understand. Nothing, and it is said, when it is none.
std::optional<std::string> time_text(const std::string& given, std::string_view flag, Io& io);

// "?a=1&b=2" of what is not empty.
class QueryText {
 public:
  QueryText& add(std::string_view name, std::string_view value);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace creel::cli
