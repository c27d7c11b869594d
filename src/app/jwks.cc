#include "app/jwks.h"

#include <prometheus/gauge.h>

#include <algorithm>
#include <optional>

#include "core/text.h"
#include "verify/json.h"

namespace creel {

// One list of addresses and what they hold.
struct Jwks::List {
  std::string source;
  std::vector<std::string> addresses;

  // Under the mutex.
  std::optional<Ticks> tried;
  Ticks due;
  bool has_failed = false;

  mutable std::mutex set_mutex;  // its own: every token of the source takes it
  std::shared_ptr<const JwkSet> set;

  std::shared_ptr<const JwkSet> keys() const {
    const std::lock_guard lock(set_mutex);
    return set;
  }
};

struct Jwks::Series {
  explicit Series(Metrics& metrics)
      : fetched(prometheus::BuildGauge()
                    .Name("creel_jwks_fetched_timestamp_seconds")
                    .Help("When the published keys of a source were last fetched.")
                    .Register(metrics.registry())),
        failing(prometheus::BuildGauge()
                    .Name("creel_jwks_failing")
                    .Help("1 while the published keys of a source cannot be fetched.")
                    .Register(metrics.registry())) {}

  prometheus::Family<prometheus::Gauge>& fetched;
  prometheus::Family<prometheus::Gauge>& failing;
};

Jwks::Jwks(JwksFetch fetch, const Clock& clock, Log& log, Metrics& metrics)
    : fetch_(std::move(fetch)), clock_(clock), log_(log), series_(std::make_unique<Series>(metrics)) {}

Jwks::~Jwks() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::function<std::shared_ptr<const JwkSet>()> Jwks::keys_of(const std::string& source,
                                                             const std::vector<std::string>& addresses) {
  std::shared_ptr<List> list;
  {
    const std::lock_guard lock(mutex_);
    list = find(addresses);
    if (!list) {
      list = std::make_shared<List>();
      list->source = source;
      list->addresses = addresses;
      list->due = clock_.ticks();
      lists_.push_back(list);
      has_news_ = true;
    }
  }
  changed_.notify_all();
  return [list] { return list->keys(); };
}

void Jwks::refresh(const std::vector<std::string>& addresses) {
  {
    const std::lock_guard lock(mutex_);
    const auto list = find(addresses);
    if (!list || !list->tried) return;
    const Ticks wanted = std::max(clock_.ticks(), *list->tried + kAgain);
    if (wanted >= list->due) return;
    list->due = wanted;
    has_news_ = true;
  }
  changed_.notify_all();
}

std::shared_ptr<Jwks::List> Jwks::find(const std::vector<std::string>& addresses) {
  std::erase_if(lists_, [](const auto& list) { return list.expired(); });
  for (const auto& each : lists_) {
    if (auto list = each.lock(); list && list->addresses == addresses) return list;
  }
  return nullptr;
}

void Jwks::start() {
  thread_ = std::thread([this] { run(); });
}

void Jwks::run() {
  while (true) {
    const Ticks next = turn();
    std::unique_lock lock(mutex_);
    const auto rest = next - clock_.ticks();
    changed_.wait_for(lock, rest, [this] { return is_stopping_ || has_news_; });
    if (is_stopping_) return;
    has_news_ = false;
  }
}

Ticks Jwks::turn() {
  std::vector<std::shared_ptr<List>> due;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& each : lists_) {
      if (auto list = each.lock(); list && list->due <= clock_.ticks()) due.push_back(std::move(list));
    }
  }
  for (const auto& list : due)
    fetch(*list);
  const std::lock_guard lock(mutex_);
  Ticks next = clock_.ticks() + kEvery;
  for (const auto& each : lists_) {
    if (const auto list = each.lock()) next = std::min(next, list->due);
  }
  return next;
}

// Every address has to answer: with some of the keys alone, genuine tokens would be refused.
void Jwks::fetch(List& list) {
  const auto is_stopping = [this] {
    const std::lock_guard lock(mutex_);
    return is_stopping_;
  };
  std::vector<std::string> sets;
  std::expected<std::shared_ptr<const JwkSet>, std::string> merged = std::unexpected(std::string());
  for (const std::string& address : list.addresses) {
    if (is_stopping()) return;
    auto body = fetch_(address, is_stopping);
    if (!body) {
      merged = std::unexpected(without_credentials(address) + ": " + body.error());
      break;
    }
    sets.push_back(*std::move(body));
  }
  if (is_stopping()) return;
  if (sets.size() == list.addresses.size()) merged = merged_keys(sets);

  const bool had_keys = list.keys() != nullptr;
  bool had_failed = false;
  {
    const std::lock_guard lock(mutex_);
    had_failed = std::exchange(list.has_failed, !merged);
    list.tried = clock_.ticks();
    list.due = *list.tried + (merged ? kEvery : kAgain);
  }
  series_->failing.Add({{"source", list.source}}).Set(merged ? 0 : 1);
  if (!merged) {
    if (!had_failed) {
      log_.warning("cannot fetch published keys",
                   {{"source", list.source}, {"reason", merged.error()}, {"has_older_keys", had_keys}});
    }
    return;
  }
  if (had_failed || !had_keys) {
    log_.info("published keys fetched",
              {{"source", list.source}, {"keys", static_cast<std::int64_t>((*merged)->size())}});
  }
  const auto now = std::chrono::duration<double>(clock_.now().time_since_epoch());
  series_->fetched.Add({{"source", list.source}}).Set(now.count());
  const std::lock_guard lock(list.set_mutex);
  list.set = *std::move(merged);
}

std::expected<std::shared_ptr<const JwkSet>, std::string> merged_keys(std::span<const std::string> sets) {
  if (sets.size() == 1) return JwkSet::parse(sets.front());
  std::string all;
  for (const std::string& set : sets) {
    const auto root = parse_json(set);
    simdjson::dom::array keys;
    if (!root || (*root)["keys"].get(keys) != simdjson::SUCCESS)
      return std::unexpected("what came is no set of keys");
    for (const simdjson::dom::element key : keys)
      all += (all.empty() ? "" : ",") + simdjson::minify(key);
  }
  return JwkSet::parse("{\"keys\":[" + all + "]}");
}

}  // namespace creel
