// The admin API as the commands use it: the token is found, and a failure is said on stderr and becomes an
// exit code.
#pragma once

#include <expected>
#include <string>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/json.h"

namespace creel::cli {

class AdminClient {
 public:
  // The token is --token, CREEL_ADMIN_TOKEN, or the file in the store's folder; without any the exit code
  // is 77.
  static std::expected<AdminClient, int> open(const ServerOptions& options, Io& io);

  // `path` with its query, from /api/v1 on. The error is an exit code.
  std::expected<Json, int> get(const std::string& path,
                               std::chrono::seconds timeout = std::chrono::seconds(30));
  std::expected<std::string, int> get_bytes(const std::string& path);
  std::expected<Json, int> post(const std::string& path);

 private:
  AdminClient(std::string server, std::string token, Io& io);
  std::expected<HttpAnswer, int> ask(std::string method, const std::string& path,
                                     std::chrono::seconds timeout);
  std::expected<Json, int> read(std::expected<HttpAnswer, int> answer);

  std::string server_, token_;
  Io* io_;
};

// "?a=1&b=2" of what is not empty.
class QueryText {
 public:
  QueryText& add(std::string_view name, std::string_view value);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace creel::cli
