#include "deliver/http_multi.h"

#include <algorithm>
#include <charconv>

#include <curl/curl.h>

#include "core/text.h"
#include "deliver/http_reach.h"

namespace creel {
namespace {

constexpr std::size_t kHeadBytesMax = std::size_t{256} << 10;
static_assert(CURL_ERROR_SIZE == 256);

AttemptResult classify(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return AttemptResult::dns;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_PROXY:
      return AttemptResult::connect;
    case CURLE_OPERATION_TIMEDOUT:
      return AttemptResult::timeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_USE_SSL_FAILED:
      return AttemptResult::tls;
    case CURLE_URL_MALFORMAT:
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
      return AttemptResult::unsent;
    default:
      // The connection was there, and what came over it, or did not, was no answer.
      return AttemptResult::reset;
  }
}

std::chrono::microseconds moment(CURL* easy, CURLINFO what) {
  curl_off_t microseconds = 0;
  curl_easy_getinfo(easy, what, &microseconds);
  return std::chrono::microseconds(microseconds);
}

}  // namespace

// --- All of them
// ---------------------------------------------------------------------------------------------------

HttpMulti::HttpMulti(std::size_t connections_max) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi_ = curl_multi_init();
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(connections_max));
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  auto* share = curl_share_init();
  curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT);
  untrusted_ = share;
}

HttpMulti::~HttpMulti() {
  curl_multi_cleanup(multi_);
  curl_share_cleanup(untrusted_);
  curl_global_cleanup();
}

void HttpMulti::perform() {
  int running = 0;
  curl_multi_perform(multi_, &running);
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    char* user = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
    static_cast<HttpTransfer*>(static_cast<void*>(user))->end(code);
  }
}

void HttpMulti::wait(std::chrono::milliseconds at_most) {
  const auto milliseconds = std::clamp<std::int64_t>(at_most.count(), 0, 60'000);
  curl_multi_poll(multi_, nullptr, 0, static_cast<int>(milliseconds), nullptr);
}

void HttpMulti::wake() {
  curl_multi_wakeup(multi_);
}

// --- One
// ---------------------------------------------------------------------------------------------------

HttpTransfer::HttpTransfer(HttpMulti& multi, const HttpReach& reach, const Limits& limits)
    : multi_(multi), reach_(reach), limits_(limits), easy_(curl_easy_init()) {
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, static_cast<void*>(this));
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_.data());
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
  // A name that nobody resolves ends with the attempt's time. Otherwise libcurl would wait for the thread
  // that looks it up, and all destinations with it.
  curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);
#endif
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy_, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy_, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy_, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &HttpTransfer::on_header);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, static_cast<void*>(this));
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &HttpTransfer::on_body);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, static_cast<void*>(this));
  reach_.apply(*this);
  if (reach_.guard) curl_easy_setopt(easy_, CURLOPT_SHARE, multi_.untrusted_);
}

HttpTransfer::~HttpTransfer() {
  if (is_running_) curl_multi_remove_handle(multi_.multi_, easy_);
  curl_easy_cleanup(easy_);
}

bool HttpTransfer::begin(std::chrono::milliseconds timeout) {
  const auto milliseconds = std::max<long>(timeout.count(), 1);
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, milliseconds);
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   std::clamp<long>(limits_.connect_timeout.count(), 1, milliseconds));
  error_[0] = '\0';
  code_ = status_ = 0;
  reply_.clear();
  head_bytes_ = body_bytes_ = body_at_ = 0;
  is_too_long_ = false;
  retry_after_.clear();
  refused_.clear();
  is_running_ = curl_multi_add_handle(multi_.multi_, easy_) == CURLM_OK;
  return is_running_;
}

void HttpTransfer::end(int code) {
  curl_multi_remove_handle(multi_.multi_, easy_);
  is_running_ = false;
  code_ = code;
  on_end();
}

void HttpTransfer::keep(std::string_view part) {
  if (reply_.size() < limits_.reply_bytes_max)
    reply_.append(part.substr(0, limits_.reply_bytes_max - reply_.size()));
}

