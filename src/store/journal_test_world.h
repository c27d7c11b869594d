// A journal on a faulty disk, and what a test wants to do with it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/journal.h"
#include "store/journal_reader.h"
#include "tests/support/faulty_disk.h"

namespace creel::store {

inline JournalOptions small_journal() {
  JournalOptions options;
  options.segment_bytes = 16384;
  options.slice_bytes = 2048;
  options.batch_bytes_max = 8192;
  options.reserve_bytes = 4096;
  return options;
}

struct ReadBack {
  Sequence sequence = 0;
  RecordKind kind = RecordKind::event;
  std::string payload;
  Position position;
};

struct JournalWorld {
  explicit JournalWorld(std::uint64_t seed = 1) : disk(seed) {}

  std::optional<OpenError> try_open() {
    close();
    auto opened = StoreFolder::open(
        disk, "store", [](std::span<std::uint8_t> into) { std::ranges::fill(into, std::uint8_t{7}); });
    if (!opened) return opened.error();
    folder.emplace(*std::move(opened));
    auto made = Journal::open(*folder, options);
    if (!made) {
      folder.reset();
      return made.error();
    }
    journal = *std::move(made);
    return std::nullopt;
  }
  void open() {
    const auto error = try_open();
    ASSERT_FALSE(error) << error->message;
  }
  void close() {
    journal.reset();
    folder.reset();
  }
  // The power goes, and the store is opened again.
  void crash(Loss loss) {
    disk.crash(loss);
    close();
    open();
  }

  std::expected<Sequence, StoreError> write(const std::vector<std::string>& payloads,
                                            Room room = Room::ordinary) {
    std::vector<NewRecord> records;
    for (const auto& payload : payloads)
      records.push_back({RecordKind::event, {payload, {}, {}}});
    return journal->write(records, room);
  }
  // Written and synced.
  std::expected<Sequence, StoreError> append(const std::vector<std::string>& payloads,
                                             Room room = Room::ordinary) {
    const auto first = write(payloads, room);
    if (!first) return first;
    if (const auto synced = journal->sync(); !synced) return std::unexpected(synced.error());
    return first;
  }

  // Every record that is visible, the state records of new segments included.
  std::vector<ReadBack> read_all() {
    std::vector<ReadBack> all;
    JournalReader reader(*journal, journal->oldest());
    while (true) {
      const auto next = reader.next();
      if (!next) {
        ADD_FAILURE() << describe(next.error());
        return all;
      }
      if (!*next) return all;
      all.push_back({(*next)->sequence, (*next)->kind, std::string((*next)->payload), (*next)->position});
    }
  }
  // The payloads of the events alone.
  std::vector<std::string> events() {
    std::vector<std::string> payloads;
    for (auto& record : read_all()) {
      if (record.kind == RecordKind::event) payloads.push_back(std::move(record.payload));
    }
    return payloads;
  }
  std::string segment(std::uint32_t number) const { return "store/journal/" + segment_name(number); }

  FaultyDisk disk;
  JournalOptions options = small_journal();
  std::optional<StoreFolder> folder;
  std::unique_ptr<Journal> journal;
};

}  // namespace creel::store
