#include "deliver/http_client.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include <curl/curl.h>

#include "core/text.h"
#include "deliver/retry_after.h"

namespace creel {
namespace {

class HttpDestination;

// One easy handle with what its request points to. Used again for the next attempt of the same destination.
struct Transfer {
  HttpDestination* owner = nullptr;
  CURL* easy = nullptr;
  AttemptOrder order;
  OutgoingRequest request;
  std::vector<curl_slist> list;  // the nodes that libcurl reads; they point into `request`
  bool has_own_url = false;
  std::array<char, CURL_ERROR_SIZE> error{};

  int status = 0;
  std::string reply;
  std::size_t head_bytes = 0, body_bytes = 0;
  bool is_too_long = false;
  std::string retry_after;

  ~Transfer() { curl_easy_cleanup(easy); }
};

constexpr std::size_t kHeadBytesMax = std::size_t{256} << 10;

void keep(Transfer& transfer, std::string_view part, std::size_t bytes_max) {
  if (transfer.reply.size() < bytes_max)
    transfer.reply.append(part.substr(0, bytes_max - transfer.reply.size()));
}

AttemptResult classify(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return AttemptResult::dns;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
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

// libcurl counts from the beginning of the transfer, with zero for what did not happen.
AttemptTimings timings_of(CURL* easy) {
  constexpr std::chrono::microseconds kZero{0};
  AttemptTimings timings;
  long connections = 0;
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
  if (connections > 0) {
    const auto dns = moment(easy, CURLINFO_NAMELOOKUP_TIME_T);
    const auto connect = moment(easy, CURLINFO_CONNECT_TIME_T);
    timings.dns = dns;
    timings.connect = std::max(connect - dns, kZero);
    timings.tls = std::max(moment(easy, CURLINFO_APPCONNECT_TIME_T) - connect, kZero);
  }
  timings.first_byte = std::max(
      moment(easy, CURLINFO_STARTTRANSFER_TIME_T) - moment(easy, CURLINFO_PRETRANSFER_TIME_T), kZero);
  return timings;
}

}  // namespace

struct HttpClient::Core {
  Core(Options given, AttemptSink& told) : options(given), sink(told) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(options.connections_max));
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  }
  ~Core() {
    curl_multi_cleanup(multi);
    curl_global_cleanup();
  }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  const Options options;
  AttemptSink& sink;
  CURLM* multi = nullptr;
};

namespace {

class HttpDestination final : public Endpoint {
 public:
  HttpDestination(HttpClient::Core& core, Destination destination, const ReceiverLookup& receivers,
                  const Clock& clock)
      : core_(core),
        destination_(std::move(destination)),
        receivers_(receivers),
        clock_(clock),
        url_(request_url(destination_.url, "", nullptr)) {
    if (destination_.secret && destination_.secret->can_sign()) signer_.emplace(*destination_.secret);
  }
  ~HttpDestination() override {
    for (const auto& transfer : running_)
      curl_multi_remove_handle(core_.multi, transfer->easy);
  }

  void attempt(AttemptOrder order, Time now) override ON_DELIVER {
    auto transfer = idle_.empty() ? make() : std::move(idle_.back());
    if (!idle_.empty()) idle_.pop_back();
    transfer->order = std::move(order);
    const auto ready = prepare(*transfer, now);
    if (!ready || curl_multi_add_handle(core_.multi, transfer->easy) != CURLM_OK) {
      AttemptReport report{.result = AttemptResult::unsent,
                           .error = ready ? "the request could not be made" : ready.error()};
      AttemptOrder back = std::move(transfer->order);
      idle_.push_back(std::move(transfer));
      return core_.sink.ended(std::move(back), std::move(report));
    }
    running_.push_back(std::move(transfer));
  }

  bool is_idle() const override ON_DELIVER { return running_.empty(); }

  void ended(Transfer* transfer, CURLcode code) ON_DELIVER {
    curl_multi_remove_handle(core_.multi, transfer->easy);
    AttemptReport report = report_of(*transfer, code);
    AttemptOrder order = std::move(transfer->order);
    const auto found = std::ranges::find(running_, transfer, &std::unique_ptr<Transfer>::get);
    std::swap(*found, running_.back());
    idle_.push_back(std::move(running_.back()));
    running_.pop_back();
    core_.sink.ended(std::move(order), std::move(report));
  }

 private:
  std::unique_ptr<Transfer> make();
  std::expected<void, std::string> prepare(Transfer& transfer, Time now);
  AttemptReport report_of(Transfer& transfer, CURLcode code) const;
  std::string sentence(const Transfer& transfer, CURLcode code, AttemptResult result) const;

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* user);
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* user);

  HttpClient::Core& core_;
  const Destination destination_;
  const ReceiverLookup& receivers_;
  const Clock& clock_;
  const std::string url_;
  std::optional<Signer> signer_;  // of the destination's own secret
  std::vector<std::unique_ptr<Transfer>> idle_, running_;
};

// Everything that is the same for all attempts of a destination.
std::unique_ptr<Transfer> HttpDestination::make() {
  auto transfer = std::make_unique<Transfer>();
  transfer->owner = this;
  CURL* easy = transfer->easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, static_cast<void*>(transfer.get()));
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error.data());
  curl_easy_setopt(easy, CURLOPT_URL, url_.c_str());
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");  // or the environment is asked each time
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  const auto timeout = std::max<long>(destination_.timeout.count(), 1);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   std::min<long>(timeout, core_.options.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &HttpDestination::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, static_cast<void*>(transfer.get()));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &HttpDestination::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, static_cast<void*>(transfer.get()));
  return transfer;
}

