#include "deliver/deliverer.h"

#include <algorithm>
#include <utility>

#include "core/priority.h"

namespace creel {
namespace {

constexpr auto kObserveEvery = std::chrono::seconds(1);
constexpr auto kRestMax = std::chrono::seconds(30);
constexpr auto kGather = std::chrono::microseconds(500);
constexpr std::size_t kHeldNamesMax = 1000;

}  // namespace

Deliverer::Deliverer(Options options, const Clock& clock, Log& log, DeliveryObserver& observer)
    : options_(std::move(options)),
      clock_(clock),
      log_(log),
      observer_(observer),
      endpoints_({.http = options_.http, .exec = {.reply_bytes_max = options_.http.reply_bytes_max}}, *this,
                 [this](AttemptOrder order, AttemptReport report) {
                   post(Ended{.order = std::move(order), .report = std::move(report)});
                 }),
      dispatcher_({}, options_.limits, options_.seed, *this),
      transformer_([this](TransformResult result) { post(std::move(result)); }),
      attempt_log_(log) {
  assume(on_deliver);  // whose thread has not begun
  dispatcher_.pause(options_.pauses, now());
  take(number(options_.destinations, options_.routes), now());
  publish_standings(now());
}

Deliverer::~Deliverer() {
  drain(std::chrono::milliseconds(0));
  transformer_.stop();
  leaving_.clear();
  outlets_.clear();
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
  if (mailbox_.post(std::move(mail))) endpoints_.wake();
  // The thread may have ended in between.
  if (is_stopped_.load(std::memory_order_acquire)) drop_mail();
}

// Whoever waits for what nobody opens any more learns so by its end.
void Deliverer::drop_mail() {
  std::vector<Mail> unopened;
  mailbox_.take(unopened);
}

// --- On the index thread
// -------------------------------------------------------------------------------------------

void Deliverer::on_indexed(std::span<const IndexedDelivery> deliveries, Sequence) {
  // What the index holds when it has caught up is asked for.
  if (!is_caught_up_) return;
  look_up_lanes();
  std::vector<News> batch;
  batch.reserve(deliveries.size());
  for (const IndexedDelivery& delivery : deliveries) {
    const auto found = looked_up_->find(delivery.destination);
    const bool is_unknown = found == looked_up_->end() || !found->second.is_configured;
    if (is_unknown && delivery.state == DeliveryState::pending) hold(delivery.destination);
    if (found == looked_up_->end()) continue;
    auto content = content_for(delivery, found->second);
    const std::size_t bytes = content ? content->head.size() + content->body.size() + sizeof(StoredEvent) : 0;
    mail_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    batch.push_back({.destination = found->second.number,
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

// After the transaction that the news is of: a page that was asked for by these names holds what came before.
void Deliverer::look_up_lanes() {
  std::shared_ptr<const Lanes> lanes;
  {
    std::lock_guard lock(lanes_mutex_);
    lanes = lanes_;
  }
  if (lanes == looked_up_) return;
  looked_up_ = std::move(lanes);
  for (const auto& [name, lane] : *looked_up_) {
    if (lane.is_configured) held_names_.erase(name);
  }
}

std::shared_ptr<const StoredEvent> Deliverer::content_for(const IndexedDelivery& delivery, const Lane& lane) {
  if (!delivery.content || delivery.state != DeliveryState::pending || !lane.is_configured) return nullptr;
  if (!lane.wants_content->load(std::memory_order_relaxed)) return nullptr;
  if (mail_bytes_.load(std::memory_order_relaxed) > options_.mail_bytes_max) return nullptr;
  if (!last_content_ || last_content_->id != delivery.event) {
    last_content_ = std::make_shared<const StoredEvent>(delivery.content->copy());
  }
  return last_content_;
}

void Deliverer::hold(std::string_view destination) {
  held_unknown_.fetch_add(1, std::memory_order_relaxed);
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
  set_priority(Priority::delivering);
  while (true) {
    turn();
    for (std::size_t i = 0; i < outlets_.size(); ++i) {
      outlets_[i].wants_content->store(dispatcher_.wants_content(i), std::memory_order_relaxed);
    }
    if (drain_until_ && (dispatcher_.running() == 0 || clock_.ticks() >= *drain_until_)) break;
    observe();
    // While everything that is due runs, nobody waits for the end of an attempt, and many are cheaper
    // together.
    if (dispatcher_.running() > 0 && !dispatcher_.has_ready()) std::this_thread::sleep_for(kGather);
    endpoints_.wait(rest());
  }
  is_stopped_.store(true, std::memory_order_release);
  drop_mail();
  if (dispatcher_.running() > 0) {
    log_.warning("attempts abandoned, their deliveries stay pending",
                 {{"count", static_cast<std::int64_t>(dispatcher_.running())}});
  }
  transformer_.stop();
  leaving_.clear();
  outlets_.clear();
  endpoints_.stop();
  attempt_log_.flush(Ticks::max());
}

void Deliverer::open_mail() {
  mailbox_.take(opened_);
  if (opened_.empty()) return;
  const Moment at = now();
  for (Mail& mail : opened_) {
    std::visit(
        [this, at](auto& one) {
          assume(on_deliver);
          take(std::move(one), at);
        },
        mail);
  }
  opened_.clear();
}

void Deliverer::take(std::vector<News> batch, Moment at) {
  for (const News& one : batch) {
    mail_bytes_.fetch_sub(one.bytes, std::memory_order_relaxed);
    dispatcher_.on_news(one.destination, one.news, at);
    if (one.destination >= outlets_.size()) continue;
    Outlet& outlet = outlets_[one.destination];
    if (outlet.held == 0 || dispatcher_.is_held(one.destination, one.news.event, one.news.ordinal)) continue;
    if (held_.erase(outlet.name, one.news.event, one.news.ordinal)) --outlet.held;
  }
}

void Deliverer::take(PageAnswer answer, Moment at) {
  if (answer.page && answer.is_of_dead) return dispatcher_.on_dead_page(answer.destination, *answer.page, at);
  if (answer.page) return dispatcher_.on_page(answer.destination, *std::move(answer.page), at);
  log_.warning("due deliveries could not be read, trying again",
               {{"destination", outlets_[answer.destination].name}});
  if (answer.is_of_dead) return dispatcher_.on_dead_page_failed(answer.destination, at);
  dispatcher_.on_page_failed(answer.destination, at);
}

void Deliverer::take(CaughtUp, Moment) {
  dispatcher_.begin();
}

void Deliverer::take(Drain drain, Moment) {
  dispatcher_.drain();
  drain_until_ = drain.until;
}

void Deliverer::take(Ended end, Moment) {
  ended(std::move(end.order), std::move(end.report));
}

// Starts what is due, moves the transfers on and settles what ended, until that makes room for no more. A
// backlog can keep that up for long: what is new is heard of all the while.
void Deliverer::turn() {
  cancel_again();
  std::size_t running = 0;
  open_mail();
  dispatcher_.advance(now());
  do {
    open_mail();
    endpoints_.perform();
    settle();
    running = dispatcher_.running();
    dispatcher_.advance(now());
  } while (dispatcher_.running() > running);
  std::erase_if(leaving_, [](const auto& endpoint) {
    assume(on_deliver);
    return endpoint->is_idle();
  });
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
  if (!cancel_again_.empty()) until = std::min(until, cancel_again_.front().first);
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
  publish_standings(at);
  for (std::size_t i = 0; i < outlets_.size(); ++i) {
    if (!outlets_[i].is_configured) continue;
    say_if_full(i);
    const auto status = dispatcher_.status(i);
    const auto oldest = status.oldest_due
                            ? std::max(at.wall - *status.oldest_due, std::chrono::milliseconds(0))
                            : std::chrono::milliseconds(0);
    observer_.on_queue(outlets_[i].name, status, oldest);
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
  Outlet& outlet = outlets_[order.destination];
  if (is_to_be_transformed(order)) {
    return transformer_.submit({.order = std::move(order),
                                .destination = outlet.name,
                                .routes = routes_,
                                .generation = generation_});
  }
  outlet.endpoint->attempt(std::move(order), now);
}

void Deliverer::fetch(std::size_t destination, DueQuery query) {
  store_->read(Freshness::any, [this, destination, query = std::move(query)](Reader& reader, Staleness) {
    assume(on_read);
    post(PageAnswer{.destination = destination, .page = reader.due(query)});
  });
}

void Deliverer::fetch_dead(std::size_t destination, DueQuery query) {
  store_->read(Freshness::any, [this, destination, query = std::move(query)](Reader& reader, Staleness) {
    assume(on_read);
    post(PageAnswer{.destination = destination, .page = reader.dead(query), .is_of_dead = true});
  });
}

void Deliverer::record(std::size_t destination, Outcome outcome) {
  observer_.on_attempt(outlets_[destination].name, outcome.attempt.result, outcome.state,
                       outcome.attempt.took);
  attempt_log_.on_outcome(destination, outcome, clock_.ticks());
  store_->record(std::move(outcome));
}

}  // namespace creel
