#include "store/segment.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "store/codec.h"

namespace creel::store {
namespace {

constexpr std::uint64_t kRecordKindMax = 63;

constexpr std::string_view kMagic = "creeljnl";
constexpr std::string_view kNameEnd = ".segment";
constexpr std::size_t kNameDigits = 10;
constexpr std::size_t kHeaderChecksumAt = kSegmentHeaderBytes - 8;
constexpr std::size_t kWindowBytes = std::size_t{1} << 20;
constexpr Sequence kSequenceMax = (Sequence{1} << 48) - 1;

}  // namespace

std::string segment_name(std::uint32_t number) {
  std::string digits = std::to_string(number);
  return std::string(kNameDigits - digits.size(), '0') + digits + std::string(kNameEnd);
}

std::optional<std::uint32_t> parse_segment_name(std::string_view name) {
  if (name.size() != kNameDigits + kNameEnd.size() || !name.ends_with(kNameEnd)) return std::nullopt;
  std::uint64_t number = 0;
  for (const char digit : name.substr(0, kNameDigits)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  if (number == 0 || number > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

std::array<char, kSegmentHeaderBytes> encode_header(const SegmentHeader& header) {
  std::string bytes(kMagic);
  put_number(bytes, header.version);
  put_number(bytes, header.segment);
  put_number(bytes, header.first);
  for (const std::uint8_t byte : header.identity.id)
    put_number(bytes, byte);
  for (const std::uint8_t byte : header.identity.secret)
    put_number(bytes, byte);
  bytes.resize(kHeaderChecksumAt, '\0');
  put_number(bytes, std::uint64_t{XXH3_64bits(bytes.data(), bytes.size())});
  std::array<char, kSegmentHeaderBytes> encoded;
  std::ranges::copy(bytes, encoded.begin());
  return encoded;
}

std::optional<SegmentHeader> decode_header(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  Decoder from(bytes.substr(kMagic.size(), kSegmentHeaderBytes - kMagic.size()));
  if (number_at<std::uint64_t>(bytes.data() + kHeaderChecksumAt) !=
      XXH3_64bits(bytes.data(), kHeaderChecksumAt)) {
    return std::nullopt;
  }
  SegmentHeader header;
  header.version = from.number<std::uint32_t>();
  header.segment = from.number<std::uint32_t>();
  header.first = from.number<std::uint64_t>();
  for (std::uint8_t& byte : header.identity.id)
    byte = from.number<std::uint8_t>();
  for (std::uint8_t& byte : header.identity.secret)
    byte = from.number<std::uint8_t>();
  return header;
}

struct FrameCodec::Impl {
  alignas(64) std::array<unsigned char, XXH3_SECRET_DEFAULT_SIZE> secret;
  XXH3_state_t state;
};

FrameCodec::FrameCodec(const StoreIdentity& identity) : impl_(std::make_unique<Impl>()) {
  XXH3_generateSecret(impl_->secret.data(), impl_->secret.size(), identity.secret.data(),
                      identity.secret.size());
}
FrameCodec::~FrameCodec() = default;

// checksum 8, payload bytes 4, segment 4, sequence 8, batch 6, kind 1, zero 1. The checksum covers all that
// follows it.
std::array<char, kFrameBytes> FrameCodec::encode(const Frame& frame,
                                                 std::span<const std::string_view> payload) {
  std::array<char, kFrameBytes> bytes;
  const std::uint64_t batch_and_kind = frame.batch | std::uint64_t{static_cast<std::uint8_t>(frame.kind)}
                                                         << 48;
  std::memcpy(bytes.data() + 8, &frame.payload_bytes, 4);
  std::memcpy(bytes.data() + 12, &frame.segment, 4);
  std::memcpy(bytes.data() + 16, &frame.sequence, 8);
  std::memcpy(bytes.data() + 24, &batch_and_kind, 8);
  XXH3_64bits_reset_withSecret(&impl_->state, impl_->secret.data(), impl_->secret.size());
  XXH3_64bits_update(&impl_->state, bytes.data() + 8, kFrameBytes - 8);
  for (const std::string_view part : payload)
    XXH3_64bits_update(&impl_->state, part.data(), part.size());
  const std::uint64_t checksum = XXH3_64bits_digest(&impl_->state);
  std::memcpy(bytes.data(), &checksum, 8);
  return bytes;
}

std::optional<Frame> FrameCodec::peek(std::string_view bytes, std::uint32_t segment) {
  if (bytes.size() < kFrameBytes) return std::nullopt;
  const char* at = bytes.data();
  Frame frame;
  frame.payload_bytes = number_at<std::uint32_t>(at + 8);
  frame.segment = number_at<std::uint32_t>(at + 12);
  if (frame.segment != segment) return std::nullopt;
  frame.sequence = number_at<std::uint64_t>(at + 16);
  const auto batch_and_kind = number_at<std::uint64_t>(at + 24);
  frame.batch = batch_and_kind & kSequenceMax;
  const std::uint64_t kind = batch_and_kind >> 48;
  // A record of a newer creel is none that is bad: it must not end a journal like a torn tail.
  if (kind < static_cast<std::uint64_t>(RecordKind::event) || kind > kRecordKindMax) return std::nullopt;
  frame.kind = static_cast<RecordKind>(kind);
  if (frame.sequence == 0 || frame.sequence > kSequenceMax || frame.batch > frame.sequence)
    return std::nullopt;
  return frame;
}

bool FrameCodec::check(std::string_view bytes, const Frame& frame) const {
  const std::uint64_t total = kFrameBytes + std::uint64_t{frame.payload_bytes};
  if (bytes.size() < total) return false;
  return number_at<std::uint64_t>(bytes.data()) ==
         XXH3_64bits_withSecret(bytes.data() + 8, static_cast<std::size_t>(total - 8), impl_->secret.data(),
                                impl_->secret.size());
}

std::string encode_lost(Sequence next, std::size_t payload_bytes) {
  std::string payload;
  put_number(payload, next);
  payload.resize(std::max(payload.size(), payload_bytes), '\0');
  return payload;
}

std::optional<Sequence> decode_lost(std::string_view payload) {
  Decoder from(payload);
  const auto next = from.number<std::uint64_t>();
  if (!from.good() || next == 0 || next > kSequenceMax) return std::nullopt;
  return next;
}

DiskResult<std::string_view> SegmentWindow::view(std::uint64_t offset, std::size_t wanted,
                                                 std::uint64_t limit) {
  if (offset >= limit) return std::string_view();
  wanted = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, limit - offset));
  const bool held = offset >= offset_ && offset + wanted <= offset_ + held_;
  if (!held) {
    const auto bytes =
        static_cast<std::size_t>(std::min<std::uint64_t>(std::max(wanted, kWindowBytes), limit - offset));
    held_ = 0;
    if (buffer_.size() < bytes || buffer_.size() > 4 * kWindowBytes) buffer_.resize(bytes);
    const auto got = read_full(*file_, offset, std::span(buffer_.data(), bytes));
    if (!got) return std::unexpected(got.error());
    offset_ = offset;
    held_ = *got;
    wanted = std::min(wanted, held_);
  }
  return std::string_view(buffer_).substr(static_cast<std::size_t>(offset - offset_), wanted);
}

DiskResult<std::optional<FoundRecord>> record_at(SegmentWindow& window, const FrameCodec& codec,
                                                 std::uint32_t segment, std::uint64_t offset,
                                                 std::uint64_t limit) {
  auto bytes = window.view(offset, kFrameBytes, limit);
  if (!bytes) return std::unexpected(bytes.error());
  const auto frame = FrameCodec::peek(*bytes, segment);
  if (!frame || offset + kFrameBytes + frame->payload_bytes > limit) return std::nullopt;
  bytes = window.view(offset, kFrameBytes + frame->payload_bytes, limit);
  if (!bytes) return std::unexpected(bytes.error());
  if (!codec.check(*bytes, *frame)) return std::nullopt;
  return FoundRecord{*frame, offset, bytes->substr(kFrameBytes)};
}

}  // namespace creel::store
