#include "verify/provider.h"

#include <algorithm>
#include <array>

#include "verify/event_types.h"

namespace creel {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 3> kWebhookHeaders{"webhook-id", "webhook-timestamp",
                                                          "webhook-signature"};

// Incoming calls have no data.id, but the id of a call or a session.
constexpr std::array<std::string_view, 4> kOpenaiSubjects{"/data/id", "/data/call_id", "/data/session_id",
                                                          "/data/safety_identifier"};

std::array<Provider, 2> make_providers() {
  return {
      Provider{
          .name = "openai",
          .scheme = Scheme::standard_webhooks,
          .secret_form = SecretForm::strict_hmac,
          .header_prefix = "webhook-",
          .secret_environment = "OPENAI_WEBHOOK_SECRET",
          .tolerance = 5min,
          .retry_horizon = 72h,
          .reject_status = 400,
          .body_is_json = true,
          .type_pointer = "/type",
          .time_pointer = "/created_at",
          .time_format = TimeFormat::unix_seconds,
          .subject_pointers = kOpenaiSubjects,
          .event_types = openai_event_types(),
          .signature_headers = kWebhookHeaders,
      },
      // Any sender that follows the specification. It advises JSON with a type and an ISO 8601 time, and
      // demands neither.
      Provider{
          .name = "standard-webhooks",
          .scheme = Scheme::standard_webhooks,
          .secret_form = SecretForm::strict,
          .header_prefix = "webhook-",
          .secret_environment = "",
          .tolerance = 5min,
          .retry_horizon = 76h,  // The example schedule of the specification ends after 75 h 35 min.
          .reject_status = 400,
          .body_is_json = false,
          .type_pointer = "/type",
          .time_pointer = "/timestamp",
          .time_format = TimeFormat::iso_8601,
          .subject_pointers = {},
          .event_types = {},
          .signature_headers = kWebhookHeaders,
      },
  };
}

}  // namespace

std::span<const Provider> all_providers() {
  static const auto providers = make_providers();
  return providers;
}

const Provider* find_provider(std::string_view name) {
  const auto found = std::ranges::find(all_providers(), name, &Provider::name);
  return found == all_providers().end() ? nullptr : &*found;
}

std::optional<std::string_view> nearest_event_type(const Provider& provider, std::string_view type) {
  return nearest_name(provider.event_types, type);
}

}  // namespace creel
