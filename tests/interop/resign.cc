// Prints the headers that creel sends with a delivery at a given time, as one JSON object.
//
//   resign --secret whsec_… --id wh_… --attempt N --now SECONDS < body
//
// The same code makes them as in the gateway. That the time can be chosen lets the tests ask the official
// SDKs, under a clock moved to then, what they think of a retry ten minutes or a day later.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <creel/provider.h>
#include "deliver/request_headers.h"

namespace {

[[noreturn]] void fail(const std::string& text) {
  std::cerr << "resign: " << text << "\n";
  std::exit(64);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

int main(int argc, char** argv) {
  using namespace creel;
  std::map<std::string, std::string> options;
  for (int i = 1; i + 1 < argc; i += 2)
    options[argv[i]] = argv[i + 1];
  for (const char* name : {"--secret", "--id", "--attempt", "--now"}) {
    if (!options.contains(name)) fail(std::string(name) + " is missing");
  }
  auto secret = Secret::parse(options["--secret"]);
  if (!secret) fail(std::string(describe(secret.error())));
  std::vector<Key> keys;
  keys.push_back(Key{.secret = *std::move(secret), .label = "interop"});
  const Provider* provider = find_provider("openai");
  const Receiver receiver(*provider, std::move(keys));

  auto event = std::make_shared<StoredEvent>();
  event->id = EventId::of(1, 0);
  event->source = "openai";
  event->provider_id = options["--id"];
  event->body.assign(std::istreambuf_iterator<char>(std::cin), {});
  // As it came, with the signature of that time, which must not go on.
  event->head =
      "POST /webhooks/openai HTTP/1.1\r\nHost: hooks.example.com\r\nContent-Type: "
      "application/json\r\nwebhook-id: " +
      event->provider_id +
      "\r\nwebhook-timestamp: 1750287078\r\nwebhook-signature: v1,bm90IGdvb2QgYW55IG1vcmU=\r\n";

  const Time now{std::chrono::seconds(std::strtoll(options["--now"].c_str(), nullptr, 10))};
  AttemptOrder order;
  order.event = event->id;
  order.number = static_cast<std::uint32_t>(std::strtoul(options["--attempt"].c_str(), nullptr, 10));
  order.content = event;
  OutgoingRequest request;
  Destination destination;
  destination.name = "app";
  destination.url = "http://127.0.0.1:8080/webhooks/openai";
  if (const auto written = write_request(destination, order, &receiver, now, request); !written)
    fail(written.error());
  const HeaderLines& lines = request.headers;

  std::string json = "{";
  for (std::size_t at = 0; at < lines.text.size();) {
    const std::size_t end = std::min(lines.text.find('\0', at), lines.text.size());
    const std::string_view line = std::string_view(lines.text).substr(at, end - at);
    at = end + 1;
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;  // "Expect:" asks libcurl to send none
    json +=
        (json.size() > 1 ? "," : "") + quoted(line.substr(0, colon)) + ":" + quoted(line.substr(colon + 2));
  }
  std::cout << json << "}\n";
  return 0;
}
