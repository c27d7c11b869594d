// creel trigger openai TYPE
#include <creel/openai.h>
#include <fmt/format.h>

#include <charconv>
#include <ostream>

#include "app/config_load.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/signing.h"
#include "core/text.h"

namespace creel::cli {
namespace {

// The place that "data.id" or "data.items.0" names, made on the way where it is missing. Null when the path
// goes through something that has no members.
Json* place_of(Json& body, std::string_view path) {
  Json* place = &body;
  while (true) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    const std::string_view name = path.substr(0, dot);
    if (name.empty()) return nullptr;
    if (auto* array = std::get_if<Json::Array>(&place->value)) {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
      if (error != std::errc{} || end != name.data() + name.size() || index >= array->size()) return nullptr;
      place = &(*array)[index];
    } else if (std::holds_alternative<Json::Object>(place->value)) {
      if (!place->find(name)) place->set(name, Json::object());
      place = place->find(name);
    } else {
      return nullptr;
    }
    if (dot == path.size()) return place;
    path.remove_prefix(dot + 1);
  }
}

bool apply(const std::vector<std::string>& assignments, Json& body, Io& io) {
  for (const std::string& assignment : assignments) {
    const std::size_t equals = assignment.find('=');
    Json* place = equals == std::string::npos
                      ? nullptr
                      : place_of(body, std::string_view(assignment).substr(0, equals));
    if (!place) {
      complain(io.err, fmt::format("--set {}: write a path, = and a value, such as data.id=batch_42",
                                   displayed(assignment)));
      return false;
    }
    const std::string value = assignment.substr(equals + 1);
    *place = Json::parse(value).value_or(Json::of(value));
  }
  return true;
}

int list_types(Format format, Io& io) {
  for (std::string_view type : openai::event_types()) {
    io.out << (format == Format::json ? Json::object().set("type", Json::of(type)).dump() : std::string(type))
           << '\n';
  }
  return kFine;
}

// One body, with an id and a time of its own unless --set says them.
std::expected<std::string, int> body_of(const TriggerOptions& options, Io& io) {
  const auto sample = openai::sample(options.type, now_of(io));
  auto body = sample ? Json::parse(*sample) : std::nullopt;
  if (!body) {
    const auto meant = openai::nearest_event_type(options.type);
    complain(io.err, fmt::format("no sample of \"{}\"{} creel trigger openai --list shows all",
                                 displayed(options.type),
                                 meant ? fmt::format("; did you mean \"{}\"?", *meant) : ";"));
    return std::unexpected(kUsage);
  }
  body->set("id", Json::of(new_id("evt_")));
  if (!apply(options.set, *body, io)) return std::unexpected(kUsage);
  return body->dump();
}

void report(const TriggerOptions& options, const HttpRequest& request, std::string_view id,
            const HttpAnswer& answer, Io& io) {
  if (options.format == Format::json) {
    io.out << Json::object()
                  .set("type", Json::of(options.type))
                  .set("webhook_id", Json::of(id))
                  .set("to", Json::of(request.url))
                  .set("status", Json::of(answer.status))
                  .set("answer", Json::of(displayed(answer.body, 4096)))
                  .dump();
  } else {
    io.out << answer.status << ' ' << displayed(answer.body, 4096);
  }
  io.out << std::endl;
}

}  // namespace

int trigger(const TriggerOptions& options, Io& io) {
  if (options.secret.provider != "openai") {
    const auto provider = provider_named(options.secret.provider, io);
    if (provider) complain(io.err, "there are samples of openai's events alone");
    return kUsage;
  }
  if (options.list) return list_types(options.format, io);
  if (options.type.empty()) {
    complain(io.err,
             "which event? Say a type, such as response.completed; creel trigger openai --list shows all");
    return kUsage;
  }
  const std::string url = options.to.empty()
                              ? own_url(configured_places({}, io.outside).listen) + "/webhooks/openai"
                              : options.to;
  if (const auto parts = parse_http_url(url); !parts) {
    complain(io.err, "--to: " + parts.error());
    return kUsage;
  }
  const auto signer = signer_of(options.secret, io);
  if (!signer) return signer.error();

  int code = kFine;
  for (int i = 0; i < options.repeat; ++i) {
    auto body = body_of(options, io);
    if (!body) return body.error();
    const std::string id = new_id("wh_");
    HttpRequest request{.method = "POST",
                        .url = url,
                        .headers = {{"Content-Type", "application/json"}},
                        .body = *std::move(body)};
    for (const auto& header :
         signer->sign({.provider_id = id, .body = request.body, .now = now_of(io)}).headers)
      request.headers.emplace_back(header.name, header.value);
    const auto answer = exchange(request);
    if (!answer) {
      complain(io.err, fmt::format("cannot reach {}: {}. Start creel serve, or say where with --to URL", url,
                                   answer.error().message));
      return kUnreachable;
    }
    report(options, request, id, *answer, io);
    if (answer->status / 100 != 2) code = kNegative;
  }
  return code;
}

}  // namespace creel::cli
