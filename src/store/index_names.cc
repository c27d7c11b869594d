#include "store/index_names.h"

namespace creel::store {
namespace {

std::size_t map_of(NameKind kind) {
  return static_cast<std::size_t>(kind) - 1;
}

}  // namespace

Names::Names(Database& database)
    : insert_(database, "INSERT INTO names (id, kind, name) VALUES (?, ?, ?)"),
      load_(database, "SELECT id, kind, name FROM names WHERE id > ? ORDER BY id") {
  refresh();
}

void Names::refresh() {
  load_.bind(static_cast<std::int64_t>(texts_.size()));
  while (load_.step()) {
    const auto id = static_cast<std::uint32_t>(load_.integer(0));
    const std::int64_t kind = load_.integer(1);
    if (kind < 1 || kind > 4 || id != texts_.size() + 1) break;
    texts_.emplace_back(load_.text(2));
    maps_[kind - 1].emplace(texts_.back(), id);
  }
  load_.reset();
}

std::uint32_t Names::number(NameKind kind, std::string_view name) {
  if (const auto known = find(kind, name)) return *known;
  const auto number = static_cast<std::uint32_t>(texts_.size() + 1);
  insert_.run(number, static_cast<int>(kind), name);
  texts_.emplace_back(name);
  maps_[map_of(kind)].emplace(name, number);
  return number;
}

std::optional<std::uint32_t> Names::find(NameKind kind, std::string_view name) const {
  const Map& map = maps_[map_of(kind)];
  const auto found = map.find(name);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

std::string_view Names::text(std::uint32_t number) {
  if (number > texts_.size()) refresh();
  if (number == 0 || number > texts_.size()) return {};
  return texts_[number - 1];
}

void Names::each(NameKind kind, const std::function<void(std::uint32_t, std::string_view)>& visit) const {
  for (const auto& [name, number] : maps_[map_of(kind)])
    visit(number, name);
}

}  // namespace creel::store
