// A way of proving that a request is genuine, with a source's keys ready to use.
//
// One file a family: standard_webhooks.cc, signature.cc, credential.cc, jwt.cc. A Receiver holds one of them
// and does not know which. Immutable after construction: share between threads.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <creel/provider.h>

namespace creel {

// What was found out about a genuine request.
struct Proof {
  std::size_t key_index = 0;
  std::string_view id;  // signed along with the body, where the scheme has such an id; else ""
};

class SchemeKeys {
 public:
  virtual ~SchemeKeys() = default;

  // `masked` is null, but for a request that was kept: its credentials are then what `masked` makes of them.
  // Allocates nothing for an HMAC.
  virtual std::expected<Proof, VerifyError> verify(const IncomingRequest& request,
                                                   std::chrono::sys_seconds now,
                                                   const Masking* masked) const = 0;
  virtual bool can_sign() const = 0;
  // See Receiver::sign.
  virtual Receiver::Signed sign(const Receiver::SignRequest& request) const = 0;

  // HMAC-SHA256 in lower case hex under the key with this index, for handshakes that ask for it; "" where the
  // scheme has no such key.
  virtual std::string hex_mac(std::size_t key_index, std::string_view text) const = 0;

  virtual std::span<const Key> keys() const = 0;
};

std::unique_ptr<SchemeKeys> make_standard_webhooks(const Provider& provider, std::vector<Key> keys,
                                                   const ReceiverOptions& options);
std::unique_ptr<SchemeKeys> make_signature(const Provider& provider, std::vector<Key> keys,
                                           const ReceiverOptions& options);
std::unique_ptr<SchemeKeys> make_credential(const Provider& provider, std::vector<Key> keys,
                                            const ReceiverOptions& options);
std::unique_ptr<SchemeKeys> make_jwt(const Provider& provider, std::vector<Key> keys,
                                     const ReceiverOptions& options);
// Scheme::none: every request is what it says it is.
std::unique_ptr<SchemeKeys> make_no_scheme(const Provider& provider, std::vector<Key> keys,
                                           const ReceiverOptions& options);

}  // namespace creel
