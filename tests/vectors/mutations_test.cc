// Every known answer is genuine, and nothing near it is: one bit of the body, one character of a signature,
// an id or a timestamp; a header that is missing, empty or there twice; a clock one second beyond its window.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "provider_vectors.h"
#include "verify/headers.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::Optional;
using enum VerifyError;

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// --- What a vector's scheme covers
// ---------------------------------------------------------------------------------

const Provider& row(const ProviderVector& vector) {
  return vector.world.provider();
}
bool has_credential(const ProviderVector& vector) {
  return row(vector).scheme == Scheme::credential;
}
// Of Mailgun's kind: the body holds the signature, which covers a part of it alone.
bool has_signature_in_body(const ProviderVector& vector) {
  return row(vector).scheme == Scheme::signature && row(vector).signature.signatures[0].in == Field::In::body;
}
// A JSON body that the address holds the digest of.
bool has_digest_in_query(const ProviderVector& vector) {
  return !row(vector).signature.body_digest_query.empty() &&
         vector.request.query.contains(row(vector).signature.body_digest_query);
}

// The headers of the request that prove something.
std::vector<std::string> proofs(const ProviderVector& vector) {
  std::vector<std::string> names;
  for (const auto& [name, value] : vector.request.headers) {
    const auto is_it = [&name](std::string_view other) { return equals_ignoring_case(name, other); };
    if (std::ranges::any_of(row(vector).signature_headers, is_it) || is_it("authorization") ||
        vector.world.receiver().is_credential_header(name))
      names.push_back(name);
  }
  return names;
}

bool is_timestamp(std::string_view name) {
  std::string lower;
  std::ranges::transform(name, std::back_inserter(lower), ascii_lower);
  return lower.ends_with("timestamp");
}
bool is_id(std::string_view name) {
  return name == "webhook-id" || name == "svix-id";
}
bool is_signature(const ProviderVector& vector, std::string_view name) {
  return !has_credential(vector) && !is_timestamp(name) && !is_id(name);
}

VerifyError missing(const ProviderVector& vector, std::string_view name) {
  if (has_credential(vector)) return missing_credential;
  if (is_id(name)) return missing_id;
  return is_timestamp(name) ? missing_timestamp : missing_signature;
}

// An id or a time that is there and empty is one that cannot be read, where the scheme is Standard Webhooks.
VerifyError empty(const ProviderVector& vector, std::string_view name) {
  if (row(vector).scheme != Scheme::standard_webhooks || is_signature(vector, name))
    return missing(vector, name);
  return is_id(name) ? invalid_id : invalid_timestamp;
}

// Where the digits of the last signature of a header begin: behind its version, prefix or name.
std::size_t digits_at(std::string_view value) {
  const std::size_t mark = value.find_last_of(",=.", value.find_last_not_of('=') - 1);
  return mark == value.npos ? 0 : mark + 1;
}

// --- The known answers
// ---------------------------------------------------------------------------------------------

TEST(ProviderVectors, AreGenuine) {
  std::set<std::string_view> providers;
  for (const ProviderVector& vector : provider_vectors()) {
    EXPECT_EQ(verdict(vector, vector.request, vector.now), std::nullopt) << vector.name;
    providers.insert(row(vector).name);
  }
  EXPECT_EQ(provider_vectors().size(), 55U);
  // All but the one that has nothing to prove.
  EXPECT_EQ(providers.size(), all_providers().size() - 1);
}

// --- The body
// ------------------------------------------------------------------------------------------------------

TEST(ProviderMutations, RefuseAnyChangedBitOfACoveredBody) {
  int checked = 0;
  for (const ProviderVector& vector : provider_vectors()) {
    if (has_credential(vector) || has_signature_in_body(vector)) continue;
    const bool is_digest = row(vector).scheme == Scheme::jwt || has_digest_in_query(vector);
    for (std::size_t i = 0; i < vector.request.body.size(); ++i) {
      SentRequest request = vector.request;
      request.body[i] ^= 1;
      EXPECT_EQ(verdict(vector, request, vector.now), is_digest ? body_mismatch : signature_mismatch)
          << vector.name << ", byte " << i;
      ++checked;
    }
  }
  EXPECT_GT(checked, 3000);
}

