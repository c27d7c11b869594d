// tls = { certificate = "…", key = "…" } of a port or a destination: the files are read, and what is in them
// is checked before anything starts.
#pragma once

#include <string.h>

#include <optional>
#include <string>
#include <string_view>

#include "app/config.h"
#include "app/config_section.h"

namespace creel {

// The content of one file; wiped when it goes, as it may be a key.
struct PemFile {
  PemFile() = default;
  PemFile(const PemFile&) = delete;
  PemFile& operator=(const PemFile&) = delete;
  ~PemFile() {
    if (!text.empty()) explicit_bzero(text.data(), text.size());
  }

  std::string path, text;
  Place place;
};

// The file that `key` of a table names. False when it is not there or cannot be read, which is reported.
bool read_pem(Section& tls, std::string_view key, PemFile& into);

// Makes a certificate and its key ready. Null when they cannot be used, which is reported; a certificate that
// ends soon, or has ended, gets a warning. `who_refuses` is who will not take it then: "senders refuse it".
std::shared_ptr<const http::TlsContext> make_context(const PemFile& certificate, const PemFile& key,
                                                     std::string_view who_refuses, Section& tls);

// The key `tls` of a port's table. Nothing when it is not there, or cannot be used, which is reported.
std::optional<TlsConfig> read_tls(Section& port);

// The key `tls` of a destination's table, into `into`.
void read_client_tls(Section& destination, HttpSettings& into);

}  // namespace creel
