// creel sign PROVIDER
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "app/units.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/signing.h"

namespace creel::cli {
namespace {

void print(const Receiver::Signed& made, Format format, Io& io) {
  Json headers = Json::object();
  for (const auto& header : made.headers) {
    headers.set(header.name, Json::of(header.value));
    if (format == Format::text) io.out << header.name << ": " << header.value << '\n';
  }
  if (!made.query.empty()) {
    headers.set("?", Json::of(made.query));
    if (format == Format::text) io.out << '?' << made.query << '\n';
  }
  if (format == Format::json) io.out << headers.dump() << '\n';
}

int refuse_to_print(const Provider& provider, Io& io) {
  complain(io.err,
           fmt::format("what {} sends along is the secret itself: --print-secret prints it", provider.name));
  return kUsage;
}

}  // namespace

int sign(const SignOptions& options, Io& io) {
  const auto source = signing_source(options.secret, io);
  if (!source) return source.error();
  const Provider& provider = *source->config.provider;
  if (provider.scheme == Scheme::none) {
    complain(io.err, fmt::format("{} has no signature: there is nothing to print", provider.name));
    return kUsage;
  }
  const auto signer = signer_of(options.secret, *source, io);
  if (!signer) return signer.error();
  const std::string& url = options.url.empty() ? source->config.url : options.url;
  if (provider.needs_url && url.empty()) {
    complain(io.err, fmt::format("{} signs the address that it calls: say it with --url", provider.name));
    return kUsage;
  }
  if (const auto parts = parse_http_url(url); !url.empty() && !parts) {
    complain(io.err, "--url: " + parts.error());
    return kUsage;
  }
  const auto body = read_bytes(options.body, io);
  if (!body) return body.error();
  const std::string id = options.id.empty() ? new_id("wh_") : options.id;
  const auto timestamp =
      options.timestamp ? std::chrono::sys_seconds(std::chrono::seconds(*options.timestamp)) : now_of(io);
  const std::string method = !options.method.empty()    ? options.method
                             : provider.methods.empty() ? "POST"
                                                        : std::string(provider.methods.front());
  const auto made = signer->sign({.provider_id = id,
                                  .body = *body,
                                  .content_type = options.content_type,
                                  .method = method,
                                  .url = url,
                                  .now = timestamp});
  if (made.headers.empty() && made.query.empty()) {
    complain(io.err, fmt::format("the body lacks what {} signs", provider.name));
    return kBadData;
  }
  if (signer->sends_secret() && !options.print_secret) {
    // A provider of several schemes may have signed all the same.
    const bool is_all_public =
        made.query.empty() && std::ranges::none_of(made.headers, [&](const auto& header) {
          return signer->is_credential_header(header.name) || header.name == "Authorization";
        });
    if (!is_all_public) return refuse_to_print(provider, io);
  }
  print(made, options.format, io);
  if (!source->body_signature.empty())
    complain(io.err, fmt::format("this belongs into the body, at {}", source->body_signature));
  return kFine;
}

}  // namespace creel::cli
