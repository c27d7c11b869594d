// Turns records into what one pwritev takes.
//
// Frames, padding and small parts go into one buffer, large parts stay where they are: copying a kilobyte
// costs less than another part of a scattered write, copying a megabyte does not.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "store/journal.h"
#include "store/segment.h"

namespace creel::store {

class BatchWriter {
 public:
  // Begins anew, with room for these records and `more` bytes besides. What was given out before is no longer
  // valid.
  void begin(std::span<const NewRecord> records, std::size_t more);
  void add_bytes(std::string_view bytes);
  void add_record(FrameCodec& codec, Frame frame, const NewRecord& record);
  // The whole, good until the next begin() and as long as the records' parts are.
  std::span<iovec> parts();
  std::uint64_t bytes() const { return bytes_; }

 private:
  void add_small(std::string_view bytes);
  void add_part(std::string_view bytes);
  void close_run();

  std::vector<char> buffer_;
  std::size_t used_ = 0,
              run_ = 0;  // how much of the buffer is filled; where the part that is being filled begins
  std::vector<iovec> parts_;
  std::uint64_t bytes_ = 0;
};

}  // namespace creel::store
