// What a plan found, gathered page by page, and told.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/config.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "core/clock.h"

namespace creel::cli {

class PlanReport {
 public:
  // `config` is the one that is planned; it outlives the report. Of so many events details are kept.
  PlanReport(const Config& config, std::size_t show) : config_(config), show_(show) {}

  // Takes the next page of POST /api/v1/plan; events come in their order.
  void add(const Json& page);

  std::int64_t events() const { return count("events"); }
  // How many more differences may come with their details.
  std::size_t details_wanted() const { return show_ - std::min(show_, differences_.size()); }
  bool has_differences() const { return count("unchanged") < events(); }

  void print_text(Io& io) const;
  void print_json(Io& io) const;  // an object a line: the differences, the duplicates, the summary

 private:
  struct Duplicate {
    std::string id, source, type, of;
  };
  // The last event with a key that was none.
  struct First {
    Time received;
    std::string id;
  };

  std::int64_t count(const std::string& name) const;
  void add_key(const Json& row);
  bool signs_creels_bytes(const Json& delivery) const;
  void print_difference_of(const Json& difference, Io& io) const;

  const Config& config_;
  const std::size_t show_;
  std::map<std::string, std::int64_t> counts_;
  std::vector<Json> differences_;
  std::vector<Duplicate> duplicates_;  // the first so many
  std::map<std::string, First> keys_;  // by source and key
  std::vector<std::string> notes_;
};

}  // namespace creel::cli
