// What libcurl's multi interface makes by itself: so many POSTs, so many at once, to one URL, with the
// headers that a delivery has. The reference for how fast a backlog could drain.
//
//   creel-curl --url http://127.0.0.1:8183/webhooks/openai --count 100000 --concurrency 32
//
// Prints how many were answered 2xx and how many a second, as JSON.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <curl/curl.h>

#include "options.h"

namespace creel::bench {
namespace {

constexpr std::size_t kBodyBytes = 300;

// A delivery's request, the same each time: libcurl does not know that.
curl_slist* headers() {
  curl_slist* list = nullptr;
  for (const char* line : {"Content-Type: application/json",
                           "User-Agent: OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)",
                           "webhook-id: wh_00000000000000000000000000000000", "webhook-timestamp: 1750000000",
                           "webhook-signature: v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                           "creel-event-id: cev_0000000000000", "creel-delivery-id: cev_0000000000000.app.1",
                           "creel-attempt: 1", "Accept:", "Expect:"})
    list = curl_slist_append(list, line);
  return list;
}

std::size_t ignore(char*, std::size_t size, std::size_t count, void*) {
  return size * count;
}

struct Run {
  std::string url;
  long count = 100'000, concurrency = 32;
  long begun = 0, ended = 0, accepted = 0;
  const std::string body = std::string(kBodyBytes, 'x');
};

CURL* make(const Run& run, curl_slist* list) {
  CURL* easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, run.url.c_str());
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, run.body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(run.body.size()));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  return easy;
}

void take_ended(CURLM* multi, Run& run) {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    ++run.ended;
    if (message->data.result == CURLE_OK && status / 100 == 2) ++run.accepted;
    curl_multi_remove_handle(multi, easy);
    if (run.begun == run.count) continue;
    ++run.begun;
    curl_multi_add_handle(multi, easy);
  }
}

int run_all(Run& run) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* multi = curl_multi_init();
  curl_slist* list = headers();
  std::vector<CURL*> handles;
  for (; run.begun < std::min(run.count, run.concurrency); ++run.begun) {
    handles.push_back(make(run, list));
    curl_multi_add_handle(multi, handles.back());
  }
  const auto began = std::chrono::steady_clock::now();
  int running = 1;
  while (run.ended < run.count) {
    curl_multi_perform(multi, &running);
    take_ended(multi, run);
    curl_multi_poll(multi, nullptr, 0, run.ended < run.count ? 100 : 0, nullptr);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  for (CURL* easy : handles)
    curl_easy_cleanup(easy);
  curl_multi_cleanup(multi);
  curl_slist_free_all(list);
  std::printf("{\"requests\":%ld,\"accepted\":%ld,\"rps\":%.0f}\n", run.ended, run.accepted,
              static_cast<double>(run.ended) / took.count());
  return run.accepted == run.count ? 0 : 1;
}

}  // namespace
}  // namespace creel::bench

int main(int argc, char** argv) {
  creel::bench::Run run;
  creel::bench::Options options("creel-curl", "--url URL [options]");
  options.value("--url", "where the requests go", run.url)
      .value("--count", "requests (100000)", run.count)
      .value("--concurrency", "at once (32)", run.concurrency)
      .parse(argc, argv);
  return creel::bench::run_all(run);
}
