#include <creel/openai.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "verify/webhook_fixture.h"

namespace creel::openai {
namespace {

using testing::at;
using testing::kOtherSecret;
using testing::kSecret;
using testing::TestWebhook;

Event read(std::string_view type, std::string_view data) {
  return parse(R"({"id":"evt_1","created_at":1,"type":")" + std::string(type) + R"(","data":)" +
               std::string(data) + "}")
      .value();
}

template <class T>
T read_as(std::string_view type, std::string_view data) {
  return std::get<T>(read(type, data).data);
}

TEST(Openai, UnwrapsATypedEvent) {
  const TestWebhook webhook;
  const auto verifier = make_verifier({"", nullptr, kOtherSecret.data(), kSecret.data()});
  const auto event = unwrap(webhook.headers(), webhook.body, *verifier, webhook.now);
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->webhook_id, webhook.id);
  EXPECT_EQ(event->id, "evt_685c059ae3a481909bdc86819b066fb6");
  EXPECT_EQ(event->type, "response.completed");
  EXPECT_EQ(event->created_at, at(1750861210));
  EXPECT_EQ(event->raw_body, webhook.body);
  EXPECT_EQ(event->key_index, 1U);
  EXPECT_EQ(std::get<ResponseEvent>(event->data).state, ResponseEvent::State::completed);
  EXPECT_EQ(std::get<ResponseEvent>(event->data).id, "resp_123");
}

TEST(Openai, UnwrapsWithTheTextOfASecret) {
  const TestWebhook webhook;
  EXPECT_TRUE(unwrap(webhook.headers(), webhook.body, kSecret, webhook.now));
  const auto refused = unwrap(webhook.headers(), webhook.body, "v1,whsec_x", webhook.now);
  EXPECT_EQ(refused.error().cause, UnwrapCause::bad_secret);
  EXPECT_EQ(refused.error().secret_error, SecretError::has_version_tag);
  EXPECT_TRUE(is_ours(refused.error()));
}

TEST(Openai, ParsesNothingThatIsNotGenuine) {
  TestWebhook webhook;
  webhook.body = "not-json";
  const auto refused = unwrap(webhook.headers(), webhook.body, kSecret, webhook.now);
  EXPECT_EQ(refused.error().cause, UnwrapCause::signature);
  EXPECT_EQ(refused.error().verify_error, VerifyError::signature_mismatch);
  EXPECT_FALSE(is_ours(refused.error()));
  EXPECT_EQ(describe(refused.error()), creel::describe(VerifyError::signature_mismatch));
}

TEST(Openai, NeedsAtLeastOneSecret) {
  EXPECT_EQ(make_verifier({"", nullptr}).error(), SecretError::empty);
  EXPECT_EQ(make_verifier({kSecret.data(), "whsec_"}).error(), SecretError::too_short);
  EXPECT_EQ(make_verifier({testing::kWhpk.data()}).error(), SecretError::is_public_key);
  const std::vector<std::string> raw{"synthetic-webhook-secret"};
  EXPECT_EQ(make_verifier(raw).error(), SecretError::bad_prefix);
  EXPECT_TRUE(make_verifier(raw, openai_sdk_compatibility(), SecretForm::openai_sdk).has_value());
}

TEST(Openai, KnowsThirtyThreeTypesAndHasASampleOfEach) {
  ASSERT_EQ(event_types().size(), 33U);
  std::set<std::string> ids;
  for (std::string_view type : event_types()) {
    const auto event = parse(*sample(type, at(1234567890)));
    ASSERT_TRUE(event.has_value()) << type;
    EXPECT_EQ(event->type, type);
    EXPECT_EQ(event->created_at, at(1234567890));
    EXPECT_FALSE(std::holds_alternative<UnknownEvent>(event->data)) << type;
    EXPECT_NE(subject_id(*event), "") << type;
    ids.insert(event->id);
  }
  EXPECT_EQ(ids.size(), 33U);
  EXPECT_EQ(sample("batch.done"), std::nullopt);
  EXPECT_EQ(nearest_event_type("response.complete"), "response.completed");
}

TEST(Openai, SaysWhatIsWrongWithAnEnvelope) {
  const struct {
    std::string_view body;
    UnwrapCause cause;
    std::string_view field;
  } rows[] = {
      {"not-json", UnwrapCause::invalid_json, ""},
      {"{\"id\":\"\xff\"}", UnwrapCause::invalid_json, ""},
      {"[]", UnwrapCause::not_an_object, ""},
      {"{}", UnwrapCause::missing_field, "id"},
      {R"({"id":"e"})", UnwrapCause::missing_field, "type"},
      {R"({"id":"e","type":"t"})", UnwrapCause::missing_field, "created_at"},
      {R"({"id":"e","type":"t","created_at":1})", UnwrapCause::missing_field, "data"},
      {R"({"id":1,"type":"t","created_at":1,"data":{}})", UnwrapCause::wrong_type, "id"},
      {R"({"id":"e","type":null,"created_at":1,"data":{}})", UnwrapCause::wrong_type, "type"},
      {R"({"id":"e","type":"t","created_at":1.5,"data":{}})", UnwrapCause::wrong_type, "created_at"},
      {R"({"id":"e","type":"t","created_at":"1","data":{}})", UnwrapCause::wrong_type, "created_at"},
      {R"({"id":"e","type":"t","type":"u","created_at":1,"data":{}})", UnwrapCause::duplicate_key, ""},
  };
  for (const auto& row : rows) {
    const auto event = parse(row.body);
    ASSERT_FALSE(event.has_value()) << row.body;
    EXPECT_EQ(event.error().cause, row.cause) << row.body;
    EXPECT_EQ(event.error().field, row.field) << row.body;
    EXPECT_NE(describe(event.error()), "unknown error");
  }
  EXPECT_EQ(parse(std::string(1000, '[') + std::string(1000, ']')).error().cause, UnwrapCause::too_deep);
}

TEST(Openai, KeepsATypeThatItDoesNotKnow) {
  const Event event = read("future.event", R"({"anything": [1, 2]})");
  EXPECT_EQ(std::get<UnknownEvent>(event.data).reason, UnknownEvent::Reason::new_type);
  EXPECT_EQ(event.type, "future.event");
  EXPECT_NE(event.raw_body.find(R"({"anything": [1, 2]})"), std::string::npos);
  EXPECT_FALSE(follow_up(event).has_value());
}

TEST(Openai, KeepsDataOfAnotherShapeWithTheReason) {
  const struct {
    std::string_view type;
    std::string_view data;
    std::string_view detail;
  } rows[] = {
      {"batch.completed", "[]", "data is not an object"},
      {"batch.completed", "null", "data is not an object"},
      {"batch.completed", "{}", "data.id is missing"},
      {"batch.completed", R"({"id":1})", "data.id is not a string"},
      {"realtime.call.incoming", R"({"call_id":"rtc_1"})", "data.sip_headers is not an array"},
      {"realtime.call.incoming", R"({"call_id":"rtc_1","sip_headers":[{"name":"From"}]})",
       "data.sip_headers[].value is missing"},
      {"realtime.call.incoming", R"({"call_id":"rtc_1","sip_headers":["From"]})",
       "data.sip_headers holds something that is not an object"},
      {"agent.session.created", R"({"id":"s"})", "data.environment_type is missing"},
      {"agent.session.created", R"({"id":"s","environment_type":"none","connect":{}})",
       "data.connect.remote_url is missing"},
      {"agent.session.action_required", R"({"id":"s"})", "data.required_action is missing"},
      {"agent.session.action_required", R"({"id":"s","required_action":"x"})",
       "data.required_action is not an object"},
  };
  for (const auto& row : rows) {
    const auto unknown = read_as<UnknownEvent>(row.type, row.data);
    EXPECT_EQ(unknown.reason, UnknownEvent::Reason::unexpected_data);
    EXPECT_EQ(unknown.detail, row.detail);
  }
}

TEST(Openai, LeavesOpenSetsOpen) {
  const auto call = [](std::string_view security) {
    return read_as<LiveCallIncoming>("live.call.incoming", R"({"session_id":"sess_sip","sip_headers":[])" +
                                                               std::string(security) + "}")
        .sip_media_security;
  };
  EXPECT_FALSE(call("").has_value());
  EXPECT_FALSE(call(R"(,"sip_media_security":null)").has_value());
  EXPECT_EQ(call(R"(,"sip_media_security":"rtp")")->value, SipMediaSecurity::rtp);
  EXPECT_EQ(call(R"(,"sip_media_security":"srtp")")->value, SipMediaSecurity::srtp);
  EXPECT_EQ(call(R"(,"sip_media_security":"")")->value, SipMediaSecurity::unknown);
  EXPECT_EQ(call(R"(,"sip_media_security":"future-protection")")->value, SipMediaSecurity::unknown);
  EXPECT_EQ(call(R"(,"sip_media_security":"future-protection")")->text, "future-protection");

  const auto session =
      read_as<AgentSessionEvent>("agent.session.idle", R"({"id":"s","environment_type":"moon"})");
  EXPECT_EQ(session.environment_type->value, EnvironmentType::unknown);
  EXPECT_EQ(session.environment_type->text, "moon");
}

TEST(Openai, ReadsEveryFieldOfACall) {
  const auto call = read_as<RealtimeCallIncoming>(
      "realtime.call.incoming",
      R"({"call_id":"rtc_1","sip_headers":[{"name":"X","value":"1"},{"name":"X","value":"2"}],"new_field":7})");
  ASSERT_EQ(call.sip_headers.size(), 2U);
  EXPECT_EQ(call.sip_headers[1].value, "2");
  const auto transport = read_as<LiveTransportIncoming>(
      "live.transport.incoming", R"({"type":"sip","session_id":"live_1","sip_headers":[]})");
  EXPECT_EQ(transport.transport.value, LiveTransport::sip);
}

TEST(Openai, ReadsEveryFieldOfAnAgentSession) {
  const auto created = read_as<AgentSessionEvent>(
      "agent.session.created",
      R"({"id":"s","environment_type":"self_hosted","environment_id":"e","connect":{"remote_url":"wss://x"}})");
  EXPECT_EQ(created.environment_type->value, EnvironmentType::self_hosted);
  EXPECT_EQ(created.environment_id, "e");
  EXPECT_EQ(created.connect_url, "wss://x");
  const auto waiting = read_as<AgentSessionEvent>("agent.session.action_required",
                                                  R"({"id":"s","required_action":{"type":"function_call"}})");
  EXPECT_EQ(waiting.required_action->value, RequiredAction::function_call);
}

TEST(Openai, SaysWhatToFetchNext) {
  const struct {
    std::string_view type;
    std::string_view data;
    std::string_view call;
  } rows[] = {
      {"batch.failed", R"({"id":"batch_1"})", "GET /v1/batches/batch_1"},
      {"response.completed", R"({"id":"resp_1"})", "GET /v1/responses/resp_1"},
      {"fine_tuning.job.failed", R"({"id":"ftjob-1"})", "GET /v1/fine_tuning/jobs/ftjob-1"},
      {"eval.run.failed", R"({"id":"evalrun_1"})", "GET /v1/evals/{eval_id}/runs/evalrun_1 eval_id"},
      {"realtime.call.incoming", R"({"call_id":"rtc_1","sip_headers":[]})",
       "POST /v1/realtime/calls/rtc_1/accept body"},
      {"live.call.incoming", R"({"session_id":"live_1","sip_headers":[]})",
       "POST /v1/live/sessions/live_1/accept body"},
      {"safety.alert.created", R"({"id":"alert_1"})", "GET /v1/safety/alerts/alert_1"},
      {"safety.warning_issued", R"({"id":"C-1"})", "GET /v1/safety/cases/C-1"},
      {"agent.environment.ready", R"({"id":"e"})", "GET /v1/agents/environments/e OpenAI-Beta: agents=v1"},
      {"agent.session.idle", R"({"id":"s","environment_type":"none"})",
       "GET /v1/agents/sessions/s OpenAI-Beta: agents=v1"},
      {"video.failed", R"({"id":"video_1"})", "GET /v1/videos/video_1"},
      {"batch.failed", R"({"id":"../x?y"})", "GET /v1/batches/%2E%2E%2Fx%3Fy"},
  };
  for (const auto& row : rows) {
    const auto call = follow_up(read(row.type, row.data));
    ASSERT_TRUE(call.has_value()) << row.type;
    std::string text = std::string(call->method) + " " + call->path;
    for (std::string_view rest : {call->missing, call->header}) {
      if (!rest.empty()) text += " " + std::string(rest);
    }
    EXPECT_EQ(text, row.call);
  }
  const auto run = read_as<EvalRunEvent>("eval.run.succeeded", R"({"id":"evalrun_1"})");
  EXPECT_EQ(follow_up(run, "eval_9").path, "/v1/evals/eval_9/runs/evalrun_1");
  EXPECT_FALSE(follow_up(parse(*sample("safety_identifier.blocked")).value()).has_value());
}

}  // namespace
}  // namespace creel::openai
