// What operators have set: named texts that outlive restarts, rebuilds of the index and every removal of
// segments.
//
// All of it stands at the head of each segment, and each change is a record of its own behind that, so the
// last head of any journal and the changes after it have everything. Changes are made one after the other:
// what is at a head holds nothing that could still fail. All functions may be called from any thread, but for
// those that say otherwise.
#pragma once

#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/journal_committer.h"

namespace creel::store {

class OperatorState {
 public:
  using Done = std::move_only_function<void(std::expected<Sequence, StoreError>)>;
  // Has records written; each `done` is called later, on the journal thread.
  using Write = std::function<void(Forward)>;
  // `recovered` is the payload of a record of all that the journal holds, "" without one.
  OperatorState(std::string_view recovered, Write write);

  // "" removes the name. `done` on the journal thread, once it is synced or could not be.
  void set(std::string name, std::string value, Done done) {
    change({.name = std::move(name), .value = std::move(value), .orders = {}, .done = std::move(done)});
  }
  // The same, with what is ordered beside it.
  void order(Orders orders, std::string name, std::string value, Done done) {
    change({.name = std::move(name),
            .value = std::move(value),
            .orders = std::move(orders),
            .done = std::move(done)});
  }
  // What is synced, in order of the names.
  std::vector<std::pair<std::string, std::string>> all() const;
  // Appends the payload of a record of what is synced.
  void encode(std::string& into) const;

 private:
  using Values = std::map<std::string, std::string>;
  struct Change {
    std::string name, value;
    std::optional<Orders> orders;
    Done done;
  };
  void change(Change change);
  void write_next();
  void on_written(std::expected<Sequence, StoreError> result);

  const Write write_;
  mutable std::mutex mutex_;
  Values synced_;
  std::deque<Change> changes_;  // the first is being written
};

}  // namespace creel::store
