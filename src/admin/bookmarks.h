// Bookmarks: events that have a name, to be replayed at will. Each is kept as operator state under
// "bookmark/<name>", and its event stays however old it gets.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/jobs.h"
#include "admin/resources.h"
#include "core/executor.h"
#include "core/task.h"

namespace creel::admin {

struct Bookmark {
  std::string name;
  EventId event;
  Time created;
  std::string note;
};
std::string bookmark_entry_name(std::string_view name);
std::string bookmark_entry_value(const Bookmark& bookmark);
// Nothing when the entry is no bookmark, or cannot be read.
std::optional<Bookmark> bookmark_of_entry(std::string_view name, std::string_view value);

// The events of all bookmarks in what operators have set. From any thread.
std::vector<EventId> bookmarked_events(const std::vector<std::pair<std::string, std::string>>& state);

// On the loop. All given by reference outlive it.
class Bookmarks {
 public:
  Bookmarks(Store& store, const Clock& clock, Executor& loop, Jobs& jobs)
      : store_(store), clock_(clock), loop_(loop), jobs_(jobs) {}

  http::Response list() const ON_LOOP;
  http::Response show(std::string_view name) const ON_LOOP;
  // {"event":…,"note":…}; in place of one that has the name. After its sync, and once it is certain that the
  // event is still there.
  Task<http::Response> set(std::string name, std::string body) ON_LOOP;
  Task<http::Response> remove(std::string name) ON_LOOP;
  // {"to":[…]} or nothing.
  Task<http::Response> replay(std::string name, std::string body, std::string key) ON_LOOP;

 private:
  std::vector<Bookmark> all() const;
  std::optional<Bookmark> find(std::string_view name) const;

  Store& store_;
  const Clock& clock_;
  Executor& loop_;
  Jobs& jobs_;
};

}  // namespace creel::admin
