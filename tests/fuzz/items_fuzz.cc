// An array of events. Where the JSON reader accepts it, its slices are its elements, one for one and written
// alike; of any other text they are at least parts that do not overlap.
#include <cstdint>
#include <string>
#include <vector>

#include "tests/fuzz/check.h"
#include "verify/items.h"
#include "verify/json.h"

using namespace creel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> slices;
  const char* end = text.data();
  ArrayItems items(text);
  while (const auto item = items.next()) {
    CHECK_ALWAYS(!item->empty() && item->data() >= end && item->data() + item->size() <= text.data() + size);
    end = item->data() + item->size();
    slices.push_back(*item);
  }

  std::vector<std::string> elements;
  {
    const auto root = parse_json(text);
    if (!root || !root->is_array()) return 0;
    const simdjson::dom::array array = root->get_array().value_unsafe();
    for (simdjson::dom::element element : array)
      elements.push_back(simdjson::minify(element));
  }
  CHECK_ALWAYS(elements.size() == slices.size());
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const auto alone = parse_json(slices[i]);
    CHECK_ALWAYS(alone && simdjson::minify(*alone) == elements[i]);
  }
  return 0;
}