// What is this attempt's own.
std::expected<void, std::string> HttpDestination::prepare(Transfer& transfer, Time now) {
  const StoredEvent& event = *transfer.order.content;
  const std::shared_ptr<const Receiver> receiver = receivers_(event.source);
  auto written = write_request(destination_, transfer.order, receiver.get(), now, transfer.request,
                               signer_ ? &*signer_ : nullptr);
  if (!written) return written;

  transfer.list.resize(transfer.request.headers.count);
  char* line = transfer.request.headers.text.data();
  for (std::size_t i = 0; i < transfer.list.size(); ++i) {
    transfer.list[i] = {.data = line, .next = i + 1 < transfer.list.size() ? &transfer.list[i + 1] : nullptr};
    line += std::string_view(line).size() + 1;
  }
  CURL* easy = transfer.easy;
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.list.data());
  // Not copied: the order keeps the event as long as the transfer runs.
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(event.body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, event.body.data());
  if (transfer.request.url != url_) {
    curl_easy_setopt(easy, CURLOPT_URL, transfer.request.url.c_str());
    transfer.has_own_url = true;
  } else if (transfer.has_own_url) {
    curl_easy_setopt(easy, CURLOPT_URL, url_.c_str());
    transfer.has_own_url = false;
  }
  transfer.error[0] = '\0';
  transfer.status = 0;
  transfer.reply.clear();
  transfer.head_bytes = transfer.body_bytes = 0;
  transfer.is_too_long = false;
  transfer.retry_after.clear();
  return {};
}

std::size_t HttpDestination::on_header(char* data, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size);
  transfer.head_bytes += size;
  if (transfer.head_bytes > kHeadBytesMax) {
    transfer.is_too_long = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) {
    // A final answer after an interim one begins anew.
    transfer.reply.clear();
    transfer.retry_after.clear();
    transfer.status = 0;
    const auto space = line.find(' ');
    if (space != std::string_view::npos) {
      std::from_chars(line.data() + space + 1, line.data() + line.size(), transfer.status);
    }
  }
  constexpr std::string_view kRetryAfter = "retry-after:";
  if (size > kRetryAfter.size() && equal_ignoring_case(line.substr(0, kRetryAfter.size()), kRetryAfter)) {
    transfer.retry_after = line.substr(kRetryAfter.size());
    while (transfer.retry_after.ends_with('\n') || transfer.retry_after.ends_with('\r'))
      transfer.retry_after.pop_back();
  }
  keep(transfer, line, transfer.owner->core_.options.reply_bytes_max);
  return size;
}

std::size_t HttpDestination::on_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const auto& options = transfer.owner->core_.options;
  keep(transfer, {data, size}, options.reply_bytes_max);
  transfer.body_bytes += size;
  if (transfer.body_bytes <= options.body_bytes_max) return size;
  transfer.is_too_long = true;
  return 0;  // ends the transfer, and its connection
}

AttemptReport HttpDestination::report_of(Transfer& transfer, CURLcode code) const {
  const bool is_success = transfer.status >= 200 && transfer.status <= 299;
  AttemptReport report{.status = transfer.status, .timings = timings_of(transfer.easy)};
  if (code == CURLE_OK && transfer.status == 0) {
    report.result = AttemptResult::reset;
  } else if (is_success && (code == CURLE_OK || (transfer.is_too_long && transfer.body_bytes > 0))) {
    report.result = AttemptResult::delivered;
    return report;
  } else if (transfer.is_too_long) {
    report.result = AttemptResult::body_limit;
  } else if (code == CURLE_OK) {
    report.result = AttemptResult::status;
  } else {
    report.result = classify(code);
  }
  report.reply = std::move(transfer.reply);
  report.error = sentence(transfer, code, report.result);
  if (!transfer.retry_after.empty())
    report.retry_after = parse_retry_after(transfer.retry_after, clock_.now());
  return report;
}

// The cause for a person, one sentence.
std::string HttpDestination::sentence(const Transfer& transfer, CURLcode code, AttemptResult result) const {
  const std::string why = transfer.error[0] ? transfer.error.data() : curl_easy_strerror(code);
  switch (result) {
    case AttemptResult::delivered:
      return {};
    case AttemptResult::status:
      return "the destination answered " + std::to_string(transfer.status);
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
      return "the answer was longer than " + std::to_string(core_.options.body_bytes_max) + " bytes";
    case AttemptResult::unsent:
    case AttemptResult::exit:
    case AttemptResult::refused:
    case AttemptResult::auth:
      return "not sent: " + why;
  }
  return why;
}

}  // namespace

HttpClient::HttpClient(Options options, AttemptSink& sink) : core_(std::make_unique<Core>(options, sink)) {}
HttpClient::~HttpClient() = default;

std::unique_ptr<Endpoint> HttpClient::endpoint(Destination destination, const ReceiverLookup& receivers,
                                               const Clock& clock) {
  return std::make_unique<HttpDestination>(*core_, std::move(destination), receivers, clock);
}

void HttpClient::perform() {
  int running = 0;
  curl_multi_perform(core_->multi, &running);
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(core_->multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    char* user = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
    auto* transfer = static_cast<Transfer*>(static_cast<void*>(user));
    transfer->owner->ended(transfer, code);
  }
}

void HttpClient::wait(std::chrono::milliseconds at_most) {
  const auto milliseconds = std::clamp<std::int64_t>(at_most.count(), 0, 60'000);
  curl_multi_poll(core_->multi, nullptr, 0, static_cast<int>(milliseconds), nullptr);
}

void HttpClient::wake() {
  curl_multi_wakeup(core_->multi);
}

}  // namespace creel