TEST(ProviderMutations, RefuseALongerAShorterAndAnEmptyBody) {
  for (const ProviderVector& vector : provider_vectors()) {
    if (has_credential(vector) || has_signature_in_body(vector)) continue;
    const bool is_digest = row(vector).scheme == Scheme::jwt || has_digest_in_query(vector);
    const std::string& body = vector.request.body;
    for (const std::string& other : {body + "x", body.substr(0, body.size() - 1), std::string()}) {
      SentRequest request = vector.request;
      request.body = other;
      EXPECT_EQ(verdict(vector, request, vector.now), is_digest ? body_mismatch : signature_mismatch)
          << vector.name << ", " << other.size() << " bytes";
    }
  }
}

// What is not covered, plainly: a token or a password vouches for any body that comes with it.
TEST(ProviderMutations, AcceptAnyBodyBesideACredential) {
  for (const ProviderVector& vector : provider_vectors()) {
    if (!has_credential(vector)) continue;
    SentRequest request = vector.request;
    request.body = R"({"another":"body"})";
    EXPECT_EQ(verdict(vector, request, vector.now), std::nullopt) << vector.name;
  }
}

// A signature in the body covers its own token and time, and not the event beside it. Of two signatures one
// that is right is enough, so the bits of the other do not count.
TEST(ProviderMutations, AcceptAnotherEventOnlyBesideAWholeSignature) {
  int accepted = 0;
  for (const ProviderVector& vector : provider_vectors()) {
    if (!has_signature_in_body(vector)) continue;
    const std::string& body = vector.request.body;
    const std::string idle = R"("signature":")" + std::string(64, '0');
    const std::size_t idle_at = body.find(idle), event_at = body.find(R"("event-data")");
    ASSERT_NE(event_at, body.npos);
    for (std::size_t i = 0; i < body.size(); ++i) {
      SentRequest request = vector.request;
      request.body[i] ^= 1;
      const auto cause = verdict(vector, request, vector.now);
      const bool is_idle = idle_at != body.npos && i >= idle_at && i < idle_at + idle.size();
      EXPECT_TRUE(cause || is_idle || i >= event_at) << vector.name << ", byte " << i;
      accepted += cause ? 0 : 1;
    }
  }
  EXPECT_GT(accepted, 30);
}

// --- Signatures, ids and timestamps
// --------------------------------------------------------------------------------

