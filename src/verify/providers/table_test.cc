// What holds for every row.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/provider_fixture.h"

namespace creel::testing {
namespace {

using namespace std::chrono_literals;

bool is_lower(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

// Commands of people's own making, such as "/deploy", are on no list.
bool is_known(const Provider& provider, std::string_view type) {
  return provider.event_types.empty() || type.starts_with('/') ||
         std::ranges::binary_search(provider.event_types, type);
}

TEST(Table, HasEveryProviderOnce) {
  std::set<std::string_view> names;
  for (const Provider& provider : all_providers()) {
    EXPECT_TRUE(names.insert(provider.name).second) << provider.name;
    EXPECT_EQ(find_provider(provider.name), &provider);
  }
  EXPECT_EQ(names.size(), 34U);
  EXPECT_EQ(find_provider("openia"), nullptr);
  EXPECT_EQ(find_provider(""), nullptr);
}

TEST(Table, HasWholeRows) {
  for (const Provider& provider : all_providers()) {
    SCOPED_TRACE(provider.name);
    EXPECT_FALSE(provider.title.empty());
    EXPECT_FALSE(provider.notes.empty());
    ASSERT_FALSE(provider.methods.empty());
    EXPECT_EQ(provider.methods.front(), "POST");
    EXPECT_GE(provider.reject_status, 400);
    EXPECT_LT(provider.reject_status, 500);
    EXPECT_FALSE(provider.reject_text.empty());
    EXPECT_GE(provider.success_status, 200);
    EXPECT_LT(provider.success_status, 300);
    EXPECT_FALSE(provider.types.empty());
    EXPECT_EQ(provider.strict_types.empty(), provider.strict_status == 0);
    EXPECT_TRUE(std::ranges::all_of(provider.signature_headers, is_lower));
    EXPECT_EQ(provider.header_prefixes.empty(), provider.scheme != Scheme::standard_webhooks);
    EXPECT_EQ(provider.credentials.empty(), provider.scheme != Scheme::credential);
    EXPECT_EQ(provider.signature.signatures.empty(), provider.scheme != Scheme::signature);
    EXPECT_EQ(provider.token_header.empty(), provider.scheme != Scheme::jwt);
    EXPECT_EQ(provider.needs_url, provider.signature.content.contains("{url}"));
    EXPECT_FALSE(provider.signature.content.empty());
  }
}

TEST(Table, HasSortedTypesAndSamplesOfKnownOnes) {
  for (const Provider& provider : all_providers()) {
    SCOPED_TRACE(provider.name);
    EXPECT_TRUE(std::ranges::is_sorted(provider.event_types));
    EXPECT_EQ(std::ranges::adjacent_find(provider.event_types), provider.event_types.end());
    EXPECT_FALSE(sample_types(provider).empty());
    for (std::string_view type : sample_types(provider))
      EXPECT_TRUE(is_known(provider, type)) << type;
    for (const TypeName& name : provider.type_names)
      EXPECT_TRUE(is_known(provider, name.type)) << name.type;
    for (const TypeReply& reply : provider.replies)
      EXPECT_TRUE(is_known(provider, reply.type)) << reply.type;
    for (std::string_view type : provider.strict_types)
      EXPECT_TRUE(is_known(provider, type)) << type;
  }
}

TEST(Table, AnswersAsEachProviderExpects) {
  const std::pair<std::string_view, int> rows[] = {
      {"openai", 400},
      {"stripe", 400},
      {"shopify", 400},
      {"github", 401},
      {"resend", 400},
      {"chargebee", 401},
      {"clerk", 400},
      {"elevenlabs", 401},
      {"paddle", 400},
      {"cursor", 401},
      {"deepgram", 403},
      {"fusionauth", 401},
      {"gitlab", 401},
      {"postmark", 401},
      {"replicate", 400},
      {"sendgrid", 400},
      {"vercel", 400},
      {"webflow", 400},
      {"woocommerce", 400},
      {"hookdeck", 401},
      {"slack", 401},
      {"twilio", 403},
      {"discord", 401},
      {"zoom", 401},
      {"linear", 400},
      {"hubspot", 401},
      {"square", 401},
      {"mailgun", 401},
      {"svix", 400},
      {"hmac", 401},
      {"standard-webhooks", 400},
      {"basic", 401},
      {"token", 401},
  };
  for (const auto& [name, status] : rows)
    EXPECT_EQ(find_provider(name)->reject_status, status) << name;
}

// The way round: what a source signs, it accepts, and reads as what it is.
TEST(Table, SignsEverySampleSoThatItIsReceived) {
  int checked = 0;
  for (const Provider& provider : all_providers()) {
    const ProviderWorld world(provider.name);
    if (!world.receiver().can_sign()) continue;
    for (std::string_view type : sample_types(provider)) {
      SCOPED_TRACE(std::string(provider.name) + " " + std::string(type));
      const SentRequest request = world.sample(type);
      const ReceivedItem item = world.item(request);
      EXPECT_EQ(item.type, type) << item.provider_id;
      EXPECT_EQ(item.body,
                request.body.substr(static_cast<std::size_t>(item.body.data() - request.body.data()),
                                    item.body.size()));
      EXPECT_EQ(item.occurred.value_or(kNow), kNow);
      ++checked;
    }
  }
  EXPECT_GT(checked, 150);
}

TEST(Table, TellsTwoSamplesApartAndKnowsOneAgain) {
  for (const Provider& provider : all_providers()) {
    if (provider.make_sample != nullptr) continue;  // its id is the header's
    const ProviderWorld world(provider.name);
    if (!world.receiver().can_sign()) continue;
    for (std::string_view type : sample_types(provider)) {
      SCOPED_TRACE(std::string(provider.name) + " " + std::string(type));
      const std::string key = world.item(world.sample(type)).dedupe_key;
      EXPECT_EQ(world.item(world.sample(type)).dedupe_key, key);
      EXPECT_EQ(key.empty(), provider.without_id == WithoutId::nothing && provider.dedupe.empty());
      if (key.empty()) continue;
      EXPECT_NE(world.item(world.sample(type, kOtherSampleId)).dedupe_key, key);
    }
  }
}

TEST(Table, RefusesWhatAnotherSecretSigned) {
  for (const Provider& provider : all_providers()) {
    SCOPED_TRACE(provider.name);
    if (provider.scheme == Scheme::none) continue;
    const ProviderWorld world(provider.name);
    if (!world.receiver().can_sign()) continue;
    std::string other(test_secret(provider));
    other[other.size() / 2] = other[other.size() / 2] == 'x' ? 'y' : 'x';
    const ProviderWorld stranger(provider.name, other);
    const SentRequest request = stranger.sample(sample_types(provider).front());
    EXPECT_EQ(world.status(request), provider.reject_status);
    SentRequest bare;
    bare.body = request.body;
    EXPECT_EQ(world.status(bare),
              provider.missing_status == 0 ? provider.reject_status : provider.missing_status);
  }
}

TEST(Table, CannotSignWithAPublicKeyOrInsideABody) {
  for (std::string_view name : {"sendgrid", "discord", "mailgun"})
    EXPECT_FALSE(ProviderWorld(name).receiver().can_sign()) << name;
}

}  // namespace
}  // namespace creel::testing
