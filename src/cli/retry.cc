// creel retry EVENT, creel cancel EVENT
#include <fmt/format.h>

#include <istream>
#include <ostream>

#include "cli/admin_client.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace creel::cli {
namespace {

// Whoever changes more than one delivery has to say so twice.
int confirm(std::size_t deliveries, std::string_view verb, const ChangeOptions& options, Io& io) {
  if (deliveries <= 1 || options.yes) return kFine;
  if (!io.in_is_terminal) {
    complain(io.err, fmt::format("this would {} {} deliveries: say --yes, or name one with --destination",
                                 verb, deliveries));
    return kUsage;
  }
  io.err << fmt::format("{} {} deliveries? [y/N] ", verb, deliveries) << std::flush;
  std::string answer;
  std::getline(io.in, answer);
  return answer == "y" || answer == "yes" ? kFine : kNegative;
}

int change(const ChangeOptions& options, std::string_view verb, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const std::string path = "/api/v1/events/" + percent_encoded(options.event);
  const auto event = client->get(path);
  if (!event) return event.error();

  std::size_t meant = 0, count = 0;
  for (const Json& delivery : event->items("deliveries")) {
    if (!options.destination.empty() && delivery.text("destination") != options.destination) continue;
    ++meant;
    // What is to come or dead can be cancelled; what is over can be retried.
    const std::string state = delivery.text("state");
    count += verb == "retry" || state == "pending" || state == "held" || state == "dead";
  }
  if (meant == 0) {
    complain(io.err, options.destination.empty() ? fmt::format("event {} has no deliveries", options.event)
                                                 : fmt::format("event {} has no delivery for {}",
                                                               options.event, options.destination));
    return kNotFound;
  }
  if (count == 0) {
    complain(io.err, fmt::format("event {} has nothing to cancel: no delivery of it is pending or dead",
                                 options.event));
    return kNegative;
  }
  if (const int code = confirm(count, verb, options, io); code != kFine) return code;

  QueryText query;
  query.add("destination", options.destination);
  const auto answer = client->post(fmt::format("{}/{}{}", path, verb, query.text()));
  if (!answer) return answer.error();
  if (options.format == Format::json) {
    io.out << answer->dump() << '\n';
  } else {
    io.out << fmt::format("{}: {} accepted for {} {}\n", options.event, verb, count,
                          count == 1 ? "delivery" : "deliveries");
  }
  return kFine;
}

}  // namespace

int retry(const ChangeOptions& options, Io& io) {
  return change(options, "retry", io);
}
int cancel(const ChangeOptions& options, Io& io) {
  return change(options, "cancel", io);
}

}  // namespace creel::cli
