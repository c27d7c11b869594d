#include "store/operator_state.h"

namespace creel::store {
namespace {

void encode_values(const std::map<std::string, std::string>& values, std::string& into) {
  StateRecord record;
  for (const auto& [name, value] : values)
    record.entries.emplace_back(name, value);
  encode_state(record, into);
}

}  // namespace

OperatorState::OperatorState(std::string_view recovered, Write write) : write_(std::move(write)) {
  StateRecord record;
  if (recovered.empty() || !decode_state(recovered, record)) return;
  for (const auto& [name, value] : record.entries)
    synced_.emplace(name, value);
}

void OperatorState::change(Change change) {
  {
    const std::lock_guard lock(mutex_);
    changes_.push_back(std::move(change));
    if (changes_.size() > 1) return;
  }
  write_next();
}

void OperatorState::write_next() {
  Forward forward;
  {
    const std::lock_guard lock(mutex_);
    Change& next = changes_.front();
    std::string payload;
    encode_change({next.name, next.value, std::move(next.orders)}, payload);
    forward.records.push_back({RecordKind::change, std::move(payload)});
  }
  forward.done = [this](std::expected<Sequence, StoreError> result) { on_written(result); };
  write_(std::move(forward));
}

void OperatorState::on_written(std::expected<Sequence, StoreError> result) {
  Done done;
  bool has_more = false;
  {
    const std::lock_guard lock(mutex_);
    Change& written = changes_.front();
    if (result) {
      synced_.erase(written.name);
      if (!written.value.empty()) synced_.emplace(std::move(written.name), std::move(written.value));
    }
    done = std::move(written.done);
    changes_.pop_front();
    has_more = !changes_.empty();
  }
  if (done) done(result);
  if (has_more) write_next();
}

std::vector<std::pair<std::string, std::string>> OperatorState::all() const {
  const std::lock_guard lock(mutex_);
  return {synced_.begin(), synced_.end()};
}

void OperatorState::encode(std::string& into) const {
  const std::lock_guard lock(mutex_);
  encode_values(synced_, into);
}

}  // namespace creel::store
