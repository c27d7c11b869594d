// A form of any bytes. Its fields, encoded again, are read as the same fields; nothing grows by being read.
#include <cstdint>
#include <string>

#include "tests/fuzz/check.h"
#include "verify/form.h"
#include "verify/percent.h"

using namespace creel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto fields = parse_form(text);
  if (!fields) {
    CHECK_ALWAYS(size > kFormFieldsMax);
    return 0;
  }
  std::string again;
  std::size_t bytes = 0;
  for (const FormField& field : *fields) {
    bytes += field.name.size() + field.value.size();
    again += percent_encoded_field(field.name) + '=' + percent_encoded_field(field.value) + '&';
    const std::string* found = find_form_value(*fields, field.name);
    CHECK_ALWAYS(found != nullptr);
  }
  CHECK_ALWAYS(bytes <= size);
  CHECK_ALWAYS(parse_form(again) == fields);
  return 0;
}
