#include "store/record.h"

#include <gtest/gtest.h>

#include <algorithm>
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

// What creel wrote before items had targets of their own, byte for byte.
constexpr unsigned char kWithoutTargets[] = {
    0x01, 0x08, 0x06, 0x80, 0xf0, 0x86, 0xc2, 0xee, 0x65, 0x80, 0xea, 0x49, 0x18, 0x6f, 0x70, 0x65, 0x6e,
    0x61, 0x69, 0x20, 0x31, 0x30, 0x2e, 0x30, 0x2e, 0x30, 0x2e, 0x31, 0x1c, 0x63, 0x75, 0x72, 0x72, 0x65,
    0x6e, 0x74, 0x02, 0x10, 0x77, 0x68, 0x5f, 0x31, 0x14, 0x65, 0x76, 0x74, 0x5f, 0x31, 0x3c, 0x62, 0x61,
    0x74, 0x63, 0x68, 0x2e, 0x63, 0x6f, 0x6d, 0x70, 0x6c, 0x65, 0x74, 0x65, 0x64, 0x1c, 0x62, 0x61, 0x74,
    0x63, 0x68, 0x5f, 0x31, 0x03, 0x00, 0x00, 0x04, 0x10, 0x77, 0x68, 0x5f, 0x32, 0x00, 0x0c, 0x74, 0x00,
    0x74, 0x00, 0x02, 0x04, 0x02, 0x02, 0x0c, 0x61, 0x70, 0x70, 0x14, 0x61, 0x75, 0x64, 0x69, 0x74, 0x50,
    0x4f, 0x53, 0x54, 0x20, 0x2f, 0x0d, 0x0a, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66};

TEST(Record, IsWithoutTargetsWhatItAlwaysWas) {
  EXPECT_EQ(event_payload(), std::string(std::begin(kWithoutTargets), std::end(kWithoutTargets)));
}

// A request of six items for three destinations, with all ways to go to some of them.
std::string payload_with_targets() {
  static constexpr std::string_view kBody = "[1,2,3,4,5,6]";
  static constexpr std::array<std::string_view, 3> kNames{"app", "audit", "lake"};
  static constexpr Target kNone[] = {{}}, kAll[] = {{0}, {1}, {2}}, kSome[] = {{2}, {0, true}},
                          kLast[] = {{2, true}}, kTwice[] = {{1, true}, {0}, {1}};
  std::array<NewItem, 6> items;
  for (std::uint32_t i = 0; i < items.size(); ++i)
    items[i] = {.dedupe_key = "k", .type = "t", .body_offset = 1 + 2 * i, .body_bytes = 1};
  items[1].targets = std::span(kNone).first(0);
  items[2].targets = kAll;
  items[3].targets = kSome;
  items[4].targets = kLast;
  items[5].targets = kTwice;
  std::string payload;
  encode_event_meta({.source = "s",
                     .received = kNoon,
                     .head = "POST /\r\n",
                     .body = kBody,
                     .items = items,
                     .destinations = kNames},
                    payload);
  return payload + "POST /\r\n" + std::string(kBody);
}

TEST(Record, GivesTheTargetsOfEachItemBack) {
  const std::string payload = payload_with_targets();
  EventRecord event;
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(decode_event(payload, event));
    std::vector<std::vector<std::string_view>> names, transformed;
    for (std::uint16_t i = 0; i < event.items.size(); ++i) {
      event.each_destination(event.items[i],
                             [&to = names.emplace_back()](std::string_view name) { to.push_back(name); });
      const StoredEventView view = event_view(event, EventId::of(7, i));
      transformed.emplace_back(view.transformed.begin(), view.transformed.end());
      EXPECT_EQ(view.dedupe_key, "k");
    }
    using Names = std::vector<std::string_view>;
    EXPECT_EQ(names, (std::vector<Names>{{"app", "audit", "lake"},
                                         {},
                                         {"app", "audit", "lake"},
                                         {"lake", "app"},
                                         {"lake"},
                                         {"audit", "app"}}));
    EXPECT_EQ(transformed, (std::vector<Names>{{}, {}, {}, {"app"}, {"lake"}, {"audit"}}));
  }
  ASSERT_TRUE(decode_event(event_payload(), event));
  EXPECT_TRUE(event_view(event, EventId::of(7, 0)).transformed.empty()) << "left over from the one before";
}

TEST(Record, GivesACopyOfAViewItsKeyAndItsTransforms) {
  const std::string payload = payload_with_targets();
  EventRecord event;
  ASSERT_TRUE(decode_event(payload, event));
  const StoredEvent copy = event_view(event, EventId::of(7, 3)).copy();
  EXPECT_EQ(copy.dedupe_key, "k");
  EXPECT_EQ(copy.transformed, std::vector<std::string>{"app"});
}

