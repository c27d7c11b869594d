// Rejected requests that become events after all.
#include "ingest/accept.h"

#include "ingest/ingest_fixture.h"

namespace creel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using Status = AcceptResult::Status;

class AcceptTest : public IngestTest {
 protected:
  // Sends the request, which is rejected, and gives back what the quarantine has of it.
  RejectedRequest reject() {
    answers_.clear();
    const std::size_t before = store_.rejected.size();
    send();
    EXPECT_EQ(store_.rejected.size(), before + 1);
    const FakeStore::Rejected& kept = store_.rejected.back();
    RejectedRequest rejected;
    rejected.row = {.id = 3,
                    .source = kept.source,
                    .peer = "192.0.2.1",
                    .cause = kept.cause,
                    .detail = kept.detail,
                    .received = clock_.now(),
                    .status = kept.status,
                    .body_bytes = static_cast<std::uint32_t>(kept.body.size())};
    rejected.head = kept.head;
    rejected.body = kept.body;
    return rejected;
  }
  // From here on the source has this secret.
  void set_secret(std::string_view text) {
    assume(on_loop);
    std::vector<Key> keys;
    keys.push_back({.secret = *Secret::parse(text), .label = "today"});
    std::vector<IngestSource> sources;
    sources.push_back(source("openai", "/moved", 1000));
    sources[0].receiver = std::make_shared<const Receiver>(*find_provider("openai"), std::move(keys));
    ingest_->reload(std::move(sources), routes_);
  }
  void accept(RejectedRequest rejected) {
    assume(on_loop);
    ingest_->accept_rejected(std::move(rejected),
                             [this](AcceptResult result) { results_.push_back(std::move(result)); });
  }

  static constexpr std::string_view kWrong = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";
  std::vector<AcceptResult> results_;
};

// A source with a shared secret, as a test makes it up.
class AcceptCredentialTest : public AcceptTest {
 protected:
  static Provider row_with(std::span<const CredentialPlace> places, SecretForm form = SecretForm::text) {
    Provider row = made_up();
    row.scheme = Scheme::credential;
    row.credentials = places;
    row.secret_form = form;
    row.reject_status = 401;
    return row;
  }
  // Whether the request, rejected under the secret `wrong`, is accepted under `right`, with only a mask of
  // its credential in the store.
  bool heals(const Provider& row, std::string_view wrong, std::string_view right) {
    const auto headers = headers_;
    only(source_of(row, wrong));
    headers_ = headers;
    RejectedRequest rejected = reject();
    EXPECT_THAT(rejected.head, HasSubstr("creel-hmac:"));
    only(source_of(row, right));
    headers_ = headers;
    results_.clear();
    accept(std::move(rejected));
    if (store_.waiting.empty()) return false;
    EXPECT_THAT(std::string(store_.waiting[0]->event->head), HasSubstr("creel-hmac:"));
    healed_key_ = store_.waiting[0]->event->items[0].dedupe_key;
    sync(kKept);
    return results_.at(0).status == Status::accepted;
  }

  std::string healed_key_;
};

TEST_F(AcceptTest, MakesAnEventOfWhatIsGenuineUnderTodaysSecret) {
  set_secret(kWrong);
  path_ = "/moved";
  RejectedRequest rejected = reject();
  const std::string head = rejected.head;
  set_secret(kSecret);
  clock_.time += 10h;
  accept(std::move(rejected));
  EXPECT_TRUE(results_.empty()) << "not before the sync";
  ASSERT_EQ(store_.waiting.size(), 1u);
  const NewEvent& event = *store_.waiting[0]->event;
  EXPECT_EQ(event.source, "openai");
  EXPECT_EQ(event.received, clock_.now());
  EXPECT_EQ(event.dedupe_window, 3600s + 10h);
  EXPECT_EQ(event.peer, "192.0.2.1");
  EXPECT_EQ(event.secret_label, secret_mark({.secret = secret(), .label = "today"}, kStoreSecret));
  EXPECT_EQ(event.head, head);
  EXPECT_EQ(event.body, kBody);
  EXPECT_THAT(event.destinations, ElementsAre("app", "copy"));
  ASSERT_EQ(event.items.size(), 1u);
  EXPECT_EQ(event.items[0].dedupe_key, "wh_1");
  EXPECT_EQ(event.items[0].type, "batch.completed");
  sync(kKept);
  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].status, Status::accepted);
  EXPECT_EQ(results_[0].event, kKept.first);
  EXPECT_THAT(logged(), HasSubstr("rejected request accepted"));
}

