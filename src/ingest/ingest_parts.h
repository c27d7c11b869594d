// What an Ingest is made of, for the files that share its work.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/ingest.h"

namespace creel {

struct Ingest::Source {
  IngestSource configured;
  // Where all its events go, when that needs no look at them; in the snapshot's routes.
  std::optional<std::span<const std::string_view>> always;
  std::vector<std::string> marks;  // of its keys, in their order
  prometheus::Counter* accepted;
  prometheus::Counter* duplicate;
  prometheus::Counter* rejected;
  prometheus::Counter* handshake;
  prometheus::Counter* unavailable;
  prometheus::Counter* wrong_method;
  prometheus::Counter* unrouted;

  const Receiver& receiver() const { return *configured.receiver; }
  std::string_view mark(std::size_t key_index) const {
    return key_index < marks.size() ? std::string_view(marks[key_index]) : "";
  }
};

// What is configured at a time. Immutable; whoever began with it holds on to it.
struct Ingest::Snapshot {
  std::vector<Source> sources;  // by path
  std::shared_ptr<const Routes> routes;

  const Source* find(std::string_view path) const;
  const Source* named(std::string_view name) const;
};

// The same families in every Ingest of the process, and the same metrics after a reload: the registry gives
// each those that are there already.
struct Ingest::Counts {
  explicit Counts(Metrics& metrics);
  prometheus::Counter& of(const std::string& source, const char* outcome) {
    return requests.Add({{"source", source}, {"outcome", outcome}});
  }

  prometheus::Family<prometheus::Counter>& requests;
  prometheus::Family<prometheus::Counter>& unrouted;
  prometheus::Histogram& seconds;
  prometheus::Counter& not_found;
  prometheus::Counter& refused;
};

}  // namespace creel
