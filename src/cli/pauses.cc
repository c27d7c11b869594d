// creel sources|routes|destinations pause | resume
#include "cli/pauses.h"

#include <fmt/format.h>

#include <ostream>

#include "cli/admin_client.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "core/text.h"

namespace creel::cli {
namespace {

std::string resume_command(Pause::What what, std::string_view name) {
  return fmt::format("creel {}s resume {}", to_text(what), shell_word(name));
}

std::expected<Json, int> order(Pause::What what, std::string_view verb, const PauseOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return std::unexpected(client.error());
  auto object =
      client->post(fmt::format("/api/v1/{}s/{}/{}", to_text(what), percent_encoded(options.name), verb));
  if (object && options.format == Format::json) io.out << object->dump() << '\n';
  return object;
}

}  // namespace

std::string pause_text(const Json& object) {
  const Json* pause = object.find("pause");
  if (!pause || !std::holds_alternative<Json::Object>(pause->value)) return {};
  const std::string reason = pause->text("reason");
  return fmt::format("paused since {}{}", local_time(pause->text("since")),
                     reason.empty() ? "" : fmt::format(" ({})", reason));
}

std::string held_text(const Json& object, Pause::What what) {
  const std::int64_t count = object.integer(what == Pause::What::destination ? "pending" : "held_deliveries");
  return fmt::format("{}{} {}", object.is_true("held_more") ? "at least " : "", count,
                     count == 1 ? "delivery" : "deliveries");
}

std::vector<std::pair<std::string, std::string>> pause_fields(const Json& object, Pause::What what) {
  const std::string paused = pause_text(object);
  if (paused.empty()) return {};
  return {{"held", fmt::format("{}: {}", held_text(object, what), paused)},
          {"resume with", resume_command(what, object.text("name"))}};
}

int pause(Pause::What what, const PauseOptions& options, Io& io) {
  const auto object = order(what, "pause", options, io);
  if (!object) return object.error();
  if (options.format == Format::text) {
    io.out << fmt::format("{} is paused: new events are kept and held, {} so far; resume with: {}\n",
                          displayed(options.name), held_text(*object, what),
                          displayed(resume_command(what, options.name)));
  }
  return kFine;
}

int resume(Pause::What what, const PauseOptions& options, Io& io) {
  const auto object = order(what, "resume", options, io);
  if (!object) return object.error();
  if (options.format == Format::json) return kFine;
  const std::string name = displayed(options.name);
  if (const std::string why = object->text("held"); !why.empty()) {
    io.out << fmt::format("{} is resumed, but its deliveries still wait: {}\n", name, displayed(why));
  } else if (what == Pause::What::destination) {
    io.out << fmt::format("{} is resumed: {} pending, what is due goes now\n", name,
                          held_text(*object, what));
  } else {
    io.out << fmt::format("{} is resumed: what it held goes now\n", name);
  }
  return kFine;
}

}  // namespace creel::cli
