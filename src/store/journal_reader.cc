#include "store/journal_reader.h"

#include <cerrno>

namespace creel::store {
namespace {

constexpr std::size_t kOpenMax = 8;

ReadError translate(DiskError error) {
  return error.code == ENOENT ? ReadError::gone : ReadError::disk;
}

std::string path_of(const Journal& journal, std::uint32_t segment) {
  return journal.folder() + "/" + segment_name(segment);
}

}  // namespace

std::string_view describe(ReadError error) {
  switch (error) {
    case ReadError::gone:
      return "the segment was removed";
    case ReadError::damaged:
      return "a record is damaged or missing";
    case ReadError::ahead:
      return "the place lies behind the end of the journal";
    case ReadError::disk:
      return "the disk could not be read";
  }
  return "";
}

JournalReader::JournalReader(const Journal& journal, JournalPlace from)
    : journal_(journal), codec_(journal.identity()), place_(from) {}
JournalReader::~JournalReader() = default;

// Opens the segment of `place_` and checks that it is what the place says.
std::expected<void, ReadError> JournalReader::open_segment() {
  auto file = journal_.disk().open(path_of(journal_, place_.at.segment), OpenMode::read);
  if (!file) return std::unexpected(translate(file.error()));
  window_.emplace(*std::move(file));
  segment_ = place_.at.segment;
  const auto bytes = window_->view(0, kSegmentHeaderBytes, kSegmentHeaderBytes);
  if (!bytes) return std::unexpected(translate(bytes.error()));
  const auto header = decode_header(*bytes);
  window_->drop();
  const bool fits = header && header->segment == segment_ && header->first <= place_.next &&
                    (place_.at.offset != kSegmentHeaderBytes || header->first == place_.next);
  if (!fits) {
    window_.reset();
    return std::unexpected(ReadError::damaged);
  }
  return {};
}

// A segment that was read to its end may be removed before the reader goes on behind it: nothing is missed
// then.
bool JournalReader::step_over_removed() {
  for (const SegmentInfo& segment : journal_.segments()) {
    if (segment.number <= place_.at.segment || segment.first != place_.next) continue;
    place_.at = {segment.number, kSegmentHeaderBytes};
    return true;
  }
  return false;
}

// Whether the segment is used up at the place: it ends, or nothing but zeros is there.
std::expected<bool, ReadError> JournalReader::is_used_up() {
  const auto bytes = window_->view(place_.at.offset, kFrameBytes, UINT64_MAX);
  if (!bytes) return std::unexpected(translate(bytes.error()));
  return bytes->find_first_not_of('\0') == std::string_view::npos;
}

std::expected<std::optional<JournalRecord>, ReadError> JournalReader::next() {
  const JournalPlace end = journal_.synced();
  while (true) {
    if (place_.next > end.next || place_.at > end.at) return std::unexpected(ReadError::ahead);
    if (place_.next == end.next) return std::nullopt;
    if (!window_ || segment_ != place_.at.segment) {
      const auto opened = open_segment();
      if (!opened && opened.error() == ReadError::gone && step_over_removed()) continue;
      if (!opened) return std::unexpected(opened.error());
    }
    const bool is_last = place_.at.segment == end.at.segment;
    const std::uint64_t limit = is_last ? end.at.offset : UINT64_MAX;
    const auto found = record_at(*window_, codec_, segment_, place_.at.offset, limit);
    if (!found) return std::unexpected(translate(found.error()));
    if (!*found) {
      const auto used_up = is_used_up();
      if (!used_up) return std::unexpected(used_up.error());
      if (is_last || !*used_up) return std::unexpected(ReadError::damaged);
      place_.at = {place_.at.segment + 1, kSegmentHeaderBytes};
      continue;
    }
    const FoundRecord& record = **found;
    if (record.frame.sequence != place_.next) return std::unexpected(ReadError::damaged);
    const Position position = place_.at;
    place_.at.offset = static_cast<std::uint32_t>(record.end());
    place_.next += 1;
    if (record.frame.kind == RecordKind::lost) {
      place_.next = decode_lost(record.payload).value_or(place_.next);
      continue;
    }
    return JournalRecord{position, record.frame.sequence, record.frame.kind, record.payload};
  }
}

JournalLookup::JournalLookup(const Journal& journal) : journal_(journal), codec_(journal.identity()) {}
JournalLookup::~JournalLookup() = default;

std::expected<File*, ReadError> JournalLookup::open(std::uint32_t segment) {
  for (auto entry = open_.begin(); entry != open_.end(); ++entry) {
    if (entry->segment != segment) continue;
    open_.splice(open_.begin(), open_, entry);
    return open_.front().file.get();
  }
  auto file = journal_.disk().open(path_of(journal_, segment), OpenMode::read);
  if (!file) return std::unexpected(translate(file.error()));
  open_.push_front({segment, *std::move(file)});
  if (open_.size() > kOpenMax) open_.pop_back();
  return open_.front().file.get();
}

std::expected<JournalRecord, ReadError> JournalLookup::read(Position position) {
  if (position >= journal_.synced().at) return std::unexpected(ReadError::ahead);
  const auto file = open(position.segment);
  if (!file) return std::unexpected(file.error());
  // Most records come whole with the first read.
  constexpr std::size_t kFirstBytes = 4096;
  if (buffer_.size() < kFirstBytes) buffer_.resize(kFirstBytes);
  auto got = read_full(**file, position.offset, std::span(buffer_.data(), kFirstBytes));
  if (!got) return std::unexpected(translate(got.error()));
  const auto frame = FrameCodec::peek(std::string_view(buffer_.data(), *got), position.segment);
  if (!frame || frame->payload_bytes > kRecordBytesMax) return std::unexpected(ReadError::damaged);
  const std::size_t total = kFrameBytes + frame->payload_bytes;
  if (total > *got) {
    buffer_.resize(std::max(buffer_.size(), total));
    const auto rest =
        read_full(**file, position.offset + *got, std::span(buffer_.data() + *got, total - *got));
    if (!rest) return std::unexpected(translate(rest.error()));
    *got += *rest;
  }
  const auto bytes = std::string_view(buffer_.data(), *got);
  if (!codec_.check(bytes, *frame)) return std::unexpected(ReadError::damaged);
  return JournalRecord{position, frame->sequence, frame->kind,
                       bytes.substr(kFrameBytes, frame->payload_bytes)};
}

}  // namespace creel::store
