// Certificates and keys for a configuration under test.
#pragma once

#include <chrono>
#include <string>

namespace creel {

struct PemPair {
  std::string certificate, key;
};

// A certificate of its own making that ends `left` after the machine's now; in config_tls_test.cc, with all
// that knows OpenSSL.
PemPair make_pem_pair(std::chrono::seconds left);

}  // namespace creel
