// Receives OpenAI's webhooks in a server made with Boost.Beast; one connection at a time, to keep it short.
//
//   OPENAI_WEBHOOK_SECRET=whsec_… beast_server [port]
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <vector>

#include <creel/openai.h>

namespace http = boost::beast::http;
using boost::asio::ip::tcp;

namespace {

using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

Response receive(const creel::Verifier& verifier, const Request& request) {
  Response response(http::status::ok, request.version());
  response.keep_alive(request.keep_alive());
  if (request.method() != http::verb::post || request.target() != "/webhooks/openai") {
    response.result(http::status::not_found);
    response.prepare_payload();
    return response;
  }
  std::vector<creel::Header> headers;
  for (const auto& field : request)
    headers.push_back({view(field.name_string()), view(field.value())});

  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto event = creel::openai::unwrap(headers, request.body(), verifier, now);
  if (event) {
    // Keep the event before you answer, act on it once for each webhook_id, and do the work elsewhere.
    std::cout << event->webhook_id << ' ' << event->type << ' ' << creel::openai::subject_id(*event)
              << std::endl;
    response.body() = "{\"received\":true}\n";
  } else {
    response.result(creel::openai::is_ours(event.error()) ? 500 : 400);
    response.body() = "Invalid signature\n";
    std::cerr << "refused: " << creel::openai::describe(event.error()) << std::endl;
  }
  response.prepare_payload();
  return response;
}

void serve(const creel::Verifier& verifier, tcp::socket socket) {
  boost::beast::tcp_stream stream(std::move(socket));
  boost::beast::flat_buffer buffer;
  boost::system::error_code error;
  for (bool is_open = true; is_open && !error;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(1 << 20);
    http::read(stream, buffer, parser, error);
    if (error) return;
    const Response response = receive(verifier, parser.get());
    is_open = response.keep_alive();
    http::write(stream, response, error);
  }
}

}  // namespace

int main(int count, char** arguments) {
  const auto verifier = creel::openai::make_verifier({std::getenv("OPENAI_WEBHOOK_SECRET")});
  if (!verifier) {
    std::cerr << "OPENAI_WEBHOOK_SECRET: " << creel::describe(verifier.error()) << '\n';
    return 78;
  }
  const int port = count > 1 ? std::atoi(arguments[1]) : 3000;
  boost::asio::io_context context;
  tcp::acceptor acceptor(context,
                         {boost::asio::ip::address_v4::loopback(), static_cast<unsigned short>(port)});
  std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
  for (;;)
    serve(*verifier, acceptor.accept());
}
