// A genuine event for tests of the store, which is given events that somebody else has verified.
#pragma once

#include <creel/genuine.h>

#include "core/model.h"

namespace creel {

struct Voucher;
template <>
class Genuine<Voucher> {
 public:
  static Genuine<NewEvent> vouch(NewEvent event) { return Genuine<NewEvent>(event); }
};

}  // namespace creel
