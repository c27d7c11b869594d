// Undoes Transfer-Encoding: chunked (RFC 9112 §7.1) where the bytes lie.
//
// What a chunk holds is moved down over the size line before it, so a body that came in pieces ends up in one
// piece right behind its head. As strict as the head: CRLF line ends alone, hexadecimal digits alone.
// Extensions and trailers are checked, bounded and dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace creel::http {

class ChunkDecoder {
 public:
  enum class Status {
    more,       // everything given was consumed, the body goes on
    done,       // the body and its trailer are complete; what was not consumed belongs to the next request
    malformed,  // not chunked coding, or an extension or trailer over its limit
    too_large,  // a chunk announces more than the body may have
  };
  struct Progress {
    Status status = Status::more;
    std::size_t consumed = 0;  // bytes read from `from`
    std::size_t produced = 0;  // bytes of the body written at `to`
  };

  explicit ChunkDecoder(std::uint64_t body_bytes_max = 0) : body_bytes_left_(body_bytes_max) {}

  // Takes what has come. `to` may be where `from` begins, or anywhere before; the two may overlap.
  Progress decode(char* to, std::string_view from);

 private:
  enum class State : std::uint8_t {
    size_first,
    size,
    extension,
    size_feed,
    data,
    data_return,
    data_feed,
    trailer_first,
    trailer_name,
    trailer_value,
    trailer_feed,
    last_feed,
    done,
    malformed,
    too_large,
  };
  State next(char byte);
  State after_size(char byte);
  State bounded(State state);

  State state_ = State::size_first;
  std::uint8_t digits_ = 0;
  std::uint32_t overhead_bytes_ = 0;  // of extensions and trailers so far
  std::uint64_t chunk_bytes_ = 0;     // still to come of this chunk
  std::uint64_t body_bytes_left_ = 0;
};

}  // namespace creel::http
