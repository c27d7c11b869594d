#include "core/metrics.h"

#include <prometheus/text_serializer.h>

namespace creel {

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(registry_->Collect());
}

}  // namespace creel
