#include "cli/admin_client.h"

#include <fmt/format.h>

#include "admin/token.h"
#include "app/config_load.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "core/text.h"

namespace creel::cli {
namespace {

int exit_code_of(int status) {
  if (status == 401 || status == 403) return kNoPermission;
  if (status == 404 || status == 410) return kNotFound;
  if (status == 429 || status == 503) return kTryAgain;
  if (status >= 400 && status < 500) return kBadData;
  return kInternal;
}

// The server's own words, if it is creel: a problem of RFC 9457.
std::string explanation_of(const HttpAnswer& answer) {
  const auto problem = Json::parse(answer.body);
  return problem ? problem->text("detail") : std::string();
}

}  // namespace

std::string own_url(ListenAddress address, bool has_tls) {
  if (address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  return (has_tls ? "https://" : "http://") + to_text(address);
}

AdminClient::AdminClient(std::string server, std::string token, std::string token_origin, Io& io)
    : server_(std::move(server)),
      token_(std::move(token)),
      token_origin_(std::move(token_origin)),
      io_(&io) {}

std::expected<AdminClient, int> AdminClient::open(const ServerOptions& options, Io& io) {
  const auto first = [&](const std::string& flag, const char* variable, const std::string& otherwise) {
    return !flag.empty() ? flag : io.outside.variable(variable).value_or(otherwise);
  };
  if (options.config && !io.outside.file(*options.config)) {
    complain(io.err, "--config: cannot read " + *options.config);
    return std::unexpected(kNotFound);
  }
  const ConfiguredPlaces places =
      configured_places({.config = options.config, .store = options.store}, io.outside);
  std::string server =
      first(options.server, "CREEL_SERVER", own_url(places.admin_listen, places.has_admin_tls));
  while (server.ends_with('/'))
    server.pop_back();
  if (const auto url = parse_http_url(server); !url) {
    complain(io.err,
             fmt::format("{}: {}", options.server.empty() ? "CREEL_SERVER" : "--server", url.error()));
    return std::unexpected(kUsage);
  }
  std::string given = first(options.token, "CREEL_ADMIN_TOKEN", "");
  if (!given.empty())
    return AdminClient(server, std::move(given), options.token.empty() ? "CREEL_ADMIN_TOKEN" : "--token", io);
  const std::string path = fmt::format("{}/{}", places.store_folder, kTokenFile);
  auto token = io.outside.file(path);
  if (!token || token->empty()) {
    complain(io.err, fmt::format("no token: cannot read {}. creel serve makes it in its store's folder: name "
                                 "that with --store FOLDER, or give the token with --token or "
                                 "CREEL_ADMIN_TOKEN",
                                 path));
    return std::unexpected(kNoPermission);
  }
  token->erase(token->find_last_not_of(" \r\n") + 1);
  return AdminClient(server, *token, path, io);
}

std::expected<HttpAnswer, int> AdminClient::ask(std::string method, const std::string& path,
                                                const Extra& extra, const std::string& body) {
  HttpRequest request;
  request.method = std::move(method);
  request.body = body;
  request.headers = extra.headers;
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.url = server_ + path;
  request.timeout = extra.timeout;
  request.headers.emplace_back("Authorization", "Bearer " + token_);
  request.headers.emplace_back("Accept", "application/json");
  auto answer = exchange(request);
  if (!answer) {
    if (says_failures_) {
      complain(io_->err, fmt::format("cannot reach {}: {}. Start creel serve, or say where its admin port is "
                                     "with --server URL",
                                     server_, answer.error().message));
    }
    return std::unexpected(kUnreachable);
  }
  if (answer->status / 100 == 2) return *std::move(answer);
  if (says_failures_) complain(io_->err, refusal(*answer));
  return std::unexpected(exit_code_of(answer->status));
}

std::string AdminClient::refusal(const HttpAnswer& answer) const {
  const std::string explanation = explanation_of(answer);
  if (explanation.empty())
    return fmt::format("{} answered {}: is this creel's admin port?", server_, answer.status);
  if (answer.status == 401) {
    return fmt::format(
        "{} does not take the token of {}. The right one is in the file {} in the folder of "
        "its store: say --store FOLDER, --token or CREEL_ADMIN_TOKEN",
        server_, token_origin_, kTokenFile);
  }
  return fmt::format("{} ({})", explanation, answer.status);
}

std::expected<Json, int> AdminClient::read(std::expected<HttpAnswer, int> answer) {
  if (!answer) return std::unexpected(answer.error());
  auto body = Json::parse(answer->body);
  if (body) return *std::move(body);
  complain(io_->err, server_ + " answered something that is not JSON: is this creel's admin port?");
  return std::unexpected(kBadData);
}

std::expected<Json, int> AdminClient::get(const std::string& path, std::chrono::seconds timeout) {
  return read(ask("GET", path, {.timeout = timeout}));
}

std::expected<Json, int> AdminClient::post(const std::string& path, const std::string& body,
                                           const Extra& extra) {
  return read(ask("POST", path, extra, body));
}

std::expected<Json, int> AdminClient::put(const std::string& path, const std::string& body) {
  return read(ask("PUT", path, {}, body));
}

std::expected<void, int> AdminClient::remove(const std::string& path) {
  const auto answer = ask("DELETE", path, {});
  if (!answer) return std::unexpected(answer.error());
  return {};
}

std::expected<std::string, int> AdminClient::get_bytes(const std::string& path) {
  auto answer = ask("GET", path, {.timeout = std::chrono::seconds(60)});
  if (!answer) return std::unexpected(answer.error());
  return std::move(answer->body);
}

std::expected<Json, int> get_through_restarts(AdminClient& client, const std::string& path,
                                              const std::function<bool()>& gives_up, Io& io) {
  constexpr std::chrono::seconds kPause(1), kTimeout(60);
  for (bool is_away = false;;) {
    client.say_failures(false);
    auto answer = client.get(path, kTimeout);
    client.say_failures(true);
    if (answer) {
      if (is_away) complain(io.err, "connected again; going on where it stopped");
      return answer;
    }
    if (answer.error() != kUnreachable && answer.error() != kTryAgain)
      return client.get(path, kTimeout);  // Says what is wrong.
    if (!std::exchange(is_away, true)) complain(io.err, "the server is away; waiting for it");
    io.pause(kPause);
    if (gives_up && gives_up()) return std::unexpected(kInterrupted);
  }
}

std::optional<std::string> time_text(const std::string& given, std::string_view flag, Io& io) {
  if (const auto ago = parse_duration(given)) {
    return std::to_string(
        std::chrono::floor<std::chrono::seconds>(io.clock.now() - *ago).time_since_epoch().count());
  }
  if (given.empty() || (given.front() >= '0' && given.front() <= '9')) return given;
  complain(io.err,
           fmt::format("{} \"{}\": write how long ago, such as 1h, or a time: 2026-11-23T12:00:00Z or "
                       "unix seconds",
                       flag, displayed(given)));
  return std::nullopt;
}

QueryText& QueryText::add(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  text_ += text_.empty() ? '?' : '&';
  text_ += name;
  text_ += '=';
  text_ += percent_encoded(value);
  return *this;
}

}  // namespace creel::cli
