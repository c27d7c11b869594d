// The tables of the index, and how an older index becomes a newer one.
//
// The version stands in `meta`. Each migration is one step forward and runs in one transaction with the new
// version; an index of a newer creel is refused, never changed. All tables but `attempts` are in the order of
// the journal, or ordered and narrow: a b-tree over random keys would dirty a page an event
// (docs/decisions/index.md).
#pragma once

#include <expected>

#include "store/index_sql.h"

namespace creel::store {

inline constexpr std::int64_t kIndexSchema = 2;

enum class SchemaError {
  newer,   // written by a newer creel
  older,   // by an older one: what it made of the journal may differ from what is made of it now
  broken,  // no index, or not readable
};

// Makes the tables of an empty database.
[[nodiscard]] std::expected<void, SchemaError> prepare_schema(Database& database);

// What each connection is told before anything else.
void configure_writer(Database& database);
void configure_reader(Database& database);

}  // namespace creel::store
