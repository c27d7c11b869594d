#include "http/chunked.h"

#include <algorithm>
#include <cstring>

#include "http/head.h"

namespace creel::http {
namespace {

constexpr std::uint32_t kOverheadBytesMax = 4096;
constexpr std::uint8_t kDigitsMax = 15;  // fits 60 bits, and zeros cannot go on for ever

int hexadecimal(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

}  // namespace

ChunkDecoder::State ChunkDecoder::bounded(State state) {
  return ++overhead_bytes_ > kOverheadBytesMax ? State::malformed : state;
}

// The byte after a chunk's size or its first digits.
ChunkDecoder::State ChunkDecoder::after_size(char byte) {
  if (byte == '\r') return State::size_feed;
  if (byte == ';') return bounded(State::extension);
  const int digit = hexadecimal(byte);
  if (digit < 0 || ++digits_ > kDigitsMax) return State::malformed;
  chunk_bytes_ = chunk_bytes_ * 16 + static_cast<std::uint64_t>(digit);
  return chunk_bytes_ > body_bytes_left_ ? State::too_large : State::size;
}

ChunkDecoder::State ChunkDecoder::next(char byte) {
  switch (state_) {
    case State::size_first:
      digits_ = 0;
      chunk_bytes_ = 0;
      return hexadecimal(byte) < 0 ? State::malformed : after_size(byte);
    case State::size:
      return after_size(byte);
    case State::extension:
      if (byte == '\r') return State::size_feed;
      return is_value_byte(byte) ? bounded(State::extension) : State::malformed;
    case State::size_feed:
      if (byte != '\n') return State::malformed;
      body_bytes_left_ -= chunk_bytes_;
      return chunk_bytes_ == 0 ? State::trailer_first : State::data;
    case State::data_return:
      return byte == '\r' ? State::data_feed : State::malformed;
    case State::data_feed:
      return byte == '\n' ? State::size_first : State::malformed;
    case State::trailer_first:
      if (byte == '\r') return State::last_feed;
      return is_token_byte(byte) ? bounded(State::trailer_name) : State::malformed;
    case State::trailer_name:
      if (byte == ':') return bounded(State::trailer_value);
      return is_token_byte(byte) ? bounded(State::trailer_name) : State::malformed;
    case State::trailer_value:
      if (byte == '\r') return State::trailer_feed;
      return is_value_byte(byte) ? bounded(State::trailer_value) : State::malformed;
    case State::trailer_feed:
      return byte == '\n' ? State::trailer_first : State::malformed;
    case State::last_feed:
      return byte == '\n' ? State::done : State::malformed;
    case State::data:
    case State::done:
    case State::malformed:
    case State::too_large:
      break;
  }
  return state_;
}

ChunkDecoder::Progress ChunkDecoder::decode(char* to, std::string_view from) {
  Progress progress;
  while (true) {
    if (state_ == State::done) progress.status = Status::done;
    if (state_ == State::malformed) progress.status = Status::malformed;
    if (state_ == State::too_large) progress.status = Status::too_large;
    if (progress.status != Status::more || progress.consumed == from.size()) return progress;
    if (state_ != State::data) {
      state_ = next(from[progress.consumed]);
      ++progress.consumed;
      continue;
    }
    const std::size_t some =
        static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes_, from.size() - progress.consumed));
    std::memmove(to + progress.produced, from.data() + progress.consumed, some);
    progress.consumed += some;
    progress.produced += some;
    chunk_bytes_ -= some;
    if (chunk_bytes_ == 0) state_ = State::data_return;
  }
}

}  // namespace creel::http
