// The known answers of every provider: requests that their own libraries and pages call genuine.
#pragma once

#include <string>
#include <vector>

#include "tests/support/provider_fixture.h"

namespace creel::testing {

struct ProviderVector {
  std::string name;
  std::chrono::sys_seconds now;
  SentRequest request;
  ProviderWorld world;
};

// Read once from providers.json.
const std::vector<ProviderVector>& provider_vectors();

// Why a request was refused; nothing when it is genuine, whether or not its body can be read: some official
// bodies are no JSON.
std::optional<VerifyError> verdict(const ProviderVector& vector, const SentRequest& request,
                                   std::chrono::sys_seconds now);

}  // namespace creel::testing
