// The rows, one file each. Adding a provider of a known family is one such file, its line here and in
// table.cc, and a test.
#pragma once

#include <creel/provider.h>

namespace creel::providers {

extern const Provider kOpenai;
extern const Provider kStandardWebhooks;

}  // namespace creel::providers
