#include "deliver/http_reach.h"

#include <sys/socket.h>

#include <curl/curl.h>

#include "deliver/http_multi.h"

namespace creel {
namespace {

std::optional<AddressGuard> guard_of(const Destination& destination) {
  if (!destination.untrusted) return std::nullopt;
  auto guard = AddressGuard::make(destination.http.guard);
  // An exception that cannot be read excepts nothing.
  return guard ? *std::move(guard) : AddressGuard();
}

}  // namespace

HttpReach::HttpReach(const Destination& reached)
    : destination(reached.name), settings(reached.http), guard(guard_of(reached)) {}

void HttpReach::apply(HttpTransfer& transfer) const {
  CURL* easy = transfer.easy();
  const auto set = [easy](CURLoption option, const std::string& value) {
    if (!value.empty()) curl_easy_setopt(easy, option, value.c_str());
  };
  const long verifies = settings.insecure ? 0 : 1;
  for (const CURLoption option : {CURLOPT_SSL_VERIFYPEER, CURLOPT_PROXY_SSL_VERIFYPEER})
    curl_easy_setopt(easy, option, verifies);
  for (const CURLoption option : {CURLOPT_SSL_VERIFYHOST, CURLOPT_PROXY_SSL_VERIFYHOST})
    curl_easy_setopt(easy, option, 2 * verifies);
  // A connection is used again only where the content is the same: a renewed certificate makes new ones.
  const auto set_file = [&](CURLoption by_content, const std::string& content, CURLoption by_path,
                            const std::string& path) {
    if (content.empty()) return set(by_path, path);
    curl_blob blob{
        .data = const_cast<char*>(content.data()), .len = content.size(), .flags = CURL_BLOB_NOCOPY};
    curl_easy_setopt(easy, by_content, &blob);
  };
  set_file(CURLOPT_SSLCERT_BLOB, settings.client_certificate_pem, CURLOPT_SSLCERT,
           settings.client_certificate);
  set_file(CURLOPT_SSLKEY_BLOB, settings.client_key_pem, CURLOPT_SSLKEY,
           settings.client_key.empty() ? settings.client_certificate : settings.client_key);
  if (!settings.ca.empty()) {
    set_file(CURLOPT_CAINFO_BLOB, settings.ca_pem, CURLOPT_CAINFO, settings.ca);
    set_file(CURLOPT_PROXY_CAINFO_BLOB, settings.ca_pem, CURLOPT_PROXY_CAINFO, settings.ca);
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);  // in place of the system's, not besides
    curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, nullptr);
#if LIBCURL_VERSION_NUM >= 0x075700
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);  // a new file counts at once
#endif
  }
  // Said in both cases, or the environment is asked each time.
  curl_easy_setopt(easy, CURLOPT_PROXY, settings.proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, settings.proxy.empty() ? "*" : "");
  if (!guard) return;
  curl_easy_setopt(
      easy, CURLOPT_OPENSOCKETFUNCTION,
      static_cast<curl_opensocket_callback>(
          [](void* user, curlsocktype, curl_sockaddr* address) { return on_open(user, 0, address); }));
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, static_cast<void*>(&transfer));
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &HttpReach::on_request);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, static_cast<void*>(&transfer));
}

bool HttpReach::passes(HttpTransfer& transfer, const std::optional<Address>& address, std::uint16_t port) {
  const HttpReach& reach = transfer.reach_;
  const auto why = address ? reach.guard->refuses(*address, port) : "it has no address of the internet";
  if (why) transfer.refused_ = *why + ", and destination " + reach.destination + " is untrusted";
  return !why;
}

int HttpReach::on_open(void* user, int, curl_sockaddr* address) {
  auto& transfer = *static_cast<HttpTransfer*>(user);
  if (!passes(transfer, address_of(address->addr), port_of(address->addr))) return CURL_SOCKET_BAD;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int HttpReach::on_request(void* user, char* peer, char*, int port, int) {
  auto& transfer = *static_cast<HttpTransfer*>(user);
  const bool is_allowed = passes(transfer, parse_address(peer), static_cast<std::uint16_t>(port));
  return is_allowed ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

}  // namespace creel
