// A body of every type, for tests and for sending test events. All ids are made up.
#include <creel/openai.h>

#include <algorithm>
#include <array>

namespace creel::openai {
namespace {

struct Sample {
  std::string_view type;
  std::string_view data;
};

constexpr auto kSamples = std::to_array<Sample>({
    {"agent.environment.expired", R"({"id": "ccarenv_5ca1ab1e0004"})"},
    {"agent.environment.failed", R"({"id": "ccarenv_5ca1ab1e0002"})"},
    {"agent.environment.ready", R"({"id": "ccarenv_5ca1ab1e0001"})"},
    {"agent.environment.suspended", R"({"id": "ccarenv_5ca1ab1e0003"})"},
    {"agent.session.action_required",
     R"({"id": "sess_0ddba11c0ffee005", "required_action": {"type": "function_call"}})"},
    {"agent.session.created",
     R"({"id": "sess_0ddba11c0ffee001", "environment_type": "self_hosted", "environment_id": "ccarenv_5ca1ab1e0001", )"
     R"("connect": {"remote_url": "wss://agents.example.com/connect/5ca1ab1e0001"}})"},
    {"agent.session.failed", R"({"id": "sess_0ddba11c0ffee004", "environment_type": "none"})"},
    {"agent.session.idle",
     R"({"id": "sess_0ddba11c0ffee003", "environment_type": "openai_hosted", "environment_id": "ccarenv_5ca1ab1e0001"})"},
    {"agent.session.in_progress",
     R"({"id": "sess_0ddba11c0ffee002", "environment_type": "openai_hosted", "environment_id": "ccarenv_5ca1ab1e0001"})"},
    {"batch.cancelled", R"({"id": "batch_7ab1e5a1ad0000000000000000000002"})"},
    {"batch.completed", R"({"id": "batch_7ab1e5a1ad0000000000000000000001"})"},
    {"batch.expired", R"({"id": "batch_7ab1e5a1ad0000000000000000000003"})"},
    {"batch.failed", R"({"id": "batch_7ab1e5a1ad0000000000000000000004"})"},
    {"eval.run.canceled", R"({"id": "evalrun_ca11ab1e000000000000000000000003"})"},
    {"eval.run.failed", R"({"id": "evalrun_ca11ab1e000000000000000000000002"})"},
    {"eval.run.succeeded", R"({"id": "evalrun_ca11ab1e000000000000000000000001"})"},
    {"fine_tuning.job.cancelled", R"({"id": "ftjob-Cr33lSampleJob0000000003"})"},
    {"fine_tuning.job.failed", R"({"id": "ftjob-Cr33lSampleJob0000000002"})"},
    {"fine_tuning.job.succeeded", R"({"id": "ftjob-Cr33lSampleJob0000000001"})"},
    {"live.call.incoming", R"({"session_id": "live_decade5eedface000000000000000002", "sip_headers": [)"
                           R"({"name": "From", "value": "<sip:+15005550102@trunk.example.com>;tag=c0de"}]})"},
    {"live.transport.incoming",
     R"({"type": "sip", "session_id": "live_decade5eedface000000000000000001", "sip_headers": [)"
     R"({"name": "From", "value": "<sip:+15005550101@trunk.example.com>;tag=beef"}, )"
     R"({"name": "To", "value": "<sip:proj_Cr33lSample@sip.api.openai.com>"}], "sip_media_security": "srtp"})"},
    {"realtime.call.incoming",
     R"({"call_id": "rtc_f00dfacade000000000000000000001a", "sip_headers": [)"
     R"({"name": "From", "value": "\"Grace\" <sip:+15005550100@trunk.example.com>;tag=cafe"}, )"
     R"({"name": "To", "value": "<sip:proj_Cr33lSample@sip.api.openai.com>"}, )"
     R"({"name": "Call-ID", "value": "5ca1ab1e-0000-4000-8000-c0ffee000001"}], "sip_media_security": "rtp"})"},
    {"response.cancelled", R"({"id": "resp_ba5eba11000000000000000000000002"})"},
    {"response.completed", R"({"id": "resp_ba5eba11000000000000000000000001"})"},
    {"response.failed", R"({"id": "resp_ba5eba11000000000000000000000003"})"},
    {"response.incomplete", R"({"id": "resp_ba5eba11000000000000000000000004"})"},
    {"safety.alert.created", R"({"id": "alert_a1e47000000000000000000000000001"})"},
    {"safety.deactivation_issued", R"({"id": "C-cr33l2"})"},
    {"safety.org_alert.created", R"({"id": "alert_a1e47000000000000000000000000002"})"},
    {"safety.warning_issued", R"({"id": "C-cr33l1"})"},
    {"safety_identifier.blocked",
     R"({"safety_category": "cyber", "safety_identifier": "user_c0ffee", "model": "gpt-5.5", )"
     R"("project_id": "proj_Cr33lSample", "request_id": "req_c0ffee"})"},
    {"video.completed", R"({"id": "video_f1a5hbac000000000000000000000001"})"},
    {"video.failed", R"({"id": "video_f1a5hbac000000000000000000000002"})"},
});
static_assert(kSamples.size() == 33 && std::ranges::is_sorted(kSamples, {}, &Sample::type));

}  // namespace

std::optional<std::string> sample(std::string_view type, std::chrono::sys_seconds created_at) {
  const auto found = std::ranges::lower_bound(kSamples, type, {}, &Sample::type);
  if (found == kSamples.end() || found->type != type) return std::nullopt;

  const std::string number = std::to_string(found - kSamples.begin() + 1);
  std::string body = R"({"id": "evt_5a3b1e0000000000000000000000)";
  body.append(4 - number.size(), '0') += number;
  body += R"(", "object": "event", "created_at": )" + std::to_string(created_at.time_since_epoch().count());
  ((body += R"(, "type": ")") += type) += R"(", "data": )";
  (body += found->data) += '}';
  return body;
}

}  // namespace creel::openai
