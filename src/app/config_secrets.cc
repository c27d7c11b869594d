#include "app/config_secrets.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace creel {
namespace {

// Labels are stored with events and stand in tables.
bool is_good_label(std::string_view label) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
  return !label.empty() && label.size() <= 64 && std::ranges::none_of(label, is_control);
}

std::optional<GivenSecret> read_table(const TomlNode& node, std::string title, const Outside& outside,
                                      ConfigProblems& problems) {
  Section from(node, std::move(title), {"value", "label", "not_before", "expires"}, outside, problems);
  GivenSecret secret;
  if (!from.has("value")) problems.error(from.place("value"), from.title() + " needs a value");
  auto value = from.text("value");
  if (auto label = from.text("label")) {
    secret.label_place = label->place;
    if (is_good_label(label->text)) {
      secret.label = std::move(label->text);
    } else {
      problems.error(label->place, "a label is made of 1 to 64 characters");
    }
  }
  from.time("not_before", secret.not_before);
  from.time("expires", secret.expires);
  if (secret.not_before && secret.expires && *secret.expires < *secret.not_before)
    problems.error(from.place("expires"), "expires lies before not_before");
  if (!value) return std::nullopt;
  secret.text = *std::move(value);
  return secret;
}

std::optional<std::string> variable(const Outside& outside, const std::string& name) {
  auto value = outside.variable(name);
  return value && !value->empty() ? value : std::nullopt;
}

GivenSecret from_variable(std::string text, std::string name) {
  GivenSecret secret;
  secret.text = {std::move(text), Place{}, name};
  secret.label = std::move(name);
  secret.has_own_label = true;
  return secret;
}

void add_pair(const std::string& user_name, const std::string& password_name, const Outside& outside,
              ConfigProblems& problems, std::vector<GivenSecret>& secrets) {
  const auto user = variable(outside, user_name);
  const auto password = variable(outside, password_name);
  if (user && password) {
    secrets.push_back(from_variable(*user + ':' + *password, fmt::format("{}:{}", user_name, password_name)));
  } else if (user || password) {
    problems.warning({}, fmt::format("{} is set, but not {}: neither is used",
                                     user ? user_name : password_name, user ? password_name : user_name));
  }
  const auto old_password = variable(outside, password_name + "_OLD");
  auto old_user = variable(outside, user_name + "_OLD");
  if (!old_user) old_user = user;
  if (!old_user || !old_password) return;
  secrets.push_back(
      from_variable(*old_user + ':' + *old_password, fmt::format("{}_OLD:{}_OLD", user_name, password_name)));
}

}  // namespace

std::vector<GivenSecret> read_secrets(Section& from, const Outside& outside, ConfigProblems& problems) {
  std::vector<GivenSecret> secrets;
  const TomlNode* node = from.find("secrets");
  const auto* array = node ? std::get_if<TomlNode::Array>(&node->value) : nullptr;
  if (node && !array)
    problems.error(node->place, fmt::format("secrets must be an array, not {}", kind_name(*node)));
  for (std::size_t i = 0; array && i < array->size(); ++i) {
    const TomlNode& element = (*array)[i];
    std::optional<GivenSecret> secret;
    if (std::holds_alternative<TomlNode::Table>(element.value)) {
      secret = read_table(element, fmt::format("secret {} of {}", i + 1, from.title()), outside, problems);
    } else if (!std::holds_alternative<std::string>(element.value)) {
      problems.error(
          element.place,
          fmt::format("every element of secrets must be a string or a table, not {}", kind_name(element)));
    } else if (auto text = from.expanded("secrets", element)) {
      secret.emplace().text = *std::move(text);
    }
    if (!secret) continue;
    if (secret->label.empty()) secret->label = secret->text.origin;
    secret->has_own_label = !secret->label.empty();
    if (!secret->has_own_label) secret->label = fmt::format("secret {}", i + 1);
    if (secret->label_place.line == 0) secret->label_place = secret->text.place;
    secrets.push_back(*std::move(secret));
  }
  return secrets;
}

std::vector<GivenSecret> usual_secrets(const Provider& provider, const Outside& outside,
                                       ConfigProblems& problems) {
  std::vector<GivenSecret> secrets;
  for (std::string_view usual : provider.secret_environment) {
    if (const std::size_t colon = usual.find(':'); colon != std::string_view::npos) {
      add_pair(std::string(usual.substr(0, colon)), std::string(usual.substr(colon + 1)), outside, problems,
               secrets);
      continue;
    }
    for (std::string name : {std::string(usual), fmt::format("{}_OLD", usual)}) {
      if (auto value = variable(outside, name))
        secrets.push_back(from_variable(*std::move(value), std::move(name)));
    }
  }
  return secrets;
}

void add_keys(const std::vector<GivenSecret>& secrets, SecretForm form, const Outside& outside,
              ConfigProblems& problems, SourceConfig& source) {
  for (const GivenSecret& given : secrets) {
    if (given.text.text.empty()) continue;
    auto secret = Secret::parse(given.text.text, form);
    if (!secret) {
      problems.error(given.text.place, fmt::format("{}: {}", given.label, describe(secret.error())));
      continue;
    }
    if (std::ranges::find(source.keys, given.label, &Key::label) != source.keys.end()) {
      problems.error(given.label_place,
                     fmt::format("source \"{}\" has two secrets with the label \"{}\"; give one of them "
                                 "another: {{ value = \"…\", label = \"…\" }}",
                                 source.name, given.label));
      continue;
    }
    if (given.expires && outside.now && *given.expires < outside.now()) {
      problems.warning(given.text.place, fmt::format("{} expired at {:%Y-%m-%dT%H:%M:%SZ}: it is of no use",
                                                     given.label, *given.expires));
    }
    source.keys.push_back(Key{.secret = *std::move(secret),
                              .label = given.label,
                              .not_before = given.not_before,
                              .not_after = given.expires});
    source.secrets.emplace_back(source.keys.back(), given.text.text, form);
  }
}

}  // namespace creel
