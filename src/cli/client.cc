#include "cli/client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <memory>

#include "app/units.h"

namespace creel::cli {
namespace {

constexpr std::size_t kAnswerBytesMax = std::size_t{256} << 20;

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* into) {
  auto& body = static_cast<HttpAnswer*>(into)->body;
  if (body.size() + size * count > kAnswerBytesMax) return 0;
  body.append(data, size * count);
  return size * count;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* into) {
  auto& headers = static_cast<HttpAnswer*>(into)->headers;
  std::string_view line(data, size * count);
  // A new status line: what came before belonged to an interim answer.
  if (line.starts_with("HTTP/")) headers.clear();
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size * count;
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string_view value = line.substr(colon + 1);
  const std::size_t begin = std::min(value.find_first_not_of(" \t"), value.size());
  const std::size_t end = value.find_last_not_of(" \t\r\n") + 1;
  headers.emplace_back(std::move(name), begin < end ? value.substr(begin, end - begin) : std::string_view{});
  return size * count;
}

bool is_to_be_checked(const HttpRequest& request) {
  const auto url = parse_http_url(request.url);
  return request.checks_certificate && !(url && is_loopback(url->host));
}

struct CurlGlobal {
  CurlGlobal() { curl_global_init(CURL_GLOBAL_DEFAULT); }
  ~CurlGlobal() { curl_global_cleanup(); }
  CurlGlobal(const CurlGlobal&) = delete;
  CurlGlobal& operator=(const CurlGlobal&) = delete;
};

// One request on its way. It stays where it is: libcurl points into it.
class Transfer {
 public:
  Transfer() : handle_(curl_easy_init(), &curl_easy_cleanup) {}

  // Null when libcurl could not make a handle.
  CURL* prepare(HttpRequest request);
  // After its end with `code`.
  std::expected<HttpAnswer, HttpFailure> result(CURLcode code);

  std::chrono::steady_clock::time_point due;

 private:
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle_;
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> lines_{nullptr, &curl_slist_free_all};
  HttpRequest request_;
  HttpAnswer answer_;
  std::array<char, CURL_ERROR_SIZE> explanation_{};
};

CURL* Transfer::prepare(HttpRequest request) {
  CURL* curl = handle_.get();
  if (!curl) return nullptr;
  request_ = std::move(request);
  answer_ = {};
  explanation_.fill('\0');
  curl_slist* lines = nullptr;
  for (const auto& [name, value] : request_.headers) {
    // libcurl's way to send a header without a value is a semicolon.
    lines = curl_slist_append(lines, (value.empty() ? name + ";" : name + ": " + value).c_str());
  }
  lines = curl_slist_append(lines, "Expect:");
  lines_.reset(lines);

  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "creel");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
  if (!is_to_be_checked(request_)) {
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, explanation_.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer_);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer_);
  curl_easy_setopt(curl, CURLOPT_PRIVATE, this);
  if (request_.method != "GET") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request_.body.data());
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  return curl;
}

std::expected<HttpAnswer, HttpFailure> Transfer::result(CURLcode code) {
  if (code != CURLE_OK) {
    return std::unexpected(
        HttpFailure{explanation_[0] != '\0' ? explanation_.data() : curl_easy_strerror(code)});
  }
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  answer_.status = static_cast<int>(status);
  return std::move(answer_);
}

constexpr long kConnectionsMax = 256;
constexpr std::chrono::milliseconds kProgressEvery{200};

// The requests of a Load on their way.
class LoadRun {
 public:
  explicit LoadRun(const Load& load) : load_(load), multi_(curl_multi_init(), &curl_multi_cleanup) {
    curl_multi_setopt(multi_.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, kConnectionsMax);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, kConnectionsMax);
  }

  LoadResult run() {
    while (multi_ && ended_ < load_.count) {
      begin_what_is_due();
      int running = 0;
      if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) break;
      take_what_ended();
      tell();
      if (ended_ < load_.count) curl_multi_poll(multi_.get(), nullptr, 0, milliseconds_to_wait(), nullptr);
    }
    result_.unanswered += load_.count - ended_;
    result_.took = since(start_);
    std::ranges::sort(result_.latencies);
    return std::move(result_);
  }

 private:
  using Clock = std::chrono::steady_clock;

  static std::chrono::microseconds since(Clock::time_point then) {
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - then);
  }
  // Counted from the start, so that a late one does not put off those after it.
  Clock::time_point due(std::size_t index) const {
    const std::chrono::duration<double> after(static_cast<double>(index) / load_.rate);
    return start_ + std::chrono::duration_cast<Clock::duration>(after);
  }
  int milliseconds_to_wait() const {
    if (begun_ == load_.count) return 100;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(due(begun_) - Clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(wait.count(), 0, 100));
  }

  void begin_what_is_due() {
    while (begun_ < load_.count && due(begun_) <= Clock::now()) {
      if (idle_.empty()) idle_.push_back(std::make_unique<Transfer>());
      std::unique_ptr<Transfer> transfer = std::move(idle_.back());
      idle_.pop_back();
      transfer->due = due(begun_);
      CURL* curl = transfer->prepare(load_.request(begun_));
      ++begun_;
      if (!curl || curl_multi_add_handle(multi_.get(), curl) != CURLM_OK) {
        fail("libcurl could not be started");
        continue;
      }
      under_way_.emplace(curl, std::move(transfer));
    }
  }

  void take_what_ended() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* curl = message->easy_handle;
      const CURLcode code = message->data.result;
      curl_multi_remove_handle(multi_.get(), curl);
      auto node = under_way_.extract(curl);
      Transfer& transfer = *node.mapped();
      if (const auto answer = transfer.result(code)) {
        ++ended_;
        ++result_.statuses[answer->status];
        result_.latencies.push_back(since(transfer.due));
      } else {
        fail(answer.error().message);
      }
      idle_.push_back(std::move(node.mapped()));
    }
  }

  void fail(std::string message) {
    ++ended_;
    if (result_.unanswered++ == 0) result_.failure = std::move(message);
  }

  void tell() {
    if (!load_.progress || Clock::now() - told_ < kProgressEvery) return;
    told_ = Clock::now();
    load_.progress(begun_, ended_);
  }

  const Load& load_;
  std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_;
  std::vector<std::unique_ptr<Transfer>> idle_;
  std::map<CURL*, std::unique_ptr<Transfer>> under_way_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point told_ = start_;
  std::size_t begun_ = 0, ended_ = 0;
  LoadResult result_;
};

void start_libcurl() {
  static const CurlGlobal kGlobal;
}

}  // namespace

std::string HttpAnswer::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
  return found == headers.end() ? std::string{} : found->second;
}

std::expected<HttpAnswer, HttpFailure> exchange(const HttpRequest& request) {
  start_libcurl();
  Transfer transfer;
  CURL* curl = transfer.prepare(request);
  if (!curl) return std::unexpected(HttpFailure{"libcurl could not be started"});
  return transfer.result(curl_easy_perform(curl));
}

LoadResult run_load(const Load& load) {
  start_libcurl();
  return LoadRun(load).run();
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          c == '-' || c == '.' || c == '_' || c == '~';
    if (is_plain) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += "0123456789ABCDEF"[byte >> 4];
    encoded += "0123456789ABCDEF"[byte & 15];
  }
  return encoded;
}

}  // namespace creel::cli
