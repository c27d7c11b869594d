#include "deliver/held_deliveries.h"

namespace creel {
namespace {

constexpr std::size_t kReasonsMax = 1000;  // of one destination
constexpr std::size_t kReasonBytesMax = 500;
constexpr std::string_view kManyReasons = "the transform fails for so many reasons that not all are kept";

}  // namespace

const std::string* HeldDeliveries::kept(OfDestination& of, std::string_view reason) {
  reason = reason.substr(0, kReasonBytesMax);
  auto found = of.reasons.find(reason);
  if (found == of.reasons.end()) {
    found = of.reasons.emplace(of.reasons.size() < kReasonsMax ? reason : kManyReasons).first;
  }
  return &*found;
}

void HeldDeliveries::add(std::string_view destination, EventId event, std::uint32_t ordinal,
                         std::string_view reason) {
  std::lock_guard lock(mutex_);
  auto found = destinations_.find(destination);
  if (found == destinations_.end()) found = destinations_.try_emplace(std::string(destination)).first;
  OfDestination& of = found->second;
  of.latest = kept(of, reason);
  of.deliveries.insert_or_assign(Key{event, ordinal}, of.latest);
}

bool HeldDeliveries::erase(std::string_view destination, EventId event, std::uint32_t ordinal) {
  std::lock_guard lock(mutex_);
  const auto found = destinations_.find(destination);
  if (found == destinations_.end() || found->second.deliveries.erase(Key{event, ordinal}) == 0) return false;
  if (found->second.deliveries.empty()) destinations_.erase(found);
  return true;
}

void HeldDeliveries::clear() {
  std::lock_guard lock(mutex_);
  destinations_.clear();
}

std::string HeldDeliveries::reason(const DeliveryId& delivery) const {
  std::lock_guard lock(mutex_);
  const auto found = destinations_.find(delivery.destination);
  if (found == destinations_.end()) return {};
  const auto held = found->second.deliveries.find(Key{delivery.event, delivery.ordinal});
  return held == found->second.deliveries.end() ? std::string() : *held->second;
}

std::vector<HeldDeliveries::Row> HeldDeliveries::rows() const {
  std::vector<Row> rows;
  std::lock_guard lock(mutex_);
  for (const auto& [name, of] : destinations_)
    rows.push_back({.destination = name, .deliveries = of.deliveries.size(), .reason = *of.latest});
  return rows;
}

}  // namespace creel
