// A body that claims to be one of OpenAI's events. Reading it twice gives the same event, its bytes are kept,
// and the gateway's reader sees the same type as the library's.
#include <cstdint>
#include <string>

#include <creel/openai.h>

#include "tests/fuzz/check.h"
#include <creel/provider.h>
#include "verify/fields.h"
#include "verify/webhook_fixture.h"

using namespace creel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto event = openai::parse(body);
  if (!event) {
    CHECK_ALWAYS(!openai::describe(event.error()).empty());
    return 0;
  }
  CHECK_ALWAYS(event->raw_body == body);
  const auto again = openai::parse(event->raw_body);
  CHECK_ALWAYS(again && again->data.index() == event->data.index() && again->id == event->id);
  const auto call = openai::follow_up(*event);
  CHECK_ALWAYS(!call || call->path.starts_with("/v1/"));

  static const Receiver receiver(*find_provider("openai"),
                                 testing::make_keys(testing::make_key(testing::kSecret)),
                                 ReceiverOptions{.body_bytes_max = std::size_t{1} << 24});
  testing::TestWebhook webhook;
  webhook.signature = receiver.sign({.provider_id = webhook.id, .body = body, .now = webhook.now}).headers[2].value;
  const auto headers = webhook.headers();
  const auto received = receiver.receive({.headers = headers, .body = body}, webhook.now);
  CHECK_ALWAYS(received && (*received)->items[0].type == readable(event->type));
  return 0;
}
