#include "store/record.h"

#include <gtest/gtest.h>

#include <array>

#include "core/random.h"

namespace creel::store {
namespace {

using namespace std::chrono_literals;

constexpr Time kNoon{std::chrono::milliseconds(1'750'000'000'000)};

std::string event_payload() {
  const std::array<NewItem, 2> items{
      NewItem{"wh_1", "evt_1", "batch.completed", "batch_1", kNoon, 0, 4},
      NewItem{"wh_2", "", std::string_view("t\0t", 3), "", std::nullopt, 4, 2},
  };
  const std::array<std::string_view, 2> destinations{"app", "audit"};
  const NewEvent event{.source = "openai",
                       .received = kNoon,
                       .dedupe_window = 168h,
                       .peer = "10.0.0.1",
                       .secret_label = "current",
                       .head = "POST /\r\n",
                       .body = "abcdef",
                       .items = items,
                       .destinations = destinations};
  std::string payload;
  encode_event_meta(event, payload);
  return payload + "POST /\r\n" + "abcdef";
}

TEST(Record, GivesAnEventBack) {
  const std::string payload = event_payload();
  EventRecord event;
  ASSERT_TRUE(decode_event(payload, event));
  EXPECT_EQ(event.source, "openai");
  EXPECT_EQ(event.received, kNoon);
  EXPECT_EQ(event.dedupe_window, 168h);
  EXPECT_EQ(event.secret_label, "current");
  ASSERT_EQ(event.items.size(), 2u);
  EXPECT_EQ(event.items[0].dedupe_key, "wh_1");
  EXPECT_EQ(event.items[0].occurred, kNoon);
  EXPECT_EQ(event.items[1].type, std::string_view("t\0t", 3));
  EXPECT_EQ(event.items[1].occurred, std::nullopt);
  EXPECT_EQ(event.items[1].body_offset, 4u);
  EXPECT_EQ(event.destinations, (std::vector<std::string_view>{"app", "audit"}));
  EXPECT_EQ(event.head, "POST /\r\n");
  EXPECT_EQ(event.body, "abcdef");
}

TEST(Record, AddsLittleToTheBytesReceived) {
  EXPECT_LT(event_payload().size(), 14 + 150u);
}

TEST(Record, RefusesAnItemOutsideTheBody) {
  const NewItem item{.dedupe_key = "k", .body_offset = 4, .body_bytes = 3};
  const NewEvent event{.source = "s", .received = kNoon, .body = "abcdef", .items = std::span(&item, 1)};
  std::string payload;
  encode_event_meta(event, payload);
  EventRecord decoded;
  EXPECT_FALSE(decode_event(payload + "abcdef", decoded));
}

TEST(Record, GivesAnOutcomeBack) {
  const Outcome outcome{
      .delivery = {EventId::of(7, 1), "app", 3},
      .attempt = {4, kNoon, 250ms, AttemptResult::status, 503, std::string(300, 'r'), "said 503"},
      .state = DeliveryState::dead,
      .due = kNoon + 1h};
  std::string payload;
  encode_outcome(outcome, payload);
  std::vector<Outcome> all;
  ASSERT_TRUE(decode_outcomes(payload, all));
  ASSERT_EQ(all.size(), 1u);
  const Outcome* decoded = &all.front();
  EXPECT_EQ(decoded->delivery, outcome.delivery);
  EXPECT_EQ(decoded->attempt.took, 250ms);
  EXPECT_EQ(decoded->attempt.reply, std::string(300, 'r'));
  EXPECT_EQ(decoded->attempt.result, AttemptResult::status);
  EXPECT_EQ(decoded->state, DeliveryState::dead);
  EXPECT_EQ(decoded->due, kNoon + 1h);
}

TEST(Record, GivesTheOutcomesOfARecordBack) {
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 5; ++i) {
    outcomes.push_back({.delivery = {EventId::of(1000 - static_cast<Sequence>(i), 0), "app", 1},
                        .attempt = {1, kNoon + i * 1s, 12ms, AttemptResult::delivered, 204, "", ""},
                        .state = DeliveryState::delivered,
                        .due = {}});
  }
  outcomes[2].delivery = {EventId::of((Sequence{1} << 47) + 5, 65'535), "audit", 7};
  outcomes[3].attempt = {1, kNoon - 24h, -5ms, AttemptResult::timeout, 0, "r", "no answer"};
  outcomes[3].state = DeliveryState::pending;
  outcomes[3].due = kNoon + 30s;
  std::string payload;
  OutcomeWriter writer(payload);
  for (const Outcome& outcome : outcomes) {
    ASSERT_TRUE(writer.takes(outcome));
    writer.add(outcome);
  }
  std::vector<Outcome> decoded;
  ASSERT_TRUE(decode_outcomes(payload, decoded));
  ASSERT_EQ(decoded.size(), outcomes.size());
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(decoded[i].delivery, outcomes[i].delivery) << i;
    EXPECT_EQ(decoded[i].attempt.number, 1u) << i;
    EXPECT_EQ(decoded[i].attempt.started, outcomes[i].attempt.started) << i;
    EXPECT_EQ(decoded[i].attempt.took, outcomes[i].attempt.took) << i;
    EXPECT_EQ(decoded[i].attempt.result, outcomes[i].attempt.result) << i;
    EXPECT_EQ(decoded[i].attempt.status, outcomes[i].attempt.status) << i;
    EXPECT_EQ(decoded[i].attempt.reply, outcomes[i].attempt.reply) << i;
    EXPECT_EQ(decoded[i].attempt.error, outcomes[i].attempt.error) << i;
    EXPECT_EQ(decoded[i].state, outcomes[i].state) << i;
    EXPECT_EQ(decoded[i].due, outcomes[i].due) << i;
  }
  outcomes[0].attempt.number = 2;
  EXPECT_FALSE(writer.takes(outcomes[0]));
  EXPECT_FALSE(decode_outcomes(payload.substr(0, 2), decoded));
  EXPECT_FALSE(decode_outcomes(payload.substr(0, payload.size() - 1), decoded));
}

// What head and body have is not written a second time, and comes back as the same bytes of them.
TEST(Record, RefersToWhatHeadAndBodyHave) {
  const std::string key = "wh_0123456789abcdef0123456789abcdef", subject = "batch_0123456789abcdef01234567";
  const std::string head = "POST /webhooks/openai HTTP/1.1\r\nwebhook-id: " + key + "\r\n";
  const std::string body = R"({"type":"batch.completed","data":{"id":")" + subject + "\"}}";
  const NewItem item{key, key, "batch.completed", subject, kNoon, 0, static_cast<std::uint32_t>(body.size())};
  const std::string_view destination = "app";
  const NewEvent event{.source = "openai",
                       .received = kNoon,
                       .dedupe_window = 168h,
                       .peer = "203.0.113.7",
                       .secret_label = "secrets[0]",
                       .head = head,
                       .body = body,
                       .items = std::span(&item, 1),
                       .destinations = std::span(&destination, 1)};
  std::string payload;
  encode_event_meta(event, payload);
  EXPECT_LT(payload.size(), 70u);
  payload += head + body;
  EventRecord decoded;
  ASSERT_TRUE(decode_event(payload, decoded));
  EXPECT_EQ(decoded.items.at(0).dedupe_key, key);
  EXPECT_EQ(decoded.items.at(0).provider_id, key);
  EXPECT_EQ(decoded.items.at(0).type, "batch.completed");
  EXPECT_EQ(decoded.items.at(0).subject, subject);
  EXPECT_EQ(decoded.items.at(0).body_bytes, body.size());
  EXPECT_EQ(decoded.destinations.at(0), "app");
  EXPECT_GE(decoded.items.at(0).subject.data(), decoded.body.data());
  for (std::size_t bytes = 0; bytes < payload.size(); ++bytes)
    EXPECT_FALSE(decode_event(std::string_view(payload).substr(0, bytes), decoded)) << bytes;
}

TEST(Record, GivesACommandACopyKeysAndStateBack) {
  std::string payload;
  encode_command({Command::Kind::cancel, EventId::of(9, 0), "app", kNoon}, payload);
  EXPECT_EQ(decode_command(payload)->event, EventId::of(9, 0));
  EXPECT_EQ(decode_command(payload)->kind, Command::Kind::cancel);

  const std::string original = event_payload();
  const CopyRecord copy{.sequence = 5,
                        .items = {0, 1},
                        .deliveries = {{1, "app", 2, DeliveryState::pending, kNoon, 3, 1, kNoon - 1h}},
                        .event = original};
  payload.clear();
  encode_copy_meta(copy, payload);
  payload += original;
  CopyRecord copied;
  ASSERT_TRUE(decode_copy(payload, copied));
  EXPECT_EQ(copied.sequence, 5u);
  EXPECT_EQ(copied.items, copy.items);
  EXPECT_EQ(copied.deliveries.at(0).destination, "app");
  EXPECT_EQ(copied.deliveries.at(0).changed, kNoon - 1h);
  EXPECT_EQ(copied.event, original);

  payload.clear();
  const KeptKey key{1, 2, kNoon};
  encode_keys(std::span(&key, 1), payload);
  std::vector<KeptKey> keys;
  ASSERT_TRUE(decode_keys(payload, keys));
  EXPECT_EQ(keys.at(0).hash_high, 2u);

  payload.clear();
  encode_state({{{"pause", "app"}, {"", ""}}}, payload);
  StateRecord state;
  ASSERT_TRUE(decode_state(payload, state));
  EXPECT_EQ(state.entries.at(0).first, "pause");
  EXPECT_EQ(state.entries.size(), 2u);
}

TEST(Record, GivesAMarkBack) {
  std::string payload;
  encode_accepted({.rejected = 17, .event = EventId::of(9, 1), .at = kNoon}, payload);
  const auto mark = decode_accepted(payload);
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->rejected, 17u);
  EXPECT_EQ(mark->event, EventId::of(9, 1));
  EXPECT_EQ(mark->at, kNoon);
  EXPECT_FALSE(decode_accepted(payload + "x"));
  EXPECT_FALSE(decode_accepted(payload.substr(1)));
}

