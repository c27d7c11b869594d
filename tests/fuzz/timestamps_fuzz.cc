// The text of a timestamp. Strict reading accepts one text for each time; whatever it accepts, the lenient
// reading reads alike.
#include <cstdint>
#include <string>

#include "tests/fuzz/check.h"
#include "verify/timestamp.h"

using namespace creel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto strict = parse_timestamp(text);
  const auto lenient = parse_timestamp_as_sdks(text);
  if (strict) {
    CHECK_ALWAYS(std::to_string(*strict) == text);
    CHECK_ALWAYS(strict == lenient);
  }
  const auto time = parse_iso_8601(text);
  if (time) CHECK_ALWAYS(text.size() >= std::string_view("2022-11-03T20:26:10Z").size());
  const auto any = parse_time(text);
  if (any)
    CHECK_ALWAYS(any->time_since_epoch().count() >= 0 && any->time_since_epoch().count() < 253'402'300'800);
  return 0;
}
