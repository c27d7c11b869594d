// Rejected requests that become events after all.
//
// Each is put to today's configuration (AdminOptions::accept) and, once its event is synced, marked in the
// quarantine. It becomes an event once: what is marked is answered with the event it became; what is being
// accepted by another request is refused; and should a mark be lost in a crash, the event's dedupe key
// decides.
//
// Threads: everything on the loop.
#pragma once

#include <cstdint>
#include <expected>
#include <set>
#include <string_view>

#include "admin/resources.h"
#include "core/executor.h"
#include "core/task.h"

namespace creel::admin {

// A slice of all that a filter names.
struct AcceptMany {
  RejectedQuery query;
};
// {"source":…,"cause":…,"since":…,"until":…,"cursor":…,"limit":…}; the source is wanted, the rest is not.
std::expected<AcceptMany, http::Response> parse_accept_many(std::string_view body);

class Acceptor {
 public:
  // All given by reference outlive it.
  Acceptor(const AdminOptions& options, Store& store, const Clock& clock, Log& log, Executor& loop)
      : options_(options), store_(store), clock_(clock), log_(log), loop_(loop) {}

  Task<http::Response> one(std::uint64_t id) ON_LOOP;
  // Until the slice is through or took too long: the answer says where to go on.
  Task<http::Response> many(AcceptMany wanted) ON_LOOP;

  // Ends slices early.
  void drain() ON_LOOP { is_draining_ = true; }

 private:
  struct Result {
    AcceptAnswer answer;
    bool was_before = false;  // accepted by an earlier request
    std::optional<http::Response> failure;
  };
  Task<Result> accept(std::uint64_t id) ON_LOOP;
  void settle(const RejectedRow& row, const AcceptAnswer& answer) ON_LOOP;
  static std::string_view result_of(const Result& result);
  static void write(JsonWriter& json, std::uint64_t id, const Result& result);

  const AdminOptions& options_;
  Store& store_;
  const Clock& clock_;
  Log& log_;
  Executor& loop_;
  std::set<std::uint64_t> underway_;
  bool is_draining_ = false;
};

}  // namespace creel::admin
