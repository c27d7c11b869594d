#include <array>
#include <string>

#include "verify/base64.h"
#include "verify/key_material.h"

namespace creel {

struct Signer::Impl {
  std::optional<HmacKey> hmac;
  Ed25519Key ed25519;
};

Signer::Signer(const Secret& secret)
    : impl_(std::make_unique<Impl>(Impl{secret.impl_->hmac, secret.impl_->ed25519})) {}
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;
Signer::~Signer() = default;

std::string Signer::sign(std::string_view id, std::chrono::sys_seconds timestamp,
                         std::string_view raw_body) const {
  const std::string time = std::to_string(timestamp.time_since_epoch().count());
  const std::array<std::string_view, 5> parts{id, ".", time, ".", raw_body};
  if (impl_->hmac) return "v1," + encode_base64(impl_->hmac->over(parts));

  std::string message;
  for (std::string_view part : parts)
    message += part;
  return "v1a," + encode_base64(impl_->ed25519.sign(message));
}

}  // namespace creel
