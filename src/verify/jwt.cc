#include "verify/scheme.h"

namespace creel {

std::unique_ptr<SchemeKeys> make_jwt(const Provider&, std::vector<Key>, const ReceiverOptions&) {
  return nullptr;
}

}  // namespace creel