std::size_t HttpTransfer::on_header(char* data, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<HttpTransfer*>(user);
  const std::string_view line(data, size);
  transfer.head_bytes_ += size;
  if (transfer.head_bytes_ > kHeadBytesMax) {
    transfer.is_too_long_ = true;
    return 0;
  }
  if (transfer.body_bytes_ > 0) return size;  // a trailer
  if (line.starts_with("HTTP/")) {
    // A final answer after an interim one begins anew.
    transfer.reply_.clear();
    transfer.retry_after_.clear();
    transfer.status_ = 0;
    const auto space = line.find(' ');
    if (space != std::string_view::npos) {
      std::from_chars(line.data() + space + 1, line.data() + line.size(), transfer.status_);
    }
  }
  constexpr std::string_view kRetryAfter = "retry-after:";
  if (size > kRetryAfter.size() && equal_ignoring_case(line.substr(0, kRetryAfter.size()), kRetryAfter)) {
    transfer.retry_after_ = line.substr(kRetryAfter.size());
    while (transfer.retry_after_.ends_with('\n') || transfer.retry_after_.ends_with('\r'))
      transfer.retry_after_.pop_back();
  }
  transfer.keep(line);
  transfer.body_at_ = transfer.reply_.size();
  return size;
}

std::size_t HttpTransfer::on_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<HttpTransfer*>(user);
  transfer.keep({data, size});
  transfer.body_bytes_ += size;
  if (transfer.body_bytes_ <= transfer.limits_.body_bytes_max) return size;
  transfer.is_too_long_ = true;
  return 0;  // ends the transfer, and its connection
}

AttemptResult HttpTransfer::result() const {
  const bool is_success = status_ >= 200 && status_ <= 299;
  if (code_ == CURLE_OK && status_ == 0) return AttemptResult::reset;
  if (is_success && (code_ == CURLE_OK || (is_too_long_ && body_bytes_ > 0))) return AttemptResult::delivered;
  if (is_too_long_) return AttemptResult::body_limit;
  if (code_ == CURLE_OK) return AttemptResult::status;
  return failure();
}

AttemptResult HttpTransfer::failure() const {
  if (!refused_.empty() && (code_ == CURLE_COULDNT_CONNECT || code_ == CURLE_ABORTED_BY_CALLBACK))
    return AttemptResult::refused;
  if (code_ == CURLE_RECV_ERROR) {
    // What a proxy says to CONNECT is no answer of the destination.
    long said = 0;
    curl_easy_getinfo(easy_, CURLINFO_HTTP_CONNECTCODE, &said);
    if (said >= 300) return AttemptResult::connect;
  }
  return classify(static_cast<CURLcode>(code_));
}

std::string HttpTransfer::sentence() const {
  const std::string why = error_[0] ? error_.data() : curl_easy_strerror(static_cast<CURLcode>(code_));
  switch (result()) {
    case AttemptResult::delivered:
      return {};
    case AttemptResult::status:
      return "the destination answered " + std::to_string(status_);
    case AttemptResult::connect:
      return "no connection: " + why;
    case AttemptResult::dns:
      return "no address: " + why;
    case AttemptResult::tls:
      return "no trust: " + why;
    case AttemptResult::timeout:
      return "no complete answer in time: " + why;
    case AttemptResult::reset:
      return "the connection broke: " + why;
    case AttemptResult::body_limit:
      return "the answer was longer than " + std::to_string(limits_.body_bytes_max) + " bytes";
    case AttemptResult::refused:
      return refused_;
    case AttemptResult::unsent:
    case AttemptResult::exit:
    case AttemptResult::auth:
      return "not sent: " + why;
  }
  return why;
}

// libcurl counts from the beginning of the transfer, with zero for what did not happen.
AttemptTimings HttpTransfer::timings() const {
  constexpr std::chrono::microseconds kZero{0};
  AttemptTimings timings;
  long connections = 0;
  curl_easy_getinfo(easy_, CURLINFO_NUM_CONNECTS, &connections);
  if (connections > 0) {
    const auto dns = moment(easy_, CURLINFO_NAMELOOKUP_TIME_T);
    const auto connect = moment(easy_, CURLINFO_CONNECT_TIME_T);
    timings.dns = dns;
    timings.connect = std::max(connect - dns, kZero);
    timings.tls = std::max(moment(easy_, CURLINFO_APPCONNECT_TIME_T) - connect, kZero);
  }
  timings.first_byte = std::max(
      moment(easy_, CURLINFO_STARTTRANSFER_TIME_T) - moment(easy_, CURLINFO_PRETRANSFER_TIME_T), kZero);
  return timings;
}

}  // namespace creel
