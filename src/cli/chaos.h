// What can go wrong between a sender and a receiver, done on purpose to a body that was signed already.
#pragma once

#include <string>
#include <string_view>

namespace creel::cli {

// Without its second half: what is left of a transfer that broke off and was taken for whole.
std::string truncated(std::string_view body);

// What a proxy makes of a body that it read and wrote again: members of JSON, or fields of a form, in reverse
// order and without the white space between them. Another text in any case, a space longer where there is
// nothing to re-order.
std::string shuffled(std::string_view body);

}  // namespace creel::cli