TEST(ProviderMutations, RefuseAnyChangedDigitOfASignature) {
  int checked = 0;
  for (const ProviderVector& vector : provider_vectors()) {
    for (const std::string& name : proofs(vector)) {
      if (!is_signature(vector, name)) continue;
      const std::string value = vector.request.header(name);
      const std::size_t end = value.find_last_not_of('=') + 1;
      for (std::size_t i = digits_at(value); i < end; ++i) {
        SentRequest request = vector.request;
        std::string other = value;
        const bool is_hex = row(vector).scheme == Scheme::signature &&
                            row(vector).signature.encoding == SignatureEncoding::hex;
        other[i] =
            is_hex ? (value[i] == '0' ? '1' : '0') : kBase64[(kBase64.find(value[i]) + 1) % kBase64.size()];
        request.set(name, other);
        const auto cause = verdict(vector, request, vector.now);
        // Of the last digit of base64 some bits must be zero, and DER must stay DER.
        const bool may_be_malformed = i + 1 == end || value.starts_with("ME");
        if (may_be_malformed || row(vector).scheme == Scheme::jwt) {
          EXPECT_THAT(cause, Optional(AnyOf(signature_mismatch, malformed_signature))) << vector.name << i;
        } else {
          EXPECT_EQ(cause, signature_mismatch) << vector.name << ", character " << i;
        }
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 2000);
}

TEST(ProviderMutations, RefuseWhatIsPutBehindASignature) {
  for (const ProviderVector& vector : provider_vectors()) {
    for (const std::string& name : proofs(vector)) {
      if (!is_signature(vector, name)) continue;
      for (std::string_view more : {"0", "00", "g", "=", "!"}) {
        SentRequest request = vector.request;
        request.set(name, vector.request.header(name) + std::string(more));
        EXPECT_THAT(verdict(vector, request, vector.now),
                    Optional(AnyOf(malformed_signature, signature_mismatch)))
            << vector.name << " + " << more;
      }
    }
  }
}

TEST(ProviderMutations, RefuseASignatureByNobody) {
  for (const ProviderVector& vector : provider_vectors()) {
    for (const std::string& name : proofs(vector)) {
      if (!is_signature(vector, name)) continue;
      SentRequest request = vector.request;
      std::string value = request.header(name);
      const std::size_t start = digits_at(value), count = value.find_last_not_of('=') + 1 - start;
      if (value.starts_with("ME")) continue;  // DER
      value.replace(
          start, count,
          count == 43 || count == 86 || count == 27 ? std::string(count, 'A') : std::string(count, '0'));
      request.set(name, value);
      EXPECT_EQ(verdict(vector, request, vector.now), signature_mismatch) << vector.name;
    }
  }
}

TEST(ProviderMutations, RefuseAnyChangedCharacterOfAnId) {
  int checked = 0;
  for (const ProviderVector& vector : provider_vectors()) {
    for (const std::string& name : proofs(vector)) {
      if (!is_id(name)) continue;
      const std::string id = vector.request.header(name);
      for (std::size_t i = 0; i < id.size(); ++i) {
        SentRequest request = vector.request;
        std::string other = id;
        other[i] ^= 1;
        request.set(name, other);
        EXPECT_EQ(verdict(vector, request, vector.now), signature_mismatch) << vector.name << ", " << other;
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 30);
}

// Inside the window, so that only the signature tells.
TEST(ProviderMutations, RefuseAnotherTimestamp) {
  int checked = 0;
  for (const ProviderVector& vector : provider_vectors()) {
    const auto changed = [&](const std::string& name, const std::string& from, const std::string& to) {
      SentRequest request = vector.request;
      std::string value = request.header(name);
      const std::size_t at = value.find(from);
      if (at == value.npos) return;
      value.replace(at, from.size(), to);
      request.set(name, value);
      EXPECT_EQ(verdict(vector, request, vector.now), signature_mismatch) << vector.name << ", " << value;
      ++checked;
    };
    const std::string now = std::to_string(vector.now.time_since_epoch().count());
    const std::string next = std::to_string(vector.now.time_since_epoch().count() + 1);
    for (const std::string& name : proofs(vector)) {
      if (is_timestamp(name) || row(vector).signature.pair_separator != 0) changed(name, now, next);
    }
  }
  EXPECT_GE(checked, 15);
}

TEST(ProviderMutations, RefuseATimestampThatIsNone) {
  int checked = 0;
  for (const ProviderVector& vector : provider_vectors()) {
    for (const std::string& name : proofs(vector)) {
      if (!is_timestamp(name)) continue;
      const std::string right = vector.request.header(name);
      for (const std::string& wrong :
           {"+" + right, "0" + right, right + ".5", "-" + right, right + "x", std::string("NaN"),
            std::string("99999999999999999999"), std::string("1e9")}) {
        SentRequest request = vector.request;
        request.set(name, wrong);
        EXPECT_EQ(verdict(vector, request, vector.now), invalid_timestamp) << vector.name << ", " << wrong;
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 80);
}

// --- Headers and the address
// ---------------------------------------------------------------------------------------

TEST(ProviderMutations, RefuseAMissingOrEmptyHeader) {
  int checked = 0;
  for (const ProviderVector& vector : provider_vectors()) {
    for (const std::string& name : proofs(vector)) {
      SentRequest request = vector.request;
      request.drop(name);
      EXPECT_EQ(verdict(vector, request, vector.now), missing(vector, name)) << vector.name << ", " << name;
      request.set(name, "");
      EXPECT_EQ(verdict(vector, request, vector.now), empty(vector, name)) << vector.name << ", " << name;
      ++checked;
    }
  }
  EXPECT_GT(checked, 70);
}

TEST(ProviderMutations, RefuseAHeaderThatIsThereTwiceWithDifferentValues) {
  for (const ProviderVector& vector : provider_vectors()) {
    for (const std::string& name : proofs(vector)) {
      const std::string value = vector.request.header(name);
      for (bool is_first : {false, true}) {
        SentRequest request = vector.request;
        request.headers.insert(is_first ? request.headers.begin() : request.headers.end(),
                               {name, value + "0"});
        EXPECT_EQ(verdict(vector, request, vector.now), conflicting_header) << vector.name << ", " << name;
      }
      SentRequest same = vector.request;
      same.headers.emplace_back(name, value);
      EXPECT_EQ(verdict(vector, same, vector.now), std::nullopt) << vector.name << ", " << name;
    }
  }
}

TEST(ProviderMutations, RefuseAnotherCredential) {
  int checked = 0;
  for (const ProviderVector& vector : provider_vectors()) {
    if (!has_credential(vector)) continue;
    SentRequest request = vector.request;
    for (const std::string& name : proofs(vector)) {
      std::string value = request.header(name);
      const std::size_t at = equals_ignoring_case(name, "authorization") ? 6 : 0;
      value[at] = static_cast<char>(value[at] ^ 1);
      request.set(name, value);
    }
    if (proofs(vector).empty()) request.query.back() ^= 1;
    EXPECT_EQ(verdict(vector, request, vector.now), wrong_credential) << vector.name;
    ++checked;
  }
  EXPECT_EQ(checked, 8);
}

TEST(ProviderMutations, RefuseAnotherAddressWhereItIsSigned) {
  int checked = 0;
  for (const ProviderVector& vector : provider_vectors()) {
    if (!row(vector).needs_url) continue;
    SentRequest request = vector.request;
    request.query += request.query.empty() ? "x=1" : "&x=1";
    EXPECT_EQ(verdict(vector, request, vector.now), signature_mismatch) << vector.name;
    if (!vector.request.query.empty()) {
      request.query = "";
      EXPECT_EQ(verdict(vector, request, vector.now),
                has_digest_in_query(vector) ? malformed_signature : signature_mismatch)
          << vector.name;
    }
    ++checked;
  }
  EXPECT_EQ(checked, 17);
}

TEST(ProviderMutations, RefuseAnotherMethodWhereItIsSigned) {
  for (const ProviderVector& vector : provider_vectors()) {
    SentRequest request = vector.request;
    request.method = "PATCH";
    const bool is_signed = row(vector).signature.content.contains("{method}");
    EXPECT_EQ(verdict(vector, request, vector.now),
              is_signed ? std::optional(signature_mismatch) : std::nullopt)
        << vector.name;
  }
}

// --- The clock
// -----------------------------------------------------------------------------------------------------

TEST(ProviderMutations, KeepTheWindowToTheSecond) {
  int checked = 0;
  for (const ProviderVector& vector : provider_vectors()) {
    const auto window = row(vector).tolerance;
    if (window == 0s) continue;
    EXPECT_EQ(verdict(vector, vector.request, vector.now + window), std::nullopt) << vector.name;
    EXPECT_EQ(verdict(vector, vector.request, vector.now - window), std::nullopt) << vector.name;
    EXPECT_EQ(verdict(vector, vector.request, vector.now + window + 1s), timestamp_too_old) << vector.name;
    EXPECT_EQ(verdict(vector, vector.request, vector.now - window - 1s), timestamp_too_new) << vector.name;
    ++checked;
  }
  EXPECT_GE(checked, 20);
}

// Plainly: whoever names no time, or no window, is believed at any time. The dedupe window is what is left.
TEST(ProviderMutations, AcceptAnyTimeWhereThereIsNoWindow) {
  for (const ProviderVector& vector : provider_vectors()) {
    if (row(vector).tolerance != 0s) continue;
    EXPECT_EQ(verdict(vector, vector.request, vector.now + 24h * 365), std::nullopt) << vector.name;
    EXPECT_EQ(verdict(vector, vector.request, vector.now - 24h * 365), std::nullopt) << vector.name;
  }
}

}  // namespace
}  // namespace creel::testing