TEST(Record, RefusesTargetsThatMakeNoSense) {
  const std::string payload = payload_with_targets();
  const std::string kLast("\1\5", 2);  // one target: 2, transformed
  const std::size_t at = payload.find(kLast + "\4k");
  ASSERT_NE(at, std::string::npos);
  const auto with = [&payload, at](std::string_view targets) {
    std::string spoiled = payload;
    spoiled.replace(at, 2, targets);
    EventRecord event;
    return decode_event(spoiled, event);
  };
  EXPECT_TRUE(with(kLast));
  EXPECT_TRUE(with(std::string_view("\2\5\0", 3)));
  EXPECT_FALSE(with("\1\6")) << "the fourth of three";
  EXPECT_FALSE(with("\1\xff\xff\x07")) << "the 65536th";
  EXPECT_FALSE(with("\1\x81\x80\x08")) << "larger than a number can be";
  EXPECT_FALSE(with("\2\5\4")) << "one destination twice";
  EXPECT_FALSE(with("\xff\xff\3\5")) << "more than there are bytes";
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

TEST(Record, GivesWhyAndHowLongOfAnAttemptBack) {
  constexpr AttemptTrigger kTriggers[] = {AttemptTrigger::first, AttemptTrigger::retry,
                                          AttemptTrigger::manual, AttemptTrigger::replay,
                                          AttemptTrigger::resume};
  const AttemptTimings all[] = {{},
                                {.first_byte = 1us},
                                {.dns = 1us, .connect = 300us, .tls = 40ms, .first_byte = 3600s},
                                {.connect = 70us, .first_byte = 128us}};
  std::string payload;
  OutcomeWriter writer(payload);
  std::vector<Outcome> outcomes;
  for (const AttemptTrigger trigger : kTriggers) {
    for (const AttemptTimings& timings : all) {
      Outcome outcome{.delivery = {EventId::of(7 + outcomes.size(), 0), "app", 1},
                      .attempt = {},
                      .state = DeliveryState::delivered,
                      .due = {}};
      outcome.attempt.result = AttemptResult::delivered;
      outcome.attempt.trigger = trigger;
      outcome.attempt.timings = timings;
      outcomes.push_back(outcome);
    }
  }
  for (const Outcome& outcome : outcomes)
    writer.add(outcome);
  std::vector<Outcome> decoded;
  ASSERT_TRUE(decode_outcomes(payload, decoded));
  ASSERT_EQ(decoded.size(), outcomes.size());
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(decoded[i].attempt.trigger, outcomes[i].attempt.trigger) << i;
    EXPECT_EQ(decoded[i].attempt.timings, outcomes[i].attempt.timings) << i;
  }
}

TEST(Record, AddsNothingForWhatNeverHappened) {
  Outcome outcome{
      .delivery = {EventId::of(7, 0), "app", 1}, .attempt = {}, .state = DeliveryState::delivered, .due = {}};
  outcome.attempt.result = AttemptResult::delivered;
  std::string plain, timed;
  encode_outcome(outcome, plain);
  outcome.attempt.timings.first_byte = 400us;
  encode_outcome(outcome, timed);
  EXPECT_EQ(timed.size(), plain.size() + 3) << "a byte that says which, and the number";
}

TEST(Record, GivesAnOutcomeBack) {
  const Outcome outcome{
      .delivery = {EventId::of(7, 1), "app", 3},
      .attempt = {4, kNoon, 250ms, AttemptResult::status, 503, std::string(300, 'r'), "said 503", {}, {}},
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
                        .attempt = {1, kNoon + i * 1s, 12ms, AttemptResult::delivered, 204, "", "", {}, {}},
                        .state = DeliveryState::delivered,
                        .due = {}});
  }
  outcomes[2].delivery = {EventId::of((Sequence{1} << 47) + 5, 65'535), "audit", 7};
  outcomes[3].attempt = {1, kNoon - 24h, -5ms, AttemptResult::timeout, 0, "r", "no answer", {}, {}};
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
  for (const std::string& payload : {event_payload(), payload_with_targets()}) {
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
      if (!decode_event(spoiled, event)) continue;
      for (std::uint16_t i = 0; i < event.items.size(); ++i) {
        event.each_destination(event.items[i], [&event](std::string_view name) {
          EXPECT_NE(std::ranges::find(event.destinations, name), event.destinations.end());
        });
        EXPECT_LE(event_view(event, EventId::of(1, i)).transformed.size(), event.destinations.size());
      }
    }
  }
}

}  // namespace
}  // namespace creel::store
