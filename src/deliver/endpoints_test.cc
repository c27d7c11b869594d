#include "deliver/endpoints.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <mutex>
#include <set>

#include "deliver/http_attempts_fixture.h"

namespace creel {
namespace {

using namespace std::chrono_literals;

TEST(Endpoints, TryDestinationsOfEveryKind) {
  assume(on_deliver);
  LoopbackServer server(says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  struct Sink final : AttemptSink {
    void ended(AttemptOrder order, AttemptReport report) override {
      EXPECT_EQ(report.result, AttemptResult::delivered) << report.error;
      done.insert(order.destination);
    }
    std::set<std::size_t> done;
  } sink;
  std::mutex mutex;
  std::vector<std::pair<AttemptOrder, AttemptReport>> posted;
  Endpoints* woken = nullptr;
  Endpoints endpoints({.output = nowhere}, sink, [&](AttemptOrder order, AttemptReport report) {
    std::lock_guard lock(mutex);
    posted.emplace_back(std::move(order), std::move(report));
    woken->wake();
  });
  woken = &endpoints;
  const SystemClock clock;
  const ReceiverLookup receivers = [](std::string_view) { return nullptr; };

  std::vector<std::unique_ptr<Endpoint>> made;
  Destination destination = Attempts::destination_at(server.url());
  made.push_back(endpoints.make(destination, receivers, clock));
  destination.kind = DestinationKind::exec;
  destination.exec.command = {"/bin/true"};
  EXPECT_TRUE(check_endpoint(destination));
  made.push_back(endpoints.make(destination, receivers, clock));
  destination.kind = DestinationKind::standard_output;
  EXPECT_TRUE(check_endpoint(destination));
  made.push_back(endpoints.make(destination, receivers, clock));
  auto event = std::make_shared<StoredEvent>();
  event->body = "{}";
  for (std::size_t i = 0; i < made.size(); ++i)
    made[i]->attempt({.destination = i, .event = event->id, .content = event}, clock.now());

  for (const auto until = clock.ticks() + 20s; sink.done.size() < 3 && clock.ticks() < until;) {
    endpoints.perform();
    {
      std::lock_guard lock(mutex);
      for (auto& [order, report] : posted)
        sink.ended(std::move(order), std::move(report));
      posted.clear();
    }
    if (sink.done.size() < 3) endpoints.wait(10s);
  }
  EXPECT_EQ(sink.done, (std::set<std::size_t>{0, 1, 2}));
  endpoints.stop();  // what was told is put away
  for (const auto& endpoint : made)
    EXPECT_TRUE(endpoint->is_idle());
  made.clear();
  ::close(nowhere);
}

TEST(CheckEndpoint, AsksTheKindItIs) {
  Destination destination;
  EXPECT_FALSE(check_endpoint(destination));
  destination.kind = DestinationKind::exec;
  EXPECT_FALSE(check_endpoint(destination));
  destination.kind = DestinationKind::standard_output;
  EXPECT_TRUE(check_endpoint(destination));
}

}  // namespace
}  // namespace creel
