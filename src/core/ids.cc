#include "core/ids.h"

#include <array>
#include <charconv>

namespace creel {
namespace {

constexpr std::string_view kPrefix = "cev_";
constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuv";
constexpr int kDigitCount = 13;  // 13 × 5 bits hold 64.

constexpr int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'v') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string to_text(EventId id) {
  std::string text(kPrefix.size() + kDigitCount, '0');
  text.replace(0, kPrefix.size(), kPrefix);
  std::uint64_t rest = id.value;
  for (std::size_t at = text.size(); at-- > kPrefix.size(); rest >>= 5)
    text[at] = kDigits[rest & 31];
  return text;
}

std::optional<EventId> parse_event_id(std::string_view text) {
  if (text.size() != kPrefix.size() + kDigitCount || !text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  if (digit_of(text.front()) > 15) return std::nullopt;  // More than 64 bits.
  EventId id;
  for (char c : text) {
    int digit = digit_of(c);
    if (digit < 0) return std::nullopt;
    id.value = id.value << 5 | static_cast<std::uint64_t>(digit);
  }
  return id;
}

std::string to_text(const DeliveryId& id) {
  std::string text = to_text(id.event);
  text += '.';
  text += id.destination;
  text += '.';
  text += std::to_string(id.ordinal);
  return text;
}

std::optional<DeliveryId> parse_delivery_id(std::string_view text) {
  constexpr std::size_t kEventBytes = kPrefix.size() + kDigitCount;
  std::size_t last = text.rfind('.');
  if (text.size() <= kEventBytes || text[kEventBytes] != '.' || last <= kEventBytes + 1) return std::nullopt;

  auto event = parse_event_id(text.substr(0, kEventBytes));
  std::string_view ordinal = text.substr(last + 1);
  DeliveryId id;
  auto [end, error] = std::from_chars(ordinal.data(), ordinal.data() + ordinal.size(), id.ordinal);
  if (!event || error != std::errc() || end != ordinal.data() + ordinal.size() || id.ordinal == 0)
    return std::nullopt;
  id.event = *event;
  id.destination = text.substr(kEventBytes + 1, last - kEventBytes - 1);
  return id;
}

}  // namespace creel
