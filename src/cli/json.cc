#include "cli/json.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace creel::cli {
namespace {

Json converted(const boost::json::value& from) {
  switch (from.kind()) {
    case boost::json::kind::null:
      return {};
    case boost::json::kind::bool_:
      return {from.get_bool()};
    case boost::json::kind::int64:
      return {from.get_int64()};
    case boost::json::kind::uint64:
      return {from.get_uint64()};
    case boost::json::kind::double_:
      return {from.get_double()};
    case boost::json::kind::string:
      return {std::string(from.get_string())};
    case boost::json::kind::array: {
      Json::Array array;
      for (const auto& item : from.get_array())
        array.push_back(converted(item));
      return {std::move(array)};
    }
    case boost::json::kind::object: {
      Json::Object object;
      for (const auto& member : from.get_object())
        object.emplace_back(member.key(), converted(member.value()));
      return {std::move(object)};
    }
  }
  return {};
}

boost::json::value converted(const Json& from) {
  struct Visitor {
    boost::json::value operator()(std::nullptr_t) const { return nullptr; }
    boost::json::value operator()(bool truth) const { return truth; }
    boost::json::value operator()(std::int64_t number) const { return number; }
    boost::json::value operator()(std::uint64_t number) const { return number; }
    boost::json::value operator()(double number) const { return number; }
    boost::json::value operator()(const std::string& text) const { return boost::json::string(text); }
    boost::json::value operator()(const Json::Array& items) const {
      boost::json::array array;
      for (const Json& item : items)
        array.push_back(converted(item));
      return array;
    }
    boost::json::value operator()(const Json::Object& members) const {
      boost::json::object object;
      for (const auto& [name, member] : members)
        object.insert_or_assign(name, converted(member));
      return object;
    }
  };
  return std::visit(Visitor{}, from.value);
}

}  // namespace

std::optional<Json> Json::parse(std::string_view text) {
  boost::json::error_code error;
  boost::json::parse_options options;
  options.max_depth = 128;  // deeper than any body that the gateway reads
  const boost::json::value parsed =
      boost::json::parse(boost::json::string_view(text.data(), text.size()), error, {}, options);
  if (error) return std::nullopt;
  return converted(parsed);
}

const Json* Json::find(std::string_view name) const {
  const auto* members = std::get_if<Object>(&value);
  if (!members) return nullptr;
  const auto found = std::ranges::find(*members, name, &Member::first);
  return found == members->end() ? nullptr : &found->second;
}

Json* Json::find(std::string_view name) {
  return const_cast<Json*>(std::as_const(*this).find(name));
}

std::string Json::text(std::string_view name) const {
  const Json* member = find(name);
  const std::string* text = member ? member->as_text() : nullptr;
  return text ? *text : std::string{};
}

std::int64_t Json::integer(std::string_view name) const {
  const Json* member = find(name);
  if (!member) return 0;
  if (const auto* number = std::get_if<std::int64_t>(&member->value)) return *number;
  if (const auto* number = std::get_if<std::uint64_t>(&member->value))
    return static_cast<std::int64_t>(*number);
  return 0;
}

bool Json::is_true(std::string_view name) const {
  const Json* member = find(name);
  const bool* truth = member ? std::get_if<bool>(&member->value) : nullptr;
  return truth && *truth;
}

const Json::Array& Json::items(std::string_view name) const {
  static const Array kNone;
  const Json* member = find(name);
  const Array* array = member ? member->as_array() : nullptr;
  return array ? *array : kNone;
}

Json& Json::set(std::string_view name, Json member) {
  if (!std::holds_alternative<Object>(value)) value = Object{};
  if (Json* existing = find(name)) {
    *existing = std::move(member);
  } else {
    std::get<Object>(value).emplace_back(name, std::move(member));
  }
  return *this;
}

std::string Json::dump() const {
  return boost::json::serialize(converted(*this));
}

}  // namespace creel::cli
