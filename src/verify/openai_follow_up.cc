// What to ask OpenAI's REST API after an event.
#include <creel/openai.h>

namespace creel::openai {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

constexpr std::string_view kAgentsHeader = "OpenAI-Beta: agents=v1";

// Everything but letters, digits, '_', '-' and '~' is encoded, the full stop too: no id can climb out of its
// path.
std::string encoded(std::string_view id) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (char c : id) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          c == '_' || c == '-' || c == '~';
    if (is_plain) {
      text += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    text += '%';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

RestCall get(std::string_view folder, std::string_view id, std::string_view header = "") {
  return {.method = "GET", .path = std::string(folder) + encoded(id), .missing = "", .header = header};
}

// The session's configuration is the application's to choose, so the body is missing.
RestCall accept(std::string_view folder, std::string_view id) {
  return {.method = "POST",
          .path = std::string(folder) + encoded(id) + "/accept",
          .missing = "body",
          .header = ""};
}

}  // namespace

RestCall follow_up(const EvalRunEvent& run, std::string_view eval_id) {
  return {.method = "GET",
          .path = "/v1/evals/" + encoded(eval_id) + "/runs/" + encoded(run.id),
          .missing = "",
          .header = ""};
}

std::optional<RestCall> follow_up(const Event& event) {
  using Call = std::optional<RestCall>;
  return std::visit(
      Overloaded{
          [](const BatchEvent& e) -> Call { return get("/v1/batches/", e.id); },
          [](const EvalRunEvent& e) -> Call {
            return RestCall{.method = "GET",
                            .path = "/v1/evals/{eval_id}/runs/" + encoded(e.id),
                            .missing = "eval_id",
                            .header = ""};
          },
          [](const FineTuningJobEvent& e) -> Call { return get("/v1/fine_tuning/jobs/", e.id); },
          [](const ResponseEvent& e) -> Call { return get("/v1/responses/", e.id); },
          [](const RealtimeCallIncoming& e) -> Call { return accept("/v1/realtime/calls/", e.call_id); },
          [](const LiveTransportIncoming& e) -> Call { return accept("/v1/live/sessions/", e.session_id); },
          [](const LiveCallIncoming& e) -> Call { return accept("/v1/live/sessions/", e.session_id); },
          [](const SafetyAlertEvent& e) -> Call { return get("/v1/safety/alerts/", e.id); },
          [](const SafetyCaseEvent& e) -> Call { return get("/v1/safety/cases/", e.id); },
          [](const SafetyIdentifierBlocked&) -> Call { return std::nullopt; },
          [](const AgentSessionEvent& e) -> Call { return get("/v1/agents/sessions/", e.id, kAgentsHeader); },
          [](const AgentEnvironmentEvent& e) -> Call {
            return get("/v1/agents/environments/", e.id, kAgentsHeader);
          },
          [](const VideoEvent& e) -> Call { return get("/v1/videos/", e.id); },
          [](const UnknownEvent&) -> Call { return std::nullopt; },
      },
      event.data);
}

std::string_view subject_id(const Event& event) {
  using View = std::string_view;
  return std::visit(
      Overloaded{[](const RealtimeCallIncoming& e) -> View { return e.call_id; },
                 [](const LiveTransportIncoming& e) -> View { return e.session_id; },
                 [](const LiveCallIncoming& e) -> View { return e.session_id; },
                 [](const SafetyIdentifierBlocked& e) -> View { return e.safety_identifier; },
                 [](const UnknownEvent&) -> View { return {}; }, [](const auto& e) -> View { return e.id; }},
      event.data);
}

}  // namespace creel::openai
