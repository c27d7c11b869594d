#include "deliver/deliverer.h"

#include <algorithm>
#include <utility>

namespace creel {
namespace {

constexpr auto kObserveEvery = std::chrono::seconds(1);
constexpr auto kRestMax = std::chrono::seconds(30);
constexpr auto kGather = std::chrono::microseconds(500);
constexpr std::size_t kHeldNamesMax = 1000;

std::shared_ptr<const StoredEvent> copy(const StoredEventView& view) {
  auto event = std::make_shared<StoredEvent>();
  event->id = view.id;
  event->source = view.source;
  event->received = view.received;
  event->peer = view.peer;
  event->secret_label = view.secret_label;
  event->provider_id = view.provider_id;
  event->type = view.type;
  event->subject = view.subject;
  event->occurred = view.occurred;
  event->head = view.head;
  event->body = view.body;
  event->is_whole = view.is_whole;
  return event;
}

}  // namespace

Deliverer::Deliverer(Options options, const Clock& clock, Log& log, DeliveryObserver& observer)
    : options_(std::move(options)),
      clock_(clock),
      log_(log),
      observer_(observer),
      wants_content_(std::make_unique<std::atomic<bool>[]>(options_.destinations.size())),
      client_(options_.http, *this),
      dispatcher_(options_.destinations, options_.limits, options_.seed, *this),
      attempt_log_(log, options_.destinations.size()) {
  for (const Destination& destination : options_.destinations) {
    numbers_.emplace(destination.name, endpoints_.size());
    endpoints_.push_back(client_.endpoint(destination, options_.receivers, clock_));
  }
}

Deliverer::~Deliverer() {
  drain(std::chrono::milliseconds(0));
  endpoints_.clear();
}

void Deliverer::start(Store& store) {
  store_ = &store;
  thread_ = std::thread([this] { run(); });
}

void Deliverer::drain(std::chrono::milliseconds limit) {
  if (!thread_.joinable()) return;
  post(Drain{.until = clock_.ticks() + limit});
  thread_.join();
}

void Deliverer::post(Mail mail) {
  if (is_stopped_.load(std::memory_order_acquire)) return;
  if (mailbox_.post(std::move(mail))) client_.wake();
}

// --- On the index thread
// -------------------------------------------------------------------------------------------

void Deliverer::on_indexed(std::span<const IndexedDelivery> deliveries, Sequence) {
  // What the index holds when it has caught up is asked for.
  if (!is_caught_up_) return;
  std::vector<News> batch;
  batch.reserve(deliveries.size());
  for (const IndexedDelivery& delivery : deliveries) {
    const auto found = numbers_.find(delivery.destination);
    if (found == numbers_.end()) {
      if (delivery.state == DeliveryState::pending) hold(delivery.destination);
      continue;
    }
    auto content = content_for(delivery, found->second);
    const std::size_t bytes = content ? content->head.size() + content->body.size() + sizeof(StoredEvent) : 0;
    mail_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    batch.push_back({.destination = found->second,
                     .news = {.event = delivery.event,
                              .ordinal = delivery.ordinal,
                              .state = delivery.state,
                              .due = delivery.due,
                              .attempts = delivery.attempts,
                              .attempts_base = delivery.attempts_base,
                              .sequence = delivery.sequence,
                              .content = std::move(content)},
                     .bytes = bytes});
  }
  last_content_.reset();
  if (!batch.empty()) post(std::move(batch));
}

std::shared_ptr<const StoredEvent> Deliverer::content_for(const IndexedDelivery& delivery,
                                                          std::size_t destination) {
  if (!delivery.content || delivery.state != DeliveryState::pending) return nullptr;
  if (!wants_content_[destination].load(std::memory_order_relaxed)) return nullptr;
  if (mail_bytes_.load(std::memory_order_relaxed) > options_.mail_bytes_max) return nullptr;
  if (!last_content_ || last_content_->id != delivery.event) last_content_ = copy(*delivery.content);
  return last_content_;
}

void Deliverer::hold(std::string_view destination) {
  held_.fetch_add(1, std::memory_order_relaxed);
  if (held_names_.size() >= kHeldNamesMax || held_names_.contains(destination)) return;
  held_names_.emplace(destination);
  log_.warning("deliveries are held: destination unknown", {{"destination", destination}});
}

void Deliverer::on_caught_up() {
  is_caught_up_ = true;
  post(CaughtUp{});
}

// --- On the deliver thread
// -----------------------------------------------------------------------------------------

void Deliverer::run() {
  Role::Holder holder(on_deliver);
  while (true) {
    open_mail();
    turn();
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
      wants_content_[i].store(dispatcher_.wants_content(i), std::memory_order_relaxed);
    }
    if (drain_until_ && (dispatcher_.running() == 0 || clock_.ticks() >= *drain_until_)) break;
    observe();
    // While everything that is due runs, nobody waits for the end of an attempt, and many are cheaper
    // together.
    if (dispatcher_.running() > 0 && !dispatcher_.has_ready()) std::this_thread::sleep_for(kGather);
    client_.wait(rest());
  }
  is_stopped_.store(true, std::memory_order_release);
  if (dispatcher_.running() > 0) {
    log_.warning("attempts abandoned, their deliveries stay pending",
                 {{"count", static_cast<std::int64_t>(dispatcher_.running())}});
  }
  endpoints_.clear();
  attempt_log_.flush(Ticks::max());
}

