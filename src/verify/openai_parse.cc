// Bodies of OpenAI's webhooks to typed events.
#include <creel/openai.h>

#include <algorithm>
#include <array>
#include <utility>

#include "verify/json.h"

namespace creel::openai {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

// Reads the fields of `data` and remembers the first that is not as it should be.
class Fields {
 public:
  explicit Fields(object data, std::string path = "data") : data_(data), path_(std::move(path)) {}

  std::string text(std::string_view name) {
    std::string_view value;
    element found;
    if (data_.at_key(name).get(found) != simdjson::SUCCESS) {
      complain(name, "is missing");
    } else if (found.get(value) != simdjson::SUCCESS) {
      complain(name, "is not a string");
    }
    return std::string(value);
  }

  // Absent and null are the same.
  std::optional<std::string> optional_text(std::string_view name) {
    element found;
    if (data_.at_key(name).get(found) != simdjson::SUCCESS || found.is_null()) return std::nullopt;
    return text(name);
  }

  std::optional<object> optional_object(std::string_view name) {
    element found;
    object value;
    if (data_.at_key(name).get(found) != simdjson::SUCCESS || found.is_null()) return std::nullopt;
    if (found.get(value) == simdjson::SUCCESS) return value;
    complain(name, "is not an object");
    return std::nullopt;
  }

  // A text inside an object: required once the object is there.
  std::optional<std::string> text_within(std::string_view name, std::string_view inner) {
    const auto value = optional_object(name);
    if (!value) return std::nullopt;
    Fields fields(*value, path_ + "." + std::string(name));
    std::string text = fields.text(inner);
    if (complaint_.empty()) complaint_ = std::move(fields.complaint_);
    return text;
  }

  std::vector<SipHeader> sip_headers() {
    std::vector<SipHeader> headers;
    simdjson::dom::array list;
    if (data_.at_key("sip_headers").get(list) != simdjson::SUCCESS) {
      complain("sip_headers", "is not an array");
      return headers;
    }
    for (element item : list) {
      object header;
      if (item.get(header) != simdjson::SUCCESS) {
        complain("sip_headers", "holds something that is not an object");
        continue;
      }
      Fields fields(header, path_ + ".sip_headers[]");
      headers.push_back({.name = fields.text("name"), .value = fields.text("value")});
      if (complaint_.empty()) complaint_ = std::move(fields.complaint_);
    }
    return headers;
  }

  const std::string& complaint() const { return complaint_; }
  void complain(std::string_view name, std::string_view what) {
    if (complaint_.empty()) complaint_ = path_ + "." + std::string(name) + " " + std::string(what);
  }

