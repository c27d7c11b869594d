#include "provider_vectors.h"

#include <simdjson.h>

namespace creel::testing {
namespace {

using simdjson::dom::element;

std::string text(const element& from, std::string_view name) {
  std::string_view value;
  return from.at_key(name).get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}

ProviderVector read(const element& from) {
  SentRequest request;
  if (const std::string method = text(from, "method"); !method.empty()) request.method = method;
  std::string url = text(from, "url");
  if (const std::size_t mark = url.find('?'); mark != url.npos) {
    request.query = url.substr(mark + 1);
    url.resize(mark);
  }
  const simdjson::dom::object headers = from["headers"].get_object().value();
  for (const auto& [name, value] : headers)
    request.headers.emplace_back(name, value.get_string().value());
  request.body = text(from, "body");

  ReceiverOptions options;
  options.url = url;
  std::optional<SecretForm> form;
  if (text(from, "secret_form") == "openai_sdk") form = SecretForm::openai_sdk;
  return {.name = text(from, "name"),
          .now = std::chrono::sys_seconds(std::chrono::seconds(from["now"].get_int64().value())),
          .request = std::move(request),
          .world = ProviderWorld(text(from, "provider"), text(from, "secret"), std::move(options), form)};
}

std::vector<ProviderVector> read_all() {
  simdjson::dom::parser parser;
  const element vectors = parser.load(CREEL_VECTORS "/providers.json").value();
  std::vector<ProviderVector> all;
  for (const element vector : vectors)
    all.push_back(read(vector));
  return all;
}

}  // namespace

const std::vector<ProviderVector>& provider_vectors() {
  static const std::vector<ProviderVector> vectors = read_all();
  return vectors;
}

std::optional<VerifyError> verdict(const ProviderVector& vector, const SentRequest& request,
                                   std::chrono::sys_seconds now) {
  const auto received = vector.world.receive(request, now);
  if (received || received.error().cause == ReceiveCause::invalid_json) return std::nullopt;
  return received.error().verify_error;
}

}  // namespace creel::testing
