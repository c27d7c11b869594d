// Reading the journal while it is written: a tail from any place, and single records by position.
//
// Neither sees anything that is not synced. Both hold the segment that they read open, so that its removal
// need not wait for them. An object of these is used by one thread at a time; the journal outlives it.
#pragma once

#include <expected>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "store/journal.h"
#include "store/segment.h"

namespace creel::store {

struct JournalRecord {
  Position position;
  Sequence sequence = 0;
  RecordKind kind = RecordKind::event;
  std::string_view payload;  // good until the next call
};

enum class ReadError {
  gone,     // the segment was removed; the journal's oldest() tells where it begins now
  damaged,  // a bad record, or a gap in the sequence, before the synced end: the disk lied or lost something
  ahead,    // the place lies behind the journal's end: whoever remembered it knows more than the disk
  disk,     // the file system said no
};
std::string_view describe(ReadError error);

class JournalReader {
 public:
  JournalReader(const Journal& journal, JournalPlace from);
  ~JournalReader();

  // The next record in the order of the sequence, or nothing at the synced end. Reads 1 MiB at a time.
  // Records of kind `lost` are stepped over. After an error the reader stays where it is.
  std::expected<std::optional<JournalRecord>, ReadError> next();
  // Where next() goes on: what the index stores beside what it made of the records so far.
  JournalPlace place() const { return place_; }

 private:
  std::expected<void, ReadError> open_segment();
  std::expected<bool, ReadError> is_used_up();
  bool step_over_removed();

  const Journal& journal_;
  FrameCodec codec_;
  JournalPlace place_;
  std::optional<SegmentWindow> window_;
  std::uint32_t segment_ = 0;
};

class JournalLookup {
 public:
  explicit JournalLookup(const Journal& journal);
  ~JournalLookup();
  // The record at a position that a reader gave. Keeps a few segments open.
  std::expected<JournalRecord, ReadError> read(Position position);

 private:
  struct Open {
    std::uint32_t segment;
    std::unique_ptr<File> file;
  };
  std::expected<File*, ReadError> open(std::uint32_t segment);

  const Journal& journal_;
  FrameCodec codec_;
  std::list<Open> open_;  // newest use first
  std::string buffer_;
};

}  // namespace creel::store
