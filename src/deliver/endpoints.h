// Makes an endpoint of any kind, and owns what drives them.
//
//   Endpoints endpoints({}, sink, [this](AttemptOrder order, AttemptReport report) { post(…); });
//   auto endpoint = endpoints.make(destination, receivers, clock);
//   endpoint->attempt(order, now);
//   endpoints.perform(); endpoints.wait(100ms); …
//
// Attempts over HTTP end on the deliver thread, in perform(). Programs and lines end on threads of their own,
// which begin when they are first needed: whoever owns this hands their ends over to the sink.
#pragma once

#include <unistd.h>

#include <chrono>
#include <functional>
#include <memory>

#include "core/clock.h"
#include "core/model.h"
#include "core/threads.h"
#include "deliver/destination.h"
#include "deliver/exec_runner.h"
#include "deliver/http_client.h"
#include "deliver/line_writer.h"
#include "deliver/request_headers.h"

namespace creel {

class Endpoints {
 public:
  struct Options {
    HttpClient::Options http;
    ExecRunner::Options exec;
    int output = STDOUT_FILENO;  // of kind stdout
  };
  // Called on other threads than the deliver thread; returns at once. May call wake().
  using PostEnded = std::function<void(AttemptOrder, AttemptReport)>;

  // `sink` outlives it.
  Endpoints(const Options& options, AttemptSink& sink, PostEnded post_ended);
  // After the endpoints. As stop().
  ~Endpoints() { stop(); }
  Endpoints(const Endpoints&) = delete;
  Endpoints& operator=(const Endpoints&) = delete;

  // Goes before this does; `receivers`, what that gives, and `clock` outlive it.
  std::unique_ptr<Endpoint> make(Destination destination, const ReceiverLookup& receivers,
                                 const Clock& clock) ON_DELIVER;

  // Moves what is driven from this thread on as far as it goes without waiting, and tells the sink what
  // ended.
  void perform() ON_DELIVER { http_.perform(); }
  // Waits until something can move on, wake() was called, or the time is over.
  void wait(std::chrono::milliseconds at_most) ON_DELIVER { http_.wait(at_most); }
  // From any thread: ends a wait(), or the next one.
  void wake() { http_.wake(); }

  // Ends the programs, at worst by force, and writes no further line; tells of none of them. Blocks for a few
  // seconds at most.
  void stop();

 private:
  HttpClient http_;
  ExecRunner exec_;
  LineWriter lines_;
};

// Whether a destination of any kind can work as it is configured; the error is a sentence for a person. Looks
// at no file and resolves no name.
std::expected<void, std::string> check_endpoint(const Destination& destination);

}  // namespace creel
