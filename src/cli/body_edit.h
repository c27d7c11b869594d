// --set: changes to a body before it is signed.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace creel::cli {

// Applies "data.id=batch_42" and the like to a body of JSON, or of a form where `content_type` says so. A
// value that is JSON is taken as such. A form's field is named whole; where a field holds JSON,
// "payload.action.id=x" goes on inside. The body is written anew. The error is a sentence that names the
// assignment.
std::expected<void, std::string> edit_body(const std::vector<std::string>& assignments,
                                           std::string_view content_type, std::string& body);

// Puts a text at "/signature/signature" of a JSON body, which is written anew. False when there is no such
// place.
bool set_at_pointer(std::string_view pointer, std::string_view text, std::string& body);

}  // namespace creel::cli