TEST_F(AcceptTest, SaysThatItIsADuplicate) {
  body_ += " ";
  RejectedRequest rejected = reject();
  rejected.body.pop_back();
  rejected.row.body_bytes = static_cast<std::uint32_t>(rejected.body.size());
  accept(std::move(rejected));
  sync(Kept{.first = {}, .duplicate = true});
  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].status, Status::duplicate);
}

TEST_F(AcceptTest, LeavesWhatIsNotGenuineTodayEither) {
  body_ += " ";
  accept(reject());
  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].status, Status::still_rejected);
  EXPECT_EQ(results_[0].cause, "signature_mismatch");
  EXPECT_NE(results_[0].text, "");
  EXPECT_TRUE(store_.waiting.empty());
  EXPECT_EQ(store_.rejected.size(), 1u) << "nor is it rejected a second time";
}

// A replay that came too late stays one, however the clock stands now.
TEST_F(AcceptTest, JudgesByTheTimeOfReceipt) {
  clock_.time += 301s;
  RejectedRequest rejected = reject();
  EXPECT_EQ(rejected.row.cause, "timestamp_too_old");
  clock_.time -= 301s;
  accept(std::move(rejected));
  EXPECT_EQ(results_.at(0).cause, "timestamp_too_old");
}

TEST_F(AcceptTest, SaysWhyNothingCanBeDecided) {
  body_ += " ";
  const RejectedRequest rejected = reject();

  RejectedRequest orphan = rejected;
  orphan.row.source = "gone";
  accept(std::move(orphan));
  RejectedRequest cut = rejected;
  cut.row.body_bytes += 1;
  accept(std::move(cut));
  RejectedRequest headless = rejected;
  headless.head.resize(20);
  accept(std::move(headless));

  ASSERT_EQ(results_.size(), 3u);
  for (const AcceptResult& result : results_)
    EXPECT_EQ(result.status, Status::cannot) << result.cause;
  EXPECT_EQ(results_[0].cause, "unknown_source");
  EXPECT_THAT(results_[0].text, HasSubstr("gone"));
  EXPECT_EQ(results_[1].cause, "body_cut");
  EXPECT_EQ(results_[2].cause, "head_unreadable");
  EXPECT_TRUE(store_.waiting.empty());
}

TEST_F(AcceptTest, SaysThatTheStoreCannotKeepIt) {
  set_secret(kWrong);
  path_ = "/moved";
  RejectedRequest rejected = reject();
  set_secret(kSecret);
  accept(std::move(rejected));
  sync(std::unexpected(StoreError::full));
  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].status, Status::cannot);
  EXPECT_EQ(results_[0].cause, "store_full");
}

TEST_F(AcceptTest, MakesNoEventOfAHandshake) {
  Provider row = made_up();
  row.body = BodyKind::json;
  only(source_of(row, ""));
  body_ = R"({"type":"url_verification","challenge":"c")";
  RejectedRequest rejected = reject();
  EXPECT_EQ(rejected.row.cause, "invalid_json");
  rejected.body += "}";
  rejected.row.body_bytes += 1;
  row.handshake = Handshake::body_challenge;
  only(source_of(row, ""));
  accept(std::move(rejected));
  EXPECT_EQ(results_.at(0).status, Status::cannot);
  EXPECT_EQ(results_.at(0).cause, "no_event");
}

TEST_F(AcceptCredentialTest, KnowsAMaskedTokenByTodaysSecret) {
  static constexpr CredentialPlace kPlaces[] = {{CredentialPlace::Kind::header, "X-Custom"}};
  headers_ = {{"Host", "example.org"}, {"X-Custom", "t0ken"}};
  EXPECT_TRUE(heals(row_with(kPlaces), "wr0ng", "t0ken"));
  EXPECT_FALSE(heals(row_with(kPlaces), "wr0ng", "wr0ng too"));
}