// Whatever a payload is, decoding it gives something or nothing, and never reads outside (run under the
// sanitizers).
TEST(Record, BearsAnyPayload) {
  const auto try_all = [](std::string_view payload) {
    EventRecord event;
    CopyRecord copy;
    std::vector<KeptKey> keys;
    StateRecord state;
    int good = decode_event(payload, event) + decode_copy(payload, copy) + decode_keys(payload, keys) +
               decode_state(payload, state);
    std::vector<Outcome> outcomes;
    return good + decode_outcomes(payload, outcomes) + (decode_command(payload) ? 1 : 0) +
           (decode_rejected(payload) ? 1 : 0) + (decode_accepted(payload) ? 1 : 0);
  };
  const std::string payload = event_payload();
  EXPECT_EQ(try_all(payload), 1);
  EventRecord event;
  for (std::size_t bytes = 0; bytes < payload.size(); ++bytes) {
    EXPECT_FALSE(decode_event(std::string_view(payload).substr(0, bytes), event)) << bytes;
  }
  EXPECT_FALSE(decode_event(payload + "x", event));
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    Random random(seed);
    std::string spoiled = payload;
    for (int i = 0; i < 3; ++i)
      spoiled[random.below(spoiled.size())] = static_cast<char>(random.next());
    EXPECT_LE(try_all(spoiled), 3) << "seed " << seed;
  }
}

}  // namespace
}  // namespace creel::store
