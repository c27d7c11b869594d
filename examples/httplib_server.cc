// Receives OpenAI's webhooks in a server made with cpp-httplib.
//
//   OPENAI_WEBHOOK_SECRET=whsec_… httplib_server [port]
#include <httplib.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <vector>

#include <creel/openai.h>

namespace {

void receive(const creel::Verifier& verifier, const httplib::Request& request, httplib::Response& response) {
  std::vector<creel::Header> headers;
  for (const auto& [name, value] : request.headers)
    headers.push_back({name, value});

  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto event = creel::openai::unwrap(headers, request.body, verifier, now);
  if (!event) {
    response.status = creel::openai::is_ours(event.error()) ? 500 : 400;
    response.set_content("Invalid signature\n", "text/plain");
    std::cerr << "refused: " << creel::openai::describe(event.error()) << std::endl;
    return;
  }
  // Keep the event before you answer, act on it once for each webhook_id, and do the work elsewhere.
  std::cout << event->webhook_id << ' ' << event->type << ' ' << creel::openai::subject_id(*event)
            << std::endl;
  response.set_content("{\"received\":true}\n", "application/json");
}

}  // namespace

int main(int count, char** arguments) {
  const auto verifier = creel::openai::make_verifier({std::getenv("OPENAI_WEBHOOK_SECRET")});
  if (!verifier) {
    std::cerr << "OPENAI_WEBHOOK_SECRET: " << creel::describe(verifier.error()) << '\n';
    return 78;
  }
  httplib::Server server;
  server.set_payload_max_length(1 << 20);
  server.Post("/webhooks/openai", [&](const httplib::Request& request, httplib::Response& response) {
    receive(*verifier, request, response);
  });
  int port = count > 1 ? std::atoi(arguments[1]) : 3000;
  port =
      port == 0 ? server.bind_to_any_port("127.0.0.1") : (server.bind_to_port("127.0.0.1", port) ? port : -1);
  if (port < 0) {
    std::cerr << "the port is taken\n";
    return 69;
  }
  std::cout << "listening on 127.0.0.1:" << port << std::endl;
  return server.listen_after_bind() ? 0 : 1;
}
