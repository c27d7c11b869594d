#include "store/journal_batch.h"

#include <cstring>

namespace creel::store {
namespace {

constexpr std::size_t kCopiedMax = 1024;

}  // namespace

void BatchWriter::begin(std::span<const NewRecord> records, std::size_t more) {
  std::size_t bound = more;
  for (const NewRecord& record : records) {
    bound += kFrameBytes + kRecordAlignment;
    for (const auto part : record.parts)
      bound += part.size() <= kCopiedMax ? part.size() : 0;
  }
  // Parts point into the buffer, so it must not move while it is filled.
  if (buffer_.size() < bound) buffer_.resize(bound);
  used_ = run_ = 0;
  bytes_ = 0;
  parts_.clear();
}

void BatchWriter::add_small(std::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(buffer_.data() + used_, bytes.data(), bytes.size());
  used_ += bytes.size();
  bytes_ += bytes.size();
}

void BatchWriter::close_run() {
  if (used_ > run_) parts_.push_back({buffer_.data() + run_, used_ - run_});
  run_ = used_;
}

void BatchWriter::add_part(std::string_view bytes) {
  if (bytes.size() <= kCopiedMax) return add_small(bytes);
  close_run();
  char* begin = const_cast<char*>(bytes.data());
  iovec* before = parts_.empty() ? nullptr : &parts_.back();
  if (before != nullptr && static_cast<char*>(before->iov_base) + before->iov_len == begin) {
    before->iov_len += bytes.size();
  } else {
    parts_.push_back({begin, bytes.size()});
  }
  bytes_ += bytes.size();
}

void BatchWriter::add_bytes(std::string_view bytes) {
  add_small(bytes);
}

void BatchWriter::add_record(FrameCodec& codec, Frame frame, const NewRecord& record) {
  static constexpr char kZeros[kRecordAlignment] = {};
  frame.payload_bytes = static_cast<std::uint32_t>(record.payload_bytes());
  frame.kind = record.kind;
  const auto head = codec.encode(frame, record.parts);
  add_small({head.data(), head.size()});
  for (const auto part : record.parts)
    add_part(part);
  add_small({kZeros, record_bytes(frame.payload_bytes) - kFrameBytes - frame.payload_bytes});
}

std::span<iovec> BatchWriter::parts() {
  close_run();
  return parts_;
}

}  // namespace creel::store
