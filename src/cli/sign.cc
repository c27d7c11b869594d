#include <ostream>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/signing.h"

namespace creel::cli {

int sign(const SignOptions& options, Io& io) {
  const auto signer = signer_of(options.secret, io);
  if (!signer) return signer.error();
  const auto body = read_bytes(options.body, io);
  if (!body) return body.error();
  const std::string id = options.id.empty() ? new_id("wh_") : options.id;
  const auto timestamp =
      options.timestamp ? std::chrono::sys_seconds(std::chrono::seconds(*options.timestamp)) : now_of(io);

  Json headers = Json::object();
  for (const auto& header : signer->sign({.provider_id = id, .body = *body, .now = timestamp}).headers) {
    headers.set(header.name, Json::of(header.value));
    if (options.format == Format::text) io.out << header.name << ": " << header.value << '\n';
  }
  if (options.format == Format::json) io.out << headers.dump() << '\n';
  return kFine;
}

}  // namespace creel::cli
