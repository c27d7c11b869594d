// No proof at all: whoever knows the path may send. It is a choice that a configuration spells out.
#include "verify/scheme.h"

namespace creel {
namespace {

class NoScheme final : public SchemeKeys {
 public:
  NoScheme(std::vector<Key> keys, std::size_t body_bytes_max)
      : keys_(std::move(keys)), body_bytes_max_(body_bytes_max) {}

  std::expected<Proof, VerifyError> verify(const IncomingRequest& request, std::chrono::sys_seconds,
                                           const Masking*) const override {
    if (request.body.size() > body_bytes_max_) return std::unexpected(VerifyError::body_too_large);
    return Proof{};
  }

  bool can_sign() const override { return false; }
  Receiver::Signed sign(const Receiver::SignRequest&) const override { return {}; }
  std::string hex_mac(std::size_t, std::string_view) const override { return {}; }
  std::span<const Key> keys() const override { return keys_; }

 private:
  std::vector<Key> keys_;
  std::size_t body_bytes_max_;
};

}  // namespace

std::unique_ptr<SchemeKeys> make_no_scheme(const Provider&, std::vector<Key> keys,
                                           const ReceiverOptions& options) {
  return std::make_unique<NoScheme>(std::move(keys), options.body_bytes_max);
}

}  // namespace creel
