// Uses every public header, so that each is seen to be installed and to need nothing else.
#include <creel/genuine.h>
#include <creel/openai.h>
#include <creel/webhooks.h>

#include <cstdio>

int main() {
  constexpr const char* kSecret = "whsec_RdvaYFYUXuIFuEbvZHwMfYFhUf7aMYjYcmM24+Aj40c=";
  const auto now = std::chrono::sys_seconds(std::chrono::seconds(1'790'000'000));
  const std::string body = creel::openai::sample("batch.completed").value();
  const std::string signature = creel::Signer(*creel::Secret::parse(kSecret)).sign("wh_1", now, body);
  const creel::Header headers[] = {
      {"webhook-id", "wh_1"}, {"webhook-timestamp", "1790000000"}, {"webhook-signature", signature}};
  const auto event = creel::openai::unwrap(headers, body, kSecret, now);
  if (!event) return 1;
  std::printf("%s %s\n", event->type.c_str(), std::string(creel::openai::subject_id(*event)).c_str());
  return 0;
}
