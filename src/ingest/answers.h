// What senders are answered, as pure functions.
#pragma once

#include <string_view>

#include <creel/provider.h>
#include "http/http.h"
#include "store/store.h"

namespace creel {

http::Response plain_answer(int status, std::string_view text);
http::Response json_answer(int status, std::string_view text);
http::Response answer_of(const Reply& reply);

// 2xx as the provider wants it for an event of this type. That it was a duplicate is said only where the
// provider does not ask for a body of its own.
http::Response success_answer(const Provider& provider, std::string_view type, bool is_duplicate);

// 503, with what the provider is asked to wait before it comes again.
http::Response unavailable_answer(StoreError error);
http::Response unavailable_answer();

// For the log and for operators: which kind of trouble.
std::string_view store_error_name(StoreError error);

}  // namespace creel
