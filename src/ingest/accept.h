// What became of a rejected request that was put to today's configuration.
#pragma once

#include <cstdint>
#include <string>

#include "core/ids.h"

namespace creel {

struct AcceptResult {
  enum class Status : std::uint8_t {
    accepted,        // `event` is new, the first of them where the request holds several
    duplicate,       // what it holds was there already
    still_rejected,  // not genuine today either, for `cause`
    cannot,          // nothing was decided; `cause` is a name, `text` says why
  };
  Status status = Status::cannot;
  EventId event;
  // "signature_mismatch", "invalid_json" … as in quarantine; of `cannot` "unknown_source", "body_cut",
  // "head_unreadable", "no_event" or the name of the store's trouble.
  std::string cause;
  std::string text;  // one sentence, no secret
};

}  // namespace creel
