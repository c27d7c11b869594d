// Verifies one webhook whose body comes on standard input; for a CGI script, a queue, or a look at a captured
// request.
//
//   export OPENAI_WEBHOOK_SECRET=whsec_…
//   from_stdin webhook-id=wh_… webhook-timestamp=1750861210 webhook-signature=v1,… <body.json
//
// Prints the type of the event and what to fetch next. Ends with 0 when it is genuine and with 1 when not.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <creel/openai.h>

int main(int count, char** arguments) {
  const auto verifier = creel::openai::make_verifier({std::getenv("OPENAI_WEBHOOK_SECRET")});
  if (!verifier) {
    std::cerr << "OPENAI_WEBHOOK_SECRET: " << creel::describe(verifier.error()) << '\n';
    return 78;
  }

  std::vector<creel::Header> headers;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    const std::size_t equals = argument.find('=');
    if (equals == argument.npos) {
      std::cerr << "a header looks like webhook-id=wh_123, not like " << argument << '\n';
      return 64;
    }
    headers.push_back({argument.substr(0, equals), argument.substr(equals + 1)});
  }
  // Byte for byte: a body that was parsed, trimmed or written again has another signature.
  const std::string body{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};

  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto event = creel::openai::unwrap(headers, body, *verifier, now);
  if (!event) {
    std::cerr << creel::openai::describe(event.error()) << '\n';
    return 1;
  }
  std::cout << event->type << ' ' << creel::openai::subject_id(*event) << '\n';
  if (const auto call = creel::openai::follow_up(*event))
    std::cout << call->method << ' ' << call->path << '\n';
  return 0;
}
