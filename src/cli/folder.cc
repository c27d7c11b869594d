#include "cli/folder.h"

#include <fmt/format.h>

#include <ostream>
#include <utility>

#include "app/config_load.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace creel::cli {

std::expected<std::string, int> existing_folder(const FolderOptions& options, store::Disk& disk, Io& io) {
  if (options.config && !io.outside.file(*options.config)) {
    complain(io.err, "--config: cannot read " + *options.config);
    return std::unexpected(kNotFound);
  }
  const std::string folder =
      configured_places({.config = options.config, .store = options.store}, io.outside).store_folder;
  if (const auto names = disk.list(folder); !names) {
    complain(io.err, fmt::format("cannot read the folder {}: {}. Name the store's folder: creel serve says "
                                 "it when it starts",
                                 folder, describe(names.error())));
    return std::unexpected(kNotFound);
  }
  if (const auto identity = store::read_identity(disk, folder); !identity)
    return std::unexpected(fail(identity.error(), io));
  return folder;
}

int fail(const store::OpenError& error, Io& io) {
  using Kind = store::OpenError::Kind;
  complain(io.err, error.message);
  switch (error.kind) {
    case Kind::locked:
      complain(io.err, "stop that creel first; creel journal check works while it runs");
      return kUnreachable;
    case Kind::newer:
    case Kind::foreign:
    case Kind::damaged:
      return kBadData;
    case Kind::disk:
      return kInputOutput;
  }
  std::unreachable();
}

bool report_check(const store::JournalCheck& check, std::string_view name, Format format, Io& io) {
  const bool is_whole = check.damage.empty();
  if (format == Format::json) {
    Json::Array damage;
    for (const store::Damage& each : check.damage)
      damage.push_back(Json::of(describe(each)));
    io.out << Json::object()
                  .set("checked", Json::of(name))
                  .set("whole", Json::of(is_whole))
                  .set("segments", {check.segments})
                  .set("records", {check.records})
                  .set("first", {check.first})
                  .set("last", {check.last})
                  .set("bytes", {check.bytes})
                  .set("damage", {std::move(damage)})
                  .dump()
           << '\n';
    return is_whole;
  }
  io.out << fmt::format("{}: {}, {} records", name, is_whole ? "whole" : "damaged", check.records);
  if (check.records > 0) io.out << fmt::format(" ({} to {})", check.first, check.last);
  io.out << fmt::format(" in {} segment{}, {} bytes\n", check.segments, check.segments == 1 ? "" : "s",
                        check.bytes);
  for (const store::Damage& damage : check.damage)
    io.out << "  " << describe(damage) << '\n';
  return is_whole;
}

std::expected<store::JournalCheck, store::OpenError> check_twice(store::Disk& disk, const std::string& folder,
                                                                 bool is_quarantine) {
  auto check = store::check_journal(disk, folder, is_quarantine);
  // What a gateway was writing at this moment can look like a gap. What is damaged stays so.
  if (check && !check->damage.empty()) return store::check_journal(disk, folder, is_quarantine);
  return check;
}

}  // namespace creel::cli
