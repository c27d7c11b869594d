#include "app/pause_state.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "admin/json.h"
#include "verify/json.h"

namespace creel {
namespace {

constexpr std::string_view kPrefix = "pause/";
constexpr std::array<Pause::What, 3> kAll = {Pause::What::source, Pause::What::route,
                                             Pause::What::destination};

std::int64_t milliseconds_of(Time time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

// False when it is not the value of a pause.
bool read_value(std::string_view value, Pause& into) {
  const auto document = parse_json(value);
  if (!document) return false;
  std::int64_t since = 0;
  std::string_view reason;
  if (document->at_key("since").get(since) != simdjson::SUCCESS) return false;
  if (document->at_key("reason").get(reason) != simdjson::SUCCESS) return false;
  into.since = Time(std::chrono::milliseconds(since));
  into.reason = reason;
  return true;
}

}  // namespace

std::string pause_entry_name(Pause::What what, std::string_view name) {
  std::string text(kPrefix);
  text.append(to_text(what)).append("/").append(name);
  return text;
}

std::string pause_entry_value(const Pause& pause) {
  admin::JsonWriter json;
  json.begin_object()
      .member("since", milliseconds_of(pause.since))
      .member("reason", pause.reason)
      .end_object();
  return json.take();
}

std::optional<Pause> pause_of_entry(std::string_view name, std::string_view value) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  const std::size_t slash = name.find('/');
  const auto what =
      std::ranges::find(kAll, name.substr(0, slash), [](Pause::What each) { return to_text(each); });
  if (what == kAll.end() || slash + 1 >= name.size() || slash == std::string_view::npos) return std::nullopt;
  Pause pause{.what = *what, .name = std::string(name.substr(slash + 1)), .since = {}, .reason = {}};
  if (!read_value(value, pause)) pause.reason = "its record cannot be read";
  return pause;
}

}  // namespace creel
