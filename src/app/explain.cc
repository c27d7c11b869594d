#include "app/explain.h"

#include <string.h>

#include <chrono>
#include <string>

#include "http/head.h"

namespace creel {
namespace {

SecretText text_of(const KeptSecret& secret, std::string_view source) {
  SecretText text{.label = secret.label(),
                  .text = std::string(secret.text()),
                  .form = secret.form(),
                  .not_before = secret.not_before(),
                  .not_after = secret.not_after()};
  if (!source.empty()) text.label += " of " + std::string(source);
  return text;
}

std::vector<Finding> cannot(std::string text, std::string fix) {
  Finding finding{.kind = FindingKind::bad_request, .text = std::move(text), .fix = std::move(fix)};
  return {std::move(finding)};
}

// The texts are copies that the forensics want as strings; they go as the configuration's own do.
struct Texts {
  ~Texts() {
    for (auto* list : {&secrets, &suspects}) {
      for (SecretText& each : *list)
        if (!each.text.empty()) explicit_bzero(each.text.data(), each.text.size());
    }
  }
  std::vector<SecretText> secrets, suspects;
};

}  // namespace

std::vector<Finding> explain_rejected(const RejectedRequest& rejected, const Live& live,
                                      const CredentialMask& mask) {
  const SourceConfig* source = live.find(rejected.row.source);
  const auto found = live.sources.find(rejected.row.source);
  if (!source || found == live.sources.end()) {
    return cannot("no source \"" + rejected.row.source + "\" is configured",
                  "configure it, and explain the request again");
  }
  if (rejected.body.size() < rejected.row.body_bytes) {
    return cannot("the quarantine kept " + std::to_string(rejected.body.size()) + " of the " +
                      std::to_string(rejected.row.body_bytes) +
                      " bytes of its body, and a signature covers all",
                  "");
  }
  constexpr http::HeadLimits kLimits{.bytes_max = std::size_t{1} << 20, .headers_max = 1000};
  const std::string head = rejected.head + "\r\n";
  std::vector<Header> headers;
  const auto parsed = http::check_head(head, kLimits, headers);
  if (!parsed) return cannot("what was kept of its head is no whole request head", "");

  Texts texts;
  for (const SourceConfig& each : live.config.sources) {
    const bool is_its_own = &each == source;
    for (const KeptSecret& secret : each.secrets) {
      (is_its_own ? texts.secrets : texts.suspects)
          .push_back(text_of(secret, is_its_own ? std::string_view() : each.name));
    }
  }
  const Masking masked = [&mask](std::string_view credential) { return mask.masked(credential); };
  const IncomingRequest request{
      .method = parsed->method, .query = parsed->query, .headers = headers, .body = rejected.body};
  const ForensicInput input{.provider = *source->provider,
                            .request = request,
                            .secrets = texts.secrets,
                            .suspects = texts.suspects,
                            .now = std::chrono::floor<std::chrono::seconds>(rejected.row.received),
                            .options = found->second.options,
                            .masked = &masked};
  return explain_request(input);
}

}  // namespace creel
