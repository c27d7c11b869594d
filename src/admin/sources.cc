// Sources and their secrets: when each secret was last used, and which one nobody needs any more.
#include <algorithm>

#include "admin/pauses.h"
#include "admin/resources.h"

namespace creel::admin {
namespace {

// So long a secret rests before it is called unused: a provider with one event a day uses it every day.
constexpr std::chrono::hours kRest{24};

const SecretUse* use_of(const std::vector<SecretUse>& uses, const SourceStatus& source,
                        const SecretStatus& secret) {
  const auto found = std::ranges::find_if(uses, [&](const SecretUse& use) {
    return use.source == source.name && use.label == secret.stored_label;
  });
  return found == uses.end() ? nullptr : &*found;
}

// What an operator may conclude; nothing when that is not plain.
std::optional<std::string> hint_for(const SourceStatus& source, const SecretStatus& secret,
                                    const std::vector<SecretUse>& uses, Time now) {
  if (secret.not_before && *secret.not_before > now) return std::nullopt;
  const SecretUse* own = use_of(uses, source, secret);
  const SecretUse* other = nullptr;  // of the other secrets' uses, the latest
  for (const SecretStatus& each : source.secrets) {
    if (&each == &secret || each.stored_label == secret.stored_label) continue;
    const SecretUse* use = use_of(uses, source, each);
    if (use != nullptr && (other == nullptr || use->last > other->last)) other = use;
  }
  if (other == nullptr) return std::nullopt;
  if (own == nullptr) return "never used in what is kept, while another is: safe to remove, unless it is new";
  if (other->last <= own->last || now - own->last < kRest) return std::nullopt;
  return "not used since " + to_rfc3339(own->last) + ", while another is: safe to remove";
}

// Leaves its object open.
void write_source(JsonWriter& json, const SourceStatus& source, const std::vector<SecretUse>& uses,
                  const std::optional<Pause>& pause, Time now) {
  json.begin_object().member("name", source.name).member("provider", source.provider);
  json.member("path", source.path);
  write_pause(json, pause);
  json.key("secrets").begin_array();
  for (const SecretStatus& secret : source.secrets) {
    const SecretUse* use = use_of(uses, source, secret);
    json.begin_object()
        .member("label", secret.label)
        .member("fingerprint", secret.fingerprint)
        .member("not_before", secret.not_before)
        .member("not_after", secret.not_after)
        .member("last_used", use == nullptr ? std::nullopt : std::optional(use->last))
        .member("events", use == nullptr ? std::uint64_t{0} : use->events)
        .member("hint", hint_for(source, secret, uses, now))
        .end_object();
  }
  json.end_array();
}

}  // namespace

Question list_sources(const AdminOptions& options, Time now) {
  return [sources = options.sources, pauses = options.pauses, now](Reader& reader,
                                                                   Staleness staleness) -> Answer {
    assume(on_read);
    const auto uses = reader.secret_uses();
    if (!uses) return {.response = error(uses.error())};
    const std::vector<Pause> paused = pauses ? pauses() : std::vector<Pause>();
    JsonWriter json;
    json.begin_object().key("sources").begin_array();
    for (const SourceStatus& source : sources ? sources() : std::vector<SourceStatus>()) {
      write_source(json, source, *uses, find_pause(paused, Pause::What::source, source.name), now);
      json.end_object();
    }
    json.end_array();
    write_staleness(json, staleness);
    json.end_object();
    return {.response = json_response(json)};
  };
}

Question show_source(std::string name, const AdminOptions& options, Time now) {
  return [name = std::move(name), sources = options.sources, pauses = options.pauses, now](
             Reader& reader, Staleness staleness) -> Answer {
    assume(on_read);
    const std::vector<SourceStatus> all = sources ? sources() : std::vector<SourceStatus>();
    const auto found = std::ranges::find(all, name, &SourceStatus::name);
    if (found == all.end()) return {.response = unknown_name(Pause::What::source, name)};
    const auto uses = reader.secret_uses();
    if (!uses) return {.response = error(uses.error())};
    const std::optional<Pause> pause =
        pauses ? find_pause(pauses(), Pause::What::source, name) : std::nullopt;
    JsonWriter json;
    write_source(json, *found, *uses, pause, now);
    if (pause) {
      const auto count = count_held_of_source(reader, name);
      if (!count) return {.response = error(count.error())};
      write_held_count(json, *count);
    }
    write_staleness(json, staleness);
    json.end_object();
    return {.response = json_response(json)};
  };
}

}  // namespace creel::admin
