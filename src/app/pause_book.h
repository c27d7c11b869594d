// What is paused: read when the gateway starts, changed by operators and by destinations that are gone, kept
// in the store, and obeyed by the dispatcher.
//
// A change counts once the store has it, and is answered once the dispatcher obeys. The dispatcher is always
// told the whole list, as it stands then, so that of two changes at the same time both count. What a
// destination brought upon itself counts at once, whether or not it can be kept.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/executor.h"
#include "core/log.h"
#include "core/model.h"
#include "core/threads.h"

namespace creel {

class PauseBook {
 public:
  // Whom it works with.
  struct Parts {
    // Store::set_state, with whether it is kept. `done` on any thread, in the order of the calls.
    std::function<void(std::string name, std::string value, std::move_only_function<void(bool is_kept)> done)>
        keep;
    // Deliverer::pause.
    std::function<void(std::vector<Pause> pauses, std::move_only_function<void()> done)> obey;
    // Whenever the list is another. On the loop.
    std::function<void(const std::vector<Pause>& pauses)> changed;
  };

  // Everything outlives it and what it has begun.
  PauseBook(Parts parts, const Clock& clock, Log& log, Executor& loop)
      : parts_(std::move(parts)), clock_(clock), log_(log), loop_(loop) {}

  // What the store holds, before anything runs. Entries that are no pause are left alone.
  void open(const std::vector<std::pair<std::string, std::string>>& state);

  // Pauses, or resumes. `done` is called once, on any thread: false when the store could not keep it, and
  // nothing changed. What is so already is not kept anew, and keeps its time and reason.
  void set(Pause::What what, std::string name, bool is_paused, std::string reason,
           std::move_only_function<void(bool is_kept)> done) ON_LOOP;
  // A destination is paused already and wants to stay so. From any thread.
  void add_gone(Pause pause);

  // In order of kind and name. From any thread.
  std::vector<Pause> all() const;
  bool contains(Pause::What what, std::string_view name) const;

 private:
  using Key = std::pair<Pause::What, std::string>;

  void took(const Pause& pause, bool is_paused, bool is_kept,
            std::move_only_function<void(bool is_kept)> done) ON_LOOP;
  void keep_gone(Pause pause) ON_LOOP;
  void tell(std::move_only_function<void()> done) ON_LOOP;
  void say(const Pause& pause, bool is_paused);

  const Parts parts_;
  const Clock& clock_;
  Log& log_;
  Executor& loop_;
  std::map<Key, int> under_way_;  // of the loop: changes that the store has not answered
  mutable std::mutex mutex_;      // the crossing
  std::map<Key, Pause> pauses_;
};

}  // namespace creel
