// Attempts over HTTP, by libcurl, all on one thread.
//
// The client drives the transfers of all HTTP destinations (http_multi.h); http_destination.cc makes them.
// Nothing is followed, nothing is decompressed, no proxy, netrc or cookie of the environment is used, trust
// is verified unless a destination says otherwise, and an answer is read only so far: one destination that
// hangs, crawls or sends without end costs the others nothing but a slot of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "core/threads.h"
#include "deliver/destination.h"
#include "deliver/http_multi.h"
#include "deliver/request_headers.h"

namespace creel {

class HttpClient {
 public:
  struct Options {
    std::size_t connections_max = 256;                  // kept open for reuse
    std::size_t reply_bytes_max = 1024;                 // of head and body, kept of a failure
    std::size_t body_bytes_max = std::size_t{1} << 20;  // read of an answer
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  };

  // `sink` outlives the client.
  HttpClient(const Options& options, AttemptSink& sink);
  // After its endpoints, which abandon what runs: the sink hears nothing of that.
  ~HttpClient() = default;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // An endpoint for `destination`, whose attempts this client makes. It goes before the client does;
  // `receivers`, what that gives, and `clock` outlive it.
  std::unique_ptr<Endpoint> endpoint(Destination destination, const ReceiverLookup& receivers,
                                     const Clock& clock);

  // Moves all transfers on as far as they go without waiting, and tells the sink which ended.
  void perform() ON_DELIVER { multi_.perform(); }
  // Waits until a transfer can move on, wake() was called, or the time is over.
  void wait(std::chrono::milliseconds at_most) ON_DELIVER { multi_.wait(at_most); }
  // From any thread: ends a wait(), or the next one.
  void wake() { multi_.wake(); }

 private:
  const Options options_;
  AttemptSink& sink_;
  HttpMulti multi_;
};

}  // namespace creel
