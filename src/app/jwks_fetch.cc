// The one request that creel makes for published keys.
#include <curl/curl.h>

#include <array>
#include <memory>

#include "app/jwks.h"

namespace creel {
namespace {

constexpr std::size_t kBytesMax = std::size_t{256} << 10;
constexpr long kTimeoutMs = 10'000;

struct Answer {
  std::string body;
  const std::function<bool()>& is_stopping;
  bool is_too_long = false;
};

std::size_t take(char* data, std::size_t, std::size_t size, void* into) {
  auto& answer = *static_cast<Answer*>(into);
  if (answer.body.size() + size > kBytesMax) {
    answer.is_too_long = true;
    return 0;
  }
  answer.body.append(data, size);
  return size;
}

int ask(void* about, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Answer*>(about)->is_stopping() ? 1 : 0;
}

}  // namespace

std::expected<std::string, std::string> fetch_over_http(const std::string& url,
                                                        const std::function<bool()>& is_stopping) {
  [[maybe_unused]] static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), curl_easy_cleanup);
  CURL* easy = handle.get();
  if (!easy) return std::unexpected("out of memory");
  Answer answer{.body = {}, .is_stopping = is_stopping};
  std::array<char, CURL_ERROR_SIZE> error{};
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
                   "https,http");  // http is for loopback: checked when it was configured
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, kTimeoutMs);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "creel");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, ask);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &answer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error.data());

  const CURLcode code = curl_easy_perform(easy);
  if (answer.is_too_long) return std::unexpected("the answer is longer than 256 KiB");
  if (code != CURLE_OK) return std::unexpected(error[0] ? error.data() : curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return std::unexpected("the answer was " + std::to_string(status) + " and not 200");
  return std::move(answer.body);
}

}  // namespace creel
