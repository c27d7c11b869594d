// The text of a configured secret, kept beside the key that was made of it: for telling why a signature
// fails, and whether a configuration that is read again has other secrets.
//
// Wiped when it goes. Move-only.
#pragma once

#include <string.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <creel/webhooks.h>

namespace creel {

class KeptSecret {
 public:
  KeptSecret(const Key& key, std::string_view text, SecretForm form)
      : label_(key.label),
        not_before_(key.not_before),
        not_after_(key.not_after),
        form_(form),
        text_(text.begin(), text.end()) {}
  // A vector's memory goes along, and nothing stays behind.
  KeptSecret(KeptSecret&&) noexcept = default;
  KeptSecret& operator=(KeptSecret&& other) noexcept {
    std::swap(label_, other.label_);
    std::swap(not_before_, other.not_before_);
    std::swap(not_after_, other.not_after_);
    std::swap(form_, other.form_);
    std::swap(text_, other.text_);
    return *this;
  }
  ~KeptSecret() {
    if (!text_.empty()) explicit_bzero(text_.data(), text_.size());
  }

  const std::string& label() const { return label_; }
  std::string_view text() const { return {text_.data(), text_.size()}; }
  SecretForm form() const { return form_; }
  std::optional<std::chrono::sys_seconds> not_before() const { return not_before_; }
  std::optional<std::chrono::sys_seconds> not_after() const { return not_after_; }

  bool operator==(const KeptSecret&) const = default;

 private:
  std::string label_;
  std::optional<std::chrono::sys_seconds> not_before_, not_after_;
  SecretForm form_;
  std::vector<char> text_;
};

}  // namespace creel
