#include "store/indexer.h"

#include <algorithm>

namespace creel::store {
namespace {

constexpr std::chrono::seconds kPatienceMax{300};

}  // namespace

// Passes on what the feed has not been told yet: an index that is made anew tells everything again.
class Indexer::NewsOnly final : public DeliveryFeed {
 public:
  NewsOnly(DeliveryFeed& feed, Sequence& told) : feed_(feed), told_(told) {}

  void on_indexed(std::span<const IndexedDelivery> deliveries, Sequence upto) override ON_INDEX {
    if (upto <= told_) return;
    const auto first = std::ranges::upper_bound(deliveries, told_, {}, &IndexedDelivery::sequence);
    told_ = upto;
    feed_.on_indexed(deliveries.subspan(static_cast<std::size_t>(first - deliveries.begin())), upto);
  }
  void on_caught_up() override ON_INDEX {}

 private:
  DeliveryFeed& feed_;
  Sequence& told_;
};

Indexer::Indexer(Parts parts) : parts_(std::move(parts)), end_at_open_(parts_.journal.synced().next - 1) {}
Indexer::~Indexer() {
  parts_.view.clear();
}

bool Indexer::open() {
  if (index_ || is_newer_) return !is_newer_;
  Disk& disk = parts_.journal.disk();
  // The second try is with an empty folder.
  for (int tries = 0; tries < 2 && !index_; ++tries) {
    if (std::exchange(remove_first_, false)) Index::remove(disk, parts_.options.folder);
    auto opened = Index::open(parts_.journal, parts_.log, parts_.options);
    if (opened) {
      index_ = *std::move(opened);
    } else {
      drop(opened.error());
      if (!remove_first_) break;
    }
  }
  if (!index_) return !is_newer_;
  publish();
  parts_.view.set(index_->keys(), index_->names());
  return true;
}

void Indexer::drop(const IndexFailure& failure) {
  parts_.view.clear();
  index_.reset();
  retry_ = parts_.clock.ticks() + std::chrono::seconds(1);
  switch (failure.error) {
    case IndexError::weather:
      parts_.log.error("the index cannot be written; it is tried again",
                       {{"reason", std::string_view(failure.message)}});
      break;
    case IndexError::broken:
      parts_.log.error("the index is made anew from the journal",
                       {{"reason", std::string_view(failure.message)}});
      remove_first_ = true;
      // A journal that cannot be read must not keep the disk busy for ever.
      retry_ = parts_.clock.ticks() + patience_;
      patience_ = std::min(patience_ * 2, kPatienceMax);
      rebuilds_.fetch_add(1, std::memory_order_relaxed);
      break;
    case IndexError::newer:
      parts_.log.error("the index was written by a newer creel and is left alone",
                       {{"reason", std::string_view(failure.message)}});
      is_newer_ = true;
      break;
  }
}

void Indexer::publish() {
  indexed_.store(index_->place().next - 1, std::memory_order_release);
}

std::optional<Ticks> Indexer::step(DeliveryFeed& feed) {
  const Ticks now = parts_.clock.ticks();
  if (!index_) {
    if (is_newer_) return std::nullopt;
    if (retry_ && now < *retry_) return retry_;
    open();
    return index_ ? std::optional(now) : retry_;
  }
  NewsOnly news(feed, told_);
  const auto stepped = index_->step(&news);
  if (!stepped) {
    drop(stepped.error());
    return retry_;
  }
  publish();
  if (index_->place().next > end_at_open_) {
    patience_ = std::chrono::seconds(1);
    if (!std::exchange(is_caught_up_, true)) feed.on_caught_up();
  }
  if (!stepped->more) return std::nullopt;
  return now;
}

}  // namespace creel::store
