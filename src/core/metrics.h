// Counters, gauges and histograms, and the text that Prometheus reads.
//
// A thin roof over prometheus-cpp: each part of the program makes its own families in `registry()` and keeps
// references to their metrics. No label ever holds unverified input.
#pragma once

#include <memory>
#include <string>

#include <prometheus/registry.h>

namespace creel {

class Metrics {
 public:
  Metrics() : registry_(std::make_shared<prometheus::Registry>()) {}
  prometheus::Registry& registry() { return *registry_; }
  std::string text() const;  // the exposition format, version 0.0.4

 private:
  std::shared_ptr<prometheus::Registry> registry_;
};

}  // namespace creel
