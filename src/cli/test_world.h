// Surroundings for a command under test: streams, variables, files and a clock of its own, and a server on
// loopback.
#pragma once

#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "cli/cli.h"

namespace creel::cli {

class FixedClock final : public Clock {
 public:
  Time now() const override { return now_; }
  Ticks ticks() const override { return {}; }

 private:
  Time now_{std::chrono::seconds(1'750'000'000)};
};

inline constexpr const char* kTestSecret = "whsec_dGVzdF9zZWNyZXRfa2V5X2Zvcl90ZXN0aW5n";
inline constexpr const char* kOtherTestSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

struct World {
  std::map<std::string, std::string, std::less<>> variables{{"OPENAI_WEBHOOK_SECRET", kTestSecret}};
  std::map<std::string, std::string, std::less<>> files;
  std::string input;
  bool in_is_terminal = false;
  std::vector<Config> served;  // the configurations that the gateway was run with

  std::chrono::milliseconds paused{0};  // that commands would have waited
  int pauses = 0;                       // how often
  int interrupted_after = -1;           // pauses, then ctrl-C is pressed; -1 for never
  bool err_is_terminal = false;

  std::string out, err;  // of the last run

  int run(const std::vector<std::string>& arguments);
};

// Answers each connection's one request with the next of `answers`, then closes it; ends with the object.
class LoopbackServer {
 public:
  struct Answer {
    int status = 200;
    std::string body;
  };
  explicit LoopbackServer(std::vector<Answer> answers);
  ~LoopbackServer();

  std::string url() const;
  // The requests so far, as received: heads and bodies. Call it when the client is done.
  std::vector<std::string> requests();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The world of a client whose server gives these answers.
struct Client {
  World world;
  LoopbackServer server;
  explicit Client(std::vector<LoopbackServer::Answer> answers) : server(std::move(answers)) {
    world.variables["CREEL_SERVER"] = server.url();
    world.variables["CREEL_ADMIN_TOKEN"] = "sesame";
  }
  int run(const std::vector<std::string>& arguments) { return world.run(arguments); }
};

// A port of 127.0.0.1 where nobody listens.
std::string unreachable_url();

}  // namespace creel::cli