 private:
  object data_;
  std::string path_;
  std::string complaint_;
};

template <class E, std::size_t N>
Open<E> open(std::string text, const std::pair<std::string_view, E> (&known)[N]) {
  for (const auto& [name, value] : known) {
    if (name == text) return {.value = value, .text = std::move(text)};
  }
  return {.value = E::unknown, .text = std::move(text)};
}

template <class E, std::size_t N>
std::optional<Open<E>> open(std::optional<std::string> text,
                            const std::pair<std::string_view, E> (&known)[N]) {
  if (!text) return std::nullopt;
  return open(*std::move(text), known);
}

constexpr std::pair<std::string_view, SipMediaSecurity> kMediaSecurities[] = {
    {"rtp", SipMediaSecurity::rtp}, {"srtp", SipMediaSecurity::srtp}};
constexpr std::pair<std::string_view, LiveTransport> kTransports[] = {{"sip", LiveTransport::sip}};
constexpr std::pair<std::string_view, SafetyCategory> kCategories[] = {{"bio", SafetyCategory::bio},
                                                                       {"cyber", SafetyCategory::cyber}};
constexpr std::pair<std::string_view, EnvironmentType> kEnvironments[] = {
    {"none", EnvironmentType::none},
    {"openai_hosted", EnvironmentType::openai_hosted},
    {"self_hosted", EnvironmentType::self_hosted}};
constexpr std::pair<std::string_view, RequiredAction> kActions[] = {
    {"computer_use_approval_request", RequiredAction::computer_use_approval_request},
    {"function_call", RequiredAction::function_call},
    {"environment_connection", RequiredAction::environment_connection}};

// Most events carry an id and nothing else.
template <class T, auto state>
EventData read_thin(Fields& data) {
  return T{state, data.text("id")};
}

EventData read_realtime_call(Fields& data) {
  return RealtimeCallIncoming{
      .call_id = data.text("call_id"),
      .sip_headers = data.sip_headers(),
      .sip_media_security = open(data.optional_text("sip_media_security"), kMediaSecurities)};
}

EventData read_live_transport(Fields& data) {
  return LiveTransportIncoming{
      .transport = open(data.text("type"), kTransports),
      .session_id = data.text("session_id"),
      .sip_headers = data.sip_headers(),
      .sip_media_security = open(data.optional_text("sip_media_security"), kMediaSecurities)};
}

EventData read_live_call(Fields& data) {
  return LiveCallIncoming{
      .session_id = data.text("session_id"),
      .sip_headers = data.sip_headers(),
      .sip_media_security = open(data.optional_text("sip_media_security"), kMediaSecurities)};
}

EventData read_blocked(Fields& data) {
  return SafetyIdentifierBlocked{.category = open(data.text("safety_category"), kCategories),
                                 .safety_identifier = data.text("safety_identifier"),
                                 .model = data.optional_text("model"),
                                 .project_id = data.optional_text("project_id"),
                                 .request_id = data.optional_text("request_id")};
}

template <AgentSessionEvent::State state>
EventData read_session(Fields& data) {
  return AgentSessionEvent{
      .state = state,
      .id = data.text("id"),
      .environment_type = open(std::optional(data.text("environment_type")), kEnvironments),
      .environment_id = data.optional_text("environment_id"),
      .connect_url = data.text_within("connect", "remote_url"),
      .required_action = std::nullopt};
}

EventData read_action_required(Fields& data) {
  AgentSessionEvent event{.state = AgentSessionEvent::State::action_required,
                          .id = data.text("id"),
                          .environment_type = open(data.optional_text("environment_type"), kEnvironments),
                          .environment_id = data.optional_text("environment_id"),
                          .connect_url = std::nullopt,
                          .required_action = open(data.text_within("required_action", "type"), kActions)};
  if (!event.required_action) data.complain("required_action", "is missing");
  return event;
}

struct Reader {
  std::string_view type;
  EventData (*read)(Fields& data);
};

constexpr auto kReaders = std::to_array<Reader>({
    {"agent.environment.expired", read_thin<AgentEnvironmentEvent, AgentEnvironmentEvent::State::expired>},
    {"agent.environment.failed", read_thin<AgentEnvironmentEvent, AgentEnvironmentEvent::State::failed>},
    {"agent.environment.ready", read_thin<AgentEnvironmentEvent, AgentEnvironmentEvent::State::ready>},
    {"agent.environment.suspended",
     read_thin<AgentEnvironmentEvent, AgentEnvironmentEvent::State::suspended>},
    {"agent.session.action_required", read_action_required},
    {"agent.session.created", read_session<AgentSessionEvent::State::created>},
    {"agent.session.failed", read_session<AgentSessionEvent::State::failed>},
    {"agent.session.idle", read_session<AgentSessionEvent::State::idle>},
    {"agent.session.in_progress", read_session<AgentSessionEvent::State::in_progress>},
    {"batch.cancelled", read_thin<BatchEvent, BatchEvent::State::cancelled>},
    {"batch.completed", read_thin<BatchEvent, BatchEvent::State::completed>},
    {"batch.expired", read_thin<BatchEvent, BatchEvent::State::expired>},
    {"batch.failed", read_thin<BatchEvent, BatchEvent::State::failed>},
    {"eval.run.canceled", read_thin<EvalRunEvent, EvalRunEvent::State::canceled>},
    {"eval.run.failed", read_thin<EvalRunEvent, EvalRunEvent::State::failed>},
    {"eval.run.succeeded", read_thin<EvalRunEvent, EvalRunEvent::State::succeeded>},
    {"fine_tuning.job.cancelled", read_thin<FineTuningJobEvent, FineTuningJobEvent::State::cancelled>},
    {"fine_tuning.job.failed", read_thin<FineTuningJobEvent, FineTuningJobEvent::State::failed>},
    {"fine_tuning.job.succeeded", read_thin<FineTuningJobEvent, FineTuningJobEvent::State::succeeded>},
    {"live.call.incoming", read_live_call},
    {"live.transport.incoming", read_live_transport},
    {"realtime.call.incoming", read_realtime_call},
    {"response.cancelled", read_thin<ResponseEvent, ResponseEvent::State::cancelled>},
    {"response.completed", read_thin<ResponseEvent, ResponseEvent::State::completed>},
    {"response.failed", read_thin<ResponseEvent, ResponseEvent::State::failed>},
    {"response.incomplete", read_thin<ResponseEvent, ResponseEvent::State::incomplete>},
    {"safety.alert.created", read_thin<SafetyAlertEvent, SafetyAlertEvent::Scope::project>},
    {"safety.deactivation_issued", read_thin<SafetyCaseEvent, SafetyCaseEvent::Notice::deactivation>},
    {"safety.org_alert.created", read_thin<SafetyAlertEvent, SafetyAlertEvent::Scope::organization>},
    {"safety.warning_issued", read_thin<SafetyCaseEvent, SafetyCaseEvent::Notice::warning>},
    {"safety_identifier.blocked", read_blocked},
    {"video.completed", read_thin<VideoEvent, VideoEvent::State::completed>},
    {"video.failed", read_thin<VideoEvent, VideoEvent::State::failed>},
});
static_assert(kReaders.size() == 33 && std::ranges::is_sorted(kReaders, {}, &Reader::type));

EventData read_data(std::string_view type, const element& data) {
  using Reason = UnknownEvent::Reason;
  const auto reader = std::ranges::lower_bound(kReaders, type, {}, &Reader::type);
  if (reader == kReaders.end() || reader->type != type) {
    return UnknownEvent{.reason = Reason::new_type, .detail = "the type is not known to this release"};
  }
  object fields_of;
  if (data.get(fields_of) != simdjson::SUCCESS) {
    return UnknownEvent{.reason = Reason::unexpected_data, .detail = "data is not an object"};
  }
  Fields fields(fields_of);
  EventData read = reader->read(fields);
  if (fields.complaint().empty()) return read;
  return UnknownEvent{.reason = Reason::unexpected_data, .detail = fields.complaint()};
}

UnwrapError error_of(UnwrapCause cause, std::string_view field = "") {
  return {.cause = cause, .verify_error = std::nullopt, .secret_error = std::nullopt, .field = field};
}

UnwrapCause cause_of(JsonError error) {
  switch (error) {
    case JsonError::invalid:
      return UnwrapCause::invalid_json;
    case JsonError::duplicate_key:
      return UnwrapCause::duplicate_key;
    case JsonError::too_deep:
      return UnwrapCause::too_deep;
  }
  return UnwrapCause::invalid_json;
}

// Puts the envelope's field into `value`, or says what is wrong with it.
template <class T>
std::optional<UnwrapError> take(const object& envelope, std::string_view name, T& value) {
  element found;
  if (envelope.at_key(name).get(found) != simdjson::SUCCESS)
    return error_of(UnwrapCause::missing_field, name);
  if (found.get(value) != simdjson::SUCCESS) return error_of(UnwrapCause::wrong_type, name);
  return std::nullopt;
}

}  // namespace

std::expected<Event, UnwrapError> parse(std::string_view verified_body) {
  const auto root = parse_json(verified_body);
  if (!root) return std::unexpected(error_of(cause_of(root.error())));
  object envelope;
  if (root->get(envelope) != simdjson::SUCCESS) return std::unexpected(error_of(UnwrapCause::not_an_object));

  std::string_view id;
  std::string_view type;
  std::int64_t created_at = 0;
  element data;
  if (auto error = take(envelope, "id", id)) return std::unexpected(*error);
  if (auto error = take(envelope, "type", type)) return std::unexpected(*error);
  if (auto error = take(envelope, "created_at", created_at)) return std::unexpected(*error);
  if (envelope.at_key("data").get(data) != simdjson::SUCCESS) {
    return std::unexpected(error_of(UnwrapCause::missing_field, "data"));
  }
  return Event{.webhook_id = {},
               .id = std::string(id),
               .type = std::string(type),
               .created_at = std::chrono::sys_seconds(std::chrono::seconds(created_at)),
               .data = read_data(type, data),
               .raw_body = std::string(verified_body),
               .key_index = 0};
}

}  // namespace creel::openai
