// The form of a segment, a file of the journal: a header, then records one behind the other
// (docs/storage.md).
//
// Everything here is pure but the class at the end, which reads a file through a window.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "store/disk.h"
#include "store/journal_folder.h"
#include "store/record.h"

namespace creel::store {

constexpr std::uint32_t kSegmentVersion = 1;
constexpr std::size_t kSegmentHeaderBytes = 128;
constexpr std::size_t kFrameBytes = 32;
constexpr std::size_t kRecordAlignment = 8;

std::string segment_name(std::uint32_t number);  // "0000000001.segment"
std::optional<std::uint32_t> parse_segment_name(std::string_view name);

struct SegmentHeader {
  std::uint32_t version = kSegmentVersion;
  std::uint32_t segment = 0;
  Sequence first = 0;  // of its first record
  StoreIdentity identity;
};
std::array<char, kSegmentHeaderBytes> encode_header(const SegmentHeader& header);
// Nothing when these are not the bytes of a header. A newer version is given as far as this version
// understands it.
std::optional<SegmentHeader> decode_header(std::string_view bytes);

// What stands before each payload.
struct Frame {
  std::uint32_t payload_bytes = 0;
  std::uint32_t segment = 0;
  Sequence sequence = 0;
  Sequence batch = 0;  // the batch's number: the sequence of its first record
  RecordKind kind = RecordKind::event;
};

// How much of the segment a record takes: frame, payload, and zeros up to the next multiple of 8.
constexpr std::uint64_t record_bytes(std::uint64_t payload_bytes) {
  return (kFrameBytes + payload_bytes + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
}

// Writes and checks frames with the store's keyed checksum. For one thread at a time.
class FrameCodec {
 public:
  explicit FrameCodec(const StoreIdentity& identity);
  ~FrameCodec();

  // The frame of a record with this payload, ready to be written before it.
  std::array<char, kFrameBytes> encode(const Frame& frame, std::span<const std::string_view> payload);
  // What a frame claims, when it can be one of this segment. Not checked yet.
  static std::optional<Frame> peek(std::string_view bytes, std::uint32_t segment);
  // Whether frame and payload, which begin at `bytes`, are what was written.
  bool check(std::string_view bytes, const Frame& frame) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The payload of a `lost` record: the sequence with which the journal goes on.
std::string encode_lost(Sequence next, std::size_t payload_bytes);
std::optional<Sequence> decode_lost(std::string_view payload);

// A file seen through a window that moves forward: 1 MiB a read, more for a larger record.
class SegmentWindow {
 public:
  explicit SegmentWindow(std::unique_ptr<File> file) : file_(std::move(file)) {}
  // The bytes [offset, offset + wanted), fewer at the end of the file. Good until the next call.
  DiskResult<std::string_view> view(std::uint64_t offset, std::size_t wanted, std::uint64_t limit);
  File& file() { return *file_; }
  // Forgets what was read: the file may have changed since.
  void drop() { held_ = 0; }

 private:
  std::unique_ptr<File> file_;
  std::string buffer_;
  std::uint64_t offset_ = 0;
  std::size_t held_ = 0;
};

// The record at `offset`, if a good one stands there before `limit`.
struct FoundRecord {
  Frame frame;
  std::uint64_t offset = 0;
  std::string_view payload;
  std::uint64_t end() const { return offset + record_bytes(frame.payload_bytes); }
};
DiskResult<std::optional<FoundRecord>> record_at(SegmentWindow& window, const FrameCodec& codec,
                                                 std::uint32_t segment, std::uint64_t offset,
                                                 std::uint64_t limit);

}  // namespace creel::store
