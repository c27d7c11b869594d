// Numbers and texts of the store's files: little-endian, lengths before texts, nothing trusted on the way in.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace creel::store {

static_assert(std::endian::native == std::endian::little, "the store's files are little-endian");

template <class T>
void put_number(std::string& into, T value) {
  static_assert(std::is_integral_v<T>);
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  into.append(bytes, sizeof(T));
}

// A text with a length of two bytes (at most 65 535 of its bytes are kept) or four.
inline void put_short_text(std::string& into, std::string_view text) {
  text = text.substr(0, 0xffff);
  put_number(into, static_cast<std::uint16_t>(text.size()));
  into.append(text);
}
inline void put_long_text(std::string& into, std::string_view text) {
  put_number(into, static_cast<std::uint32_t>(text.size()));
  into.append(text);
}

// Seven bits a byte, the lowest first: small numbers are short.
inline void put_varint(std::string& into, std::uint64_t value) {
  while (value >= 0x80) {
    into.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  into.push_back(static_cast<char>(value));
}
// Small numbers of either sign are short.
inline void put_signed_varint(std::string& into, std::int64_t value) {
  put_varint(into, (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

template <class T>
T number_at(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

// Takes numbers and texts from the front. What is missing reads as nothing and is remembered: ask good() once
// at the end.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  T number() {
    if (rest_.size() < sizeof(T)) {
      fail();
      return T{};
    }
    const T value = number_at<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = number<std::uint8_t>();
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    fail();
    return 0;
  }
  std::int64_t signed_varint() {
    const std::uint64_t value = varint();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  // A varint that is not larger than `most`.
  template <class T>
  T varint_upto(T most) {
    const std::uint64_t value = varint();
    if (value > most) fail();
    return good_ ? static_cast<T>(value) : T{};
  }
  std::string_view text(std::size_t bytes) {
    if (rest_.size() < bytes) {
      fail();
      return {};
    }
    const auto taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  std::string_view short_text() { return text(number<std::uint16_t>()); }
  std::string_view long_text() { return text(number<std::uint32_t>()); }

  // Whether so many things of at least `bytes_each` can still follow: checked before room is made for them.
  bool has_room_for(std::uint64_t count, std::uint64_t bytes_each) const {
    return count <= rest_.size() / bytes_each;
  }
  void fail() {
    good_ = false;
    rest_ = {};
  }
  bool good() const { return good_; }
  // Everything was there and nothing is left over.
  bool at_end() const { return good_ && rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace creel::store
