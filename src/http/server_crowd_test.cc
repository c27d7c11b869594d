// Many connections: more than one look at the kernel tells of, more than one server takes, more than there
// are descriptors.
#include <sys/resource.h>

#include <algorithm>

#include "http/listen.h"
#include "http/server_fixture.h"

namespace creel::http {
namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

// The soft limit of open files while it lives.
class OpenFiles {
 public:
  OpenFiles() { ::getrlimit(RLIMIT_NOFILE, &before_); }
  ~OpenFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  void limit(rlim_t most) const {
    rlimit now = before_;
    now.rlim_cur = std::min(most, before_.rlim_max);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &now), 0);
  }
  void restore() const { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(Crowd, OfIdleConnectionsIsServedAllAtOnce) {
  constexpr std::size_t kClients = 2000;
  const OpenFiles files;
  files.limit(3 * kClients);
  RunningServer server;
  std::vector<Client> clients;
  for (std::size_t i = 0; i < kClients; ++i)
    clients.push_back(server.connect());
  for (int round = 0; round < 2; ++round) {
    for (Client& client : clients)
      client.send(kGet);
    for (Client& client : clients)
      ASSERT_EQ(status_of(client.response()), 200);
  }
  EXPECT_EQ(server.on_the_loop([&] {
    assume(on_loop);
    return server.server.connections();
  }),
            kClients);
}

TEST(Crowd, WaitsWhileThereAreNoDescriptors) {
  RunningServer server;
  const OpenFiles files;
  Client client;
  files.limit(3);  // as many as every program has open from the start
  client.connect(server.server.port());
  client.send(kGet);
  EXPECT_FALSE(client.has_something_to_read(50ms));
  files.restore();
  EXPECT_EQ(status_of(client.response()), 200);
}

TEST(Crowd, IsSharedByTheServersOfOnePort) {
  RunningServer first;
  ServerOptions options = test_options();
  options.port = first.server.port();
  options.shared = true;
  RunningServer second(options);
  // The kernel chooses by a hash of the address: one of two is never chosen once in 2^63 times.
  for (int i = 0; i < 64; ++i) {
    Client client(first.server.port());
    client.send(kGet);
    ASSERT_EQ(status_of(client.response()), 200);
  }
  EXPECT_EQ(first.handler.handled + second.handler.handled, 64);
  EXPECT_GT(first.handler.handled, 0);
  EXPECT_GT(second.handler.handled, 0);
}

}  // namespace
}  // namespace creel::http
