// Published keys of token senders (JWKS, RFC 7517): fetched from the addresses that are configured, and from
// no others, whatever a token says; kept as they last were good.
//
//   Jwks jwks(fetch_over_http, clock, log, metrics);
//   options.jwks = jwks.keys_of("login", {"https://login.example.com/.well-known/jwks.json"});
//   jwks.start();
//
// Each list of addresses is fetched at once, every ten minutes, and a minute after a failure; sooner, but not
// more than once a minute, when a token names a key that is not there. A list is forgotten when nobody holds
// its function any more.
//
// Threads: one of its own, which fetches; everything here may be called from any other.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <creel/provider.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/metrics.h"

namespace creel {

// One GET: the body, or why there is none as a sentence. `is_stopping` is asked now and then; when it says
// yes the answer does not matter any more.
using JwksFetch = std::function<std::expected<std::string, std::string>(
    const std::string& url, const std::function<bool()>& is_stopping)>;
// By libcurl: https verified, no redirects, no proxy, nothing but 200, at most 256 KiB, within 10 s.
std::expected<std::string, std::string> fetch_over_http(const std::string& url,
                                                        const std::function<bool()>& is_stopping);

class Jwks {
 public:
  static constexpr std::chrono::minutes kEvery{10};
  static constexpr std::chrono::minutes kAgain{1};

  // Everything given by reference outlives it.
  Jwks(JwksFetch fetch, const Clock& clock, Log& log, Metrics& metrics);
  ~Jwks();  // abandons what runs, and ends the thread

  // The keys as they are, null before the first success. A list that is known already comes with its keys.
  // `source` is who is named in the log.
  std::function<std::shared_ptr<const JwkSet>()> keys_of(const std::string& source,
                                                         const std::vector<std::string>& addresses);
  // A token named a key that is not among them.
  void refresh(const std::vector<std::string>& addresses);

  void start();
  // What the thread does, one turn of it: fetches what is due and says when the next is. For tests.
  Ticks turn();

 private:
  struct List;
  struct Series;

  void run();
  void fetch(List& list);
  std::shared_ptr<List> find(const std::vector<std::string>& addresses);

  const JwksFetch fetch_;
  const Clock& clock_;
  Log& log_;
  std::unique_ptr<Series> series_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::weak_ptr<List>> lists_;
  bool is_stopping_ = false;
  bool has_news_ = false;
  std::thread thread_;
};

// The keys of several sets in one.
std::expected<std::shared_ptr<const JwkSet>, std::string> merged_keys(std::span<const std::string> sets);

}  // namespace creel
