#include <creel/openai.h>
#include <creel/provider.h>

namespace creel {

std::optional<SampleRequest> sample(const Provider& provider, std::string_view type, std::string_view id,
                                    std::chrono::sys_seconds now) {
  if (provider.name != "openai") return std::nullopt;
  auto body = openai::sample(type, now);
  if (!body) return std::nullopt;
  return SampleRequest{.body = *std::move(body),
                       .content_type = "application/json",
                       .provider_id = "wh_" + std::string(id),
                       .headers = {}};
}

std::vector<std::string_view> sample_types(const Provider& provider) {
  std::vector<std::string_view> types;
  for (const Sample& each : provider.samples)
    types.push_back(each.type);
  return types;
}

}  // namespace creel
