// The header by which an attempt shows who creel is. What it shows is a secret: never logged, never kept.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "core/model.h"

namespace creel {

// What a destination's authentication adds to its requests. Prepared once; does not change.
class AuthHeader {
 public:
  explicit AuthHeader(HttpAuth auth);
  AuthHeader(AuthHeader&&) noexcept;
  ~AuthHeader();

  // "" when there is none.
  std::string_view name() const;
  // `token` is that of OAuth2.
  std::string value(std::string_view body, std::string_view token) const;

 private:
  struct Mac;

  HttpAuth auth_;
  std::unique_ptr<const Mac> mac_;
};

// "Basic …" as RFC 7617 has it.
std::string basic_credentials(std::string_view user, std::string_view password);

}  // namespace creel
