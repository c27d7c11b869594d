// The elements of a JSON array as they stand in the text: exact slices, never written anew.
//
// What is in them is the JSON reader's business; this only finds where each begins and ends. Its text has
// been accepted by parse_json; given any other it finds something or nothing, and stays inside.
#pragma once

#include <optional>
#include <string_view>

namespace creel {

class ArrayItems {
 public:
  // `array` is the text of an array, white space around it allowed.
  explicit ArrayItems(std::string_view array);

  // The next element without the white space around it; nothing after the last.
  std::optional<std::string_view> next();

 private:
  std::string_view rest_;  // begins with an element, or is empty
};

}  // namespace creel
