#include "verify/scheme.h"

namespace creel {

std::unique_ptr<SchemeKeys> make_credential(const Provider&, std::vector<Key>, const ReceiverOptions&) {
  return nullptr;
}

}  // namespace creel

namespace creel {
std::unique_ptr<SchemeKeys> make_no_scheme(const Provider&, std::vector<Key>, const ReceiverOptions&) {
  return nullptr;
}
}  // namespace creel
