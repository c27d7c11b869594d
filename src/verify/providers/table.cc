#include "verify/providers/table.h"

#include <algorithm>
#include <array>

#include "verify/event_types.h"

namespace creel {

std::span<const Provider> all_providers() {
  using namespace providers;
  static const auto rows = std::to_array<Provider>({
      kOpenai,           kStripe,   kShopify, kGithub,   kResend,      kChargebee, kClerk,
      kElevenlabs,       kPaddle,   kCursor,  kDeepgram, kFusionauth,  kGitlab,    kPostmark,
      kReplicate,        kSendgrid, kVercel,  kWebflow,  kWoocommerce, kHookdeck,  kSlack,
      kTwilio,           kDiscord,  kZoom,    kLinear,   kHubspot,     kSquare,    kMailgun,
      kStandardWebhooks, kSvix,     kHmac,    kBasic,    kToken,       kNone,
  });
  return rows;
}

const Provider* find_provider(std::string_view name) {
  const auto found = std::ranges::find(all_providers(), name, &Provider::name);
  return found == all_providers().end() ? nullptr : &*found;
}

std::optional<std::string_view> nearest_event_type(const Provider& provider, std::string_view type) {
  return nearest_name(provider.event_types, type);
}

}  // namespace creel
