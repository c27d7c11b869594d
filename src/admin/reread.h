// A stored event read again under another row of the provider table: what its dedupe key, id and type would
// have been.
//
// Nothing is verified: the event was, when it came. Pure; for any thread.
#pragma once

#include <optional>
#include <string>

#include <creel/provider.h>

#include "core/model.h"

namespace creel::admin {

struct Reread {
  std::string dedupe_key, provider_id, type, subject;
};
// Nothing when the row's provider would not have sent this: its head or body cannot be read.
std::optional<Reread> reread(const StoredEvent& event, const Provider& row, bool dedupe_by_body);

}  // namespace creel::admin
