// What the tests of providers have in common: a receiver with one secret, and requests as the provider would
// send them, ready to be spoilt.
#pragma once

#include <creel/provider.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace creel::testing {

inline constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1750000000)};
inline constexpr std::string_view kSampleId = "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e";
inline constexpr std::string_view kOtherSampleId = "decade5eedfacec0ffee5ca1ab1e0000";
inline constexpr std::string_view kUrl = "https://hooks.example.com/webhooks/in";

struct SentRequest {
  std::string method = "POST";
  std::string query;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // Views into this object.
  std::vector<Header> header_views() const;
  // Replaces the header's value, or adds it.
  void set(std::string_view name, std::string value);
  void drop(std::string_view name);
  std::string header(std::string_view name) const;  // "" when it is not there
};

// A secret of the row's form, good for tests alone.
std::string_view test_secret(const Provider& provider);

// A pair of keys of a provider that publishes its public key: Ed25519 or P-256.
class KeyPair {
 public:
  explicit KeyPair(SignatureAlgorithm algorithm);
  std::string secret() const;                     // the public key, as the provider shows it
  std::string sign(std::string_view text) const;  // as the provider writes it: hex or base64

 private:
  SignatureAlgorithm algorithm_;
  std::shared_ptr<void> key_;
};

// One provider under test.
class ProviderWorld {
 public:
  explicit ProviderWorld(std::string_view name);
  // `form` where the secret is not to be read as the row says.
  ProviderWorld(std::string_view name, std::string_view secret, ReceiverOptions options = {},
                std::optional<SecretForm> form = std::nullopt);

  const Provider& provider() const { return *provider_; }
  const Receiver& receiver() const { return receiver_; }

  // The sample of this type, signed with the secret where it can sign.
  SentRequest sample(std::string_view type, std::string_view id = kSampleId) const;
  // A body, signed; `provider_id` where the scheme signs one.
  SentRequest signed_request(std::string body, std::string_view content_type = "application/json",
                             std::string_view provider_id = "id_1") const;

  std::expected<Genuine<Received>, ReceiveError> receive(const SentRequest& request,
                                                         std::chrono::sys_seconds now = kNow) const;
  // The only event of a request that is accepted; one without a type and with the cause as its id otherwise.
  ReceivedItem item(const SentRequest& request, std::chrono::sys_seconds now = kNow) const;
  // The cause of a refusal; nothing when the request is accepted.
  std::optional<VerifyError> refusal(const SentRequest& request, std::chrono::sys_seconds now = kNow) const;
  // The status that the sender of a refused request gets; 0 when it is accepted.
  int status(const SentRequest& request, std::chrono::sys_seconds now = kNow) const;

 private:
  void sign(SentRequest& request, std::string_view content_type, std::string_view provider_id) const;

  const Provider* provider_;
  Receiver receiver_;
};

std::string hex_hmac_sha256(std::string_view key, std::string_view text);

// What a dedupe key ends in where the body is part of it.
std::string hex_sha256(std::string_view text);

}  // namespace creel::testing
