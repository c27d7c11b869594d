#include <gmock/gmock.h>

#include "admin/admin_fixture.h"

namespace creel::admin {
namespace {

using testing::HasSubstr;
using testing::Not;

class Guarding : public AdminTest {
 protected:
  static AdminOptions options() { return {.hosts = {"creel.example.org"}}; }
  int admitted(std::string_view method, std::string_view target) {
    assume(on_loop);
    const auto decision = admin_->admit(request(method, target));
    return decision ? 200 : decision.error().status;
  }
  void set(std::string_view name, std::string value) {
    std::erase_if(headers_, [&](const auto& header) { return header.first == name; });
    headers_.emplace_back(name, std::move(value));
  }
};

TEST_F(Guarding, WantsTheTokenForEverything) {
  const std::string token(kToken);
  std::string other = token;
  other.back() = '0';
  const std::string wrong[] = {
      "",    "Bearer ",        "Bearer " + token + "0", "Bearer " + token.substr(1), "Bearer " + other,
      token, "Basic " + token, "Bearer  " + token};
  for (std::string_view path : {"/metrics", "/api/v1/events", "/api/v1/status", "/nowhere"}) {
    set("Authorization", "Bearer " + token);
    EXPECT_EQ(admitted("GET", path), 200) << path;
    set("Authorization", "bearer " + token);
    EXPECT_EQ(admitted("GET", path), 200) << path;
    for (const std::string& value : wrong) {
      set("Authorization", value);
      EXPECT_EQ(admitted("GET", path), 401) << value;
      EXPECT_EQ(get(path).status, 401) << "also when admit() was not asked";
    }
  }
  EXPECT_EQ(header(get("/metrics"), "WWW-Authenticate"), "Bearer realm=\"creel\"");
}

TEST_F(Guarding, TakesTheTokenFromTheHeaderAlone) {
  headers_.pop_back();
  EXPECT_EQ(admitted("GET", "/api/v1/status?token=" + std::string(kToken)), 401);
  set("Cookie", "token=" + std::string(kToken));
  EXPECT_EQ(admitted("GET", "/api/v1/status"), 401);
}

TEST_F(Guarding, RefusesTwoAuthorizations) {
  headers_.emplace_back("Authorization", "Bearer x");
  EXPECT_EQ(admitted("GET", "/api/v1/status"), 401);
}

TEST_F(Guarding, NeverTakesAnEmptyToken) {
  FakeStore store;
  assume(on_loop);
  Admin open({.token = "", .listen_address = "127.0.0.1"}, store, clock_, log_, metrics_, loop_);
  set("Authorization", "Bearer ");
  const auto decision = open.admit(request("GET", "/api/v1/status"));
  ASSERT_FALSE(decision);
  EXPECT_EQ(decision.error().status, 401);
}

TEST_F(Guarding, OpensTheMetricsAloneWhenToldTo) {
  restart({.metrics_open = true});
  headers_.pop_back();
  EXPECT_EQ(admitted("GET", "/metrics"), 200);
  EXPECT_EQ(get("/metrics").status, 200);
  EXPECT_EQ(admitted("GET", "/api/v1/status"), 401);
  EXPECT_EQ(admitted("POST", "/metrics"), 401);
  set("Host", "evil.example");
  EXPECT_EQ(admitted("GET", "/metrics"), 421);
}

TEST_F(Guarding, ServesItsOwnHostsAlone) {
  restart(options());
  for (std::string_view host : {"127.0.0.1", "127.0.0.1:3001", "localhost:3001", "LOCALHOST", "[::1]:3001",
                                "creel.example.org", "Creel.Example.org:443"}) {
    set("Host", std::string(host));
    EXPECT_EQ(admitted("GET", "/api/v1/status"), 200) << host;
  }
  for (std::string_view host : {"", ":3001", "evil.example", "localhost.evil.example",
                                "evil.example:127.0.0.1", "[::1", "192.0.2.1"}) {
    set("Host", std::string(host));
    EXPECT_EQ(admitted("GET", "/api/v1/status"), 421) << host;
  }
}

TEST_F(Guarding, KnowsItsListenAddressOfVersionSixWithAndWithoutBrackets) {
  for (const char* address : {"2001:db8::1", "[2001:db8::1]"}) {
    FakeStore store;
    assume(on_loop);
    Admin admin({.token = std::string(kToken), .listen_address = address}, store, clock_, log_, metrics_,
                loop_);
    set("Host", "[2001:db8::1]:3001");
    EXPECT_TRUE(admin.admit(request("GET", "/api/v1/status"))) << address;
  }
}

TEST_F(Guarding, TakesWritesFromItsOwnPagesAndFromPrograms) {
  add_event(1, "wh_1", "t");
  const std::string path = "/api/v1/events/wh_1/retry";
  EXPECT_EQ(admitted("POST", path), 200) << "a program sends no Origin";
  for (std::string_view origin : {"http://127.0.0.1:3001", "https://127.0.0.1:3001"}) {
    set("Origin", std::string(origin));
    EXPECT_EQ(admitted("POST", path), 200) << origin;
  }
  for (std::string_view origin : {"null", "http://127.0.0.1", "http://127.0.0.1:3000", "http://evil.example",
                                  "127.0.0.1:3001", "ftp://127.0.0.1:3001", "http://localhost:3001"}) {
    set("Origin", std::string(origin));
    EXPECT_EQ(admitted("POST", path), 403) << origin;
    EXPECT_EQ(admitted("DELETE", path), 403) << origin;
    EXPECT_EQ(admitted("GET", path), 200) << "reading needs the token, which no page has";
  }
}

TEST_F(Guarding, TellsWhatToDoWithoutTellingTheToken) {
  headers_.pop_back();
  const http::Response response = get("/api/v1/status");
  EXPECT_THAT(
      response.body,
      HasSubstr(
          R"({"type":"urn:creel:problem:unauthorized","title":"Unauthorized","status":401,"detail":")"));
  EXPECT_THAT(response.body, HasSubstr("admin.token"));
  EXPECT_THAT(response.body, Not(HasSubstr(std::string(kToken))));
}

}  // namespace
}  // namespace creel::admin