void Deliverer::open_mail() {
  mailbox_.take(opened_);
  if (opened_.empty()) return;
  const Moment at = now();
  for (Mail& mail : opened_) {
    if (auto* batch = std::get_if<std::vector<News>>(&mail)) {
      for (const News& one : *batch) {
        mail_bytes_.fetch_sub(one.bytes, std::memory_order_relaxed);
        dispatcher_.on_news(one.destination, one.news, at);
      }
    } else if (auto* answer = std::get_if<PageAnswer>(&mail)) {
      if (answer->page) {
        dispatcher_.on_page(answer->destination, *std::move(answer->page), at);
      } else {
        log_.warning("due deliveries could not be read, trying again",
                     {{"destination", options_.destinations[answer->destination].name}});
        dispatcher_.on_page_failed(answer->destination, at);
      }
    } else if (auto* drain = std::get_if<Drain>(&mail)) {
      dispatcher_.drain();
      drain_until_ = drain->until;
    } else {
      dispatcher_.begin();
    }
  }
  opened_.clear();
}

// Starts what is due, moves the transfers on and settles what ended, until that makes room for no more.
void Deliverer::turn() {
  dispatcher_.advance(now());
  std::size_t running = 0;
  do {
    client_.perform();
    settle();
    running = dispatcher_.running();
    dispatcher_.advance(now());
  } while (dispatcher_.running() > running);
}

void Deliverer::settle() {
  if (ended_.empty()) return;
  std::swap(ended_, settled_);
  const Moment at = now();
  for (auto& [order, report] : settled_)
    dispatcher_.on_attempt_ended(order, std::move(report), at);
  settled_.clear();
}

std::chrono::milliseconds Deliverer::rest() {
  const Ticks at = clock_.ticks();
  Ticks until = at + kRestMax;
  if (const auto wakes = dispatcher_.wakes_at()) until = std::min(until, *wakes);
  if (drain_until_) until = std::min(until, *drain_until_);
  if (has_to_say_) until = std::min(until, observed_ + kObserveEvery);
  return std::chrono::ceil<std::chrono::milliseconds>(std::max(until - at, Ticks::duration(0)));
}

void Deliverer::observe() {
  const Moment at = now();
  if (at.ticks - observed_ < kObserveEvery) {
    has_to_say_ = true;
    return;
  }
  observed_ = at.ticks;
  has_to_say_ = attempt_log_.flush(at.ticks);
  stop_if_store_failed();
  for (std::size_t i = 0; i < options_.destinations.size(); ++i) {
    const auto status = dispatcher_.status(i);
    const auto oldest = status.oldest_due
                            ? std::max(at.wall - *status.oldest_due, std::chrono::milliseconds(0))
                            : std::chrono::milliseconds(0);
    observer_.on_queue(options_.destinations[i].name, status, oldest);
    has_to_say_ |= status.queued > 0 || status.running > 0;
  }
}

// What a failed store cannot record would be made again after the restart, all of it: better not to begin.
void Deliverer::stop_if_store_failed() {
  if (is_store_failed_ || !store_->status().has_failed) return;
  is_store_failed_ = true;
  dispatcher_.drain();
  log_.error("deliveries wait for a restart: what became of them could not be recorded");
}

void Deliverer::ended(AttemptOrder order, AttemptReport report) {
  ended_.emplace_back(std::move(order), std::move(report));
}

void Deliverer::start(AttemptOrder order, Time now) {
  assume(on_deliver);
  Endpoint& endpoint = *endpoints_[order.destination];
  endpoint.attempt(std::move(order), now);
}

void Deliverer::fetch(std::size_t destination, DueQuery query) {
  store_->read(Freshness::any, [this, destination, query = std::move(query)](Reader& reader, Staleness) {
    assume(on_read);
    post(PageAnswer{.destination = destination, .page = reader.due(query)});
  });
}

void Deliverer::record(std::size_t destination, Outcome outcome) {
  observer_.on_attempt(options_.destinations[destination].name, outcome.attempt.result, outcome.state,
                       outcome.attempt.took);
  attempt_log_.on_outcome(destination, outcome, clock_.ticks());
  store_->record(std::move(outcome));
}

}  // namespace creel