TEST_F(AcceptCredentialTest, KnowsAMaskedBearerByTodaysSecret) {
  static constexpr CredentialPlace kPlaces[] = {{CredentialPlace::Kind::bearer, ""}};
  headers_ = {{"Host", "example.org"}, {"Authorization", "Bearer t0ken"}};
  EXPECT_TRUE(heals(row_with(kPlaces), "wr0ng", "t0ken"));
  EXPECT_FALSE(heals(row_with(kPlaces), "wr0ng", "wr0ng too"));
}

TEST_F(AcceptCredentialTest, KnowsMaskedBasicCredentialsByTodaysSecret) {
  static constexpr CredentialPlace kPlaces[] = {{CredentialPlace::Kind::basic, ""}};
  headers_ = {{"Host", "example.org"}, {"Authorization", "Basic dXNlcjpwYXNz"}};
  EXPECT_TRUE(heals(row_with(kPlaces, SecretForm::basic), "user:wrong", "user:pass"));
  EXPECT_FALSE(heals(row_with(kPlaces, SecretForm::basic), "user:wrong", "user:also"));
}

TEST_F(AcceptCredentialTest, KnowsAMaskedTokenOfTheQueryByTodaysSecret) {
  static constexpr CredentialPlace kPlaces[] = {{CredentialPlace::Kind::query, "pass"}};
  headers_ = {{"Host", "example.org"}};
  query_ = "?a=1&pass=t%30ken";
  EXPECT_TRUE(heals(row_with(kPlaces), "wr0ng", "t0ken"));
  EXPECT_FALSE(heals(row_with(kPlaces), "wr0ng", "wr0ng too"));
}

// The wrong header was configured, so the right one was kept as it came.
TEST_F(AcceptCredentialTest, MasksWhatOnlyTodaysConfigurationCallsACredential) {
  static constexpr CredentialPlace kWrongPlace[] = {{CredentialPlace::Kind::header, "X-Other"}};
  static constexpr CredentialPlace kRightPlace[] = {{CredentialPlace::Kind::header, "X-Custom"}};
  const Provider wrong = row_with(kWrongPlace), right = row_with(kRightPlace);
  only(source_of(wrong, "t0ken"));
  headers_.emplace_back("X-Custom", "t0ken");
  RejectedRequest rejected = reject();
  only(source_of(right, "t0ken"));
  accept(std::move(rejected));
  ASSERT_EQ(store_.waiting.size(), 1u);
  EXPECT_THAT(std::string(store_.waiting[0]->event->head), Not(HasSubstr("t0ken")));
  sync(kKept);
  EXPECT_EQ(results_.at(0).status, Status::accepted);
}

// Events without an id are never duplicates, but one rejected request is still only one event.
TEST_F(AcceptCredentialTest, MakesOneEventOfARequestWithoutAnId) {
  static constexpr CredentialPlace kPlaces[] = {{CredentialPlace::Kind::bearer, ""}};
  Provider row = row_with(kPlaces);
  row.dedupe = {};
  row.without_id = WithoutId::nothing;
  headers_ = {{"Host", "example.org"}, {"Authorization", "Bearer t0ken"}};
  const auto headers = headers_;
  only(source_of(row, "t0ken"));
  headers_ = headers;
  send();
  ASSERT_EQ(store_.waiting.size(), 1u);
  EXPECT_EQ(store_.waiting[0]->event->items[0].dedupe_key, "");
  sync(kKept);
  ASSERT_TRUE(heals(row, "wr0ng", "t0ken"));
  EXPECT_EQ(healed_key_, "rejected 3");
}

// Whoever sends a mask instead of the secret has not sent the secret.
TEST_F(AcceptCredentialTest, DoesNotTakeAMaskThatCameForTheSecret) {
  static constexpr CredentialPlace kPlaces[] = {{CredentialPlace::Kind::header, "X-Custom"}};
  const Provider row = row_with(kPlaces);
  only(source_of(row, "t0ken"));
  headers_.emplace_back("X-Custom", CredentialMask(CredentialMask::key_of(kStoreSecret)).masked("t0ken"));
  accept(reject());
  EXPECT_EQ(results_.at(0).status, Status::still_rejected);
}

}  // namespace
}  // namespace creel
