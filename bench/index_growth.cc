// What indexing an event costs as the index grows, and how much disk an event takes beyond the bytes
// received.
//
//   index_growth [events] [folder]        default: 1000000 and a folder under /tmp, removed afterwards
//
// Writes events with random ids, subjects and one delivery each, and the outcome of each a little later, into
// a journal, and indexes them in step. Prints CPU time per event of the index alone for each stretch,
// resident memory and bytes on disk.

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/log.h"
#include "core/random.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/record.h"
#include "store/runs.h"

namespace {

using namespace creel;
using namespace creel::store;

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double resident_mib() {
  long pages = 0, resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

std::uint64_t disk_bytes(const std::string& folder) {
  std::uint64_t sum = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) sum += entry.file_size();
  }
  return sum;
}

std::string random_text(Random& random, std::size_t count) {
  std::string text;
  while (text.size() < count)
    text.push_back("0123456789abcdefghijklmnopqrstuv"[random.below(32)]);
  return text;
}

class Growth {
 public:
  Growth(const std::string& folder, std::uint64_t events)
      : events_(events), folder_(StoreFolder::open(disk_, folder + "/store")), log_(clock_, {}) {
    auto journal = Journal::open(*folder_, {});
    if (!journal) std::exit((std::fprintf(stderr, "%s\n", journal.error().message.c_str()), 74));
    journal_ = *std::move(journal);
    auto index = Index::open(*journal_, log_, {.folder = folder_->path() + "/index"});
    if (!index) std::exit((std::fprintf(stderr, "%s\n", index.error().message.c_str()), 74));
    index_ = *std::move(index);
  }

  void run() {
    assume(on_index);
    std::printf("%12s %14s %10s %8s %10s %14s\n", "events", "index us/event", "worst ms", "runs", "RSS MiB",
                "disk - received");
    std::uint64_t next_print = 10'000;
    while (made_ < events_) {
      make_batch();
      const double before = cpu_seconds();
      while (step()) {
      }
      spent_ += cpu_seconds() - before;
      if (made_ < next_print && made_ < events_) continue;
      print();
      next_print = made_ * 3 / 2;
    }
  }

 private:
  static constexpr std::size_t kBatch = 256;
  static constexpr std::size_t kBodyBytes = 300;

  bool step() ON_INDEX {
    const auto start = std::chrono::steady_clock::now();
    const auto step = index_->step(nullptr);
    if (!step) std::exit((std::fprintf(stderr, "%s\n", step.error().message.c_str()), 74));
    worst_ = std::max(worst_, std::chrono::steady_clock::now() - start);
    return step->records > 0;
  }

  void print() {
    const double bytes = (static_cast<double>(disk_bytes(folder_->path())) - static_cast<double>(received_)) /
                         static_cast<double>(made_);
    std::printf("%12llu %14.2f %10.1f %8zu %10.0f %14.0f\n", static_cast<unsigned long long>(made_),
                spent_ * 1e6 / static_cast<double>(made_ - printed_),
                std::chrono::duration<double, std::milli>(worst_).count(),
                index_->keys()->runs() + index_->names()->runs(), resident_mib(), bytes);
    std::fflush(stdout);
    printed_ = made_;
    spent_ = 0;
    worst_ = {};
  }

  void make_batch() {
    metas_.clear();
    heads_.clear();
    bodies_.clear();
    outcomes_.clear();
    for (std::size_t i = 0; i < kBatch; ++i)
      make_event();
    make_outcomes();
    std::vector<NewRecord> records;
    for (std::size_t i = 0; i < kBatch; ++i)
      records.push_back({RecordKind::event, {metas_[i], heads_[i], bodies_[i]}});
    for (const std::string& payload : outcomes_)
      records.push_back({RecordKind::outcome, {payload, {}, {}}});
    const auto written = journal_->write(records, Room::ordinary);
    if (!written || !journal_->sync())
      std::exit((std::fprintf(stderr, "%s\n", journal_->reason().c_str()), 74));
    waiting_.clear();
    for (std::size_t i = 0; i < kBatch; ++i)
      waiting_.push_back(EventId::of(*written + i, 0));
    made_ += kBatch;
  }

  void make_event() {
    const std::string id = "wh_" + random_text(random_, 32);
    const std::string subject = "batch_" + random_text(random_, 24);
    heads_.push_back(
        "POST /webhooks/openai HTTP/1.1\r\nhost: example.com\r\nuser-agent: OpenAI/1.0\r\n"
        "content-type: application/json\r\nwebhook-id: " +
        id + "\r\nwebhook-timestamp: 1700000000\r\nwebhook-signature: v1," + random_text(random_, 44) +
        "\r\n");
    const std::string_view type = kTypes[random_.below(std::size(kTypes))];
    std::string& body = bodies_.emplace_back();
    body = R"({"id":"evt_)" + random_text(random_, 32) +
           R"(","object":"event","created_at":1700000000,"type":")";
    body.append(type).append(R"(","data":{"id":")").append(subject).append(R"("},"padding":")");
    body += random_text(random_, kBodyBytes - 2 - body.size()) + "\"}";
    received_ += heads_.back().size() + bodies_.back().size();
    const NewItem item{.dedupe_key = id,
                       .provider_id = id,
                       .type = type,
                       .subject = subject,
                       .occurred = now_ - std::chrono::milliseconds(900),
                       .body_offset = 0,
                       .body_bytes = kBodyBytes};
    const std::string_view destination = "app";
    const NewEvent event{.source = "openai",
                         .received = now_,
                         .dedupe_window = std::chrono::days(7),
                         .peer = "203.0.113.7",
                         .secret_label = "secrets[0]",
                         .head = heads_.back(),
                         .body = bodies_.back(),
                         .items = std::span(&item, 1),
                         .destinations = std::span(&destination, 1)};
    encode_event_meta(event, metas_.emplace_back());
    if (made_ % 5 == 0) now_ += std::chrono::milliseconds(1);
  }

  // All of a batch in one record, as the journal thread writes what gathers in 5 ms.
  void make_outcomes() {
    if (waiting_.empty()) return;
    OutcomeWriter writer(outcomes_.emplace_back());
    Outcome outcome;
    for (const EventId id : waiting_) {
      outcome.delivery = {id, "app", 1};
      outcome.attempt.started = now_;
      outcome.attempt.took = std::chrono::milliseconds(random_.below(200));
      outcome.attempt.result = AttemptResult::delivered;
      outcome.attempt.status = 200;
      outcome.state = DeliveryState::delivered;
      writer.add(outcome);
    }
  }

  static constexpr std::string_view kTypes[] = {"batch.completed", "response.completed", "response.failed",
                                                "eval.run.succeeded", "fine_tuning.job.failed"};
  std::uint64_t events_;
  RealDisk disk_;
  SystemClock clock_;
  std::expected<StoreFolder, OpenError> folder_;
  Log log_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Index> index_;
  Random random_{42};
  Time now_{std::chrono::milliseconds(1'700'000'000'000)};
  std::vector<std::string> metas_, heads_, bodies_, outcomes_;
  std::vector<EventId> waiting_;
  std::uint64_t made_ = 0, printed_ = 0, received_ = 0;
  double spent_ = 0;
  std::chrono::steady_clock::duration worst_{};
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t events = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  std::string pattern = "/tmp/creel-growth-XXXXXX";
  const std::string folder = argc > 2 ? argv[2] : ::mkdtemp(pattern.data());
  Growth(folder, events).run();
  if (argc <= 2) std::filesystem::remove_all(folder);
}
