#include "app/pause_book.h"

#include <memory>

#include "app/pause_state.h"

namespace creel {

void PauseBook::open(const std::vector<std::pair<std::string, std::string>>& state) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, value] : state) {
    auto pause = pause_of_entry(name, value);
    if (!pause) continue;
    Key key(pause->what, pause->name);
    pauses_.insert_or_assign(std::move(key), *std::move(pause));
  }
}

std::vector<Pause> PauseBook::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Pause> pauses;
  for (const auto& [key, pause] : pauses_)
    pauses.push_back(pause);
  return pauses;
}

bool PauseBook::contains(Pause::What what, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  return pauses_.contains(Key(what, name));
}

void PauseBook::set(Pause::What what, std::string name, bool is_paused, std::string reason,
                    std::move_only_function<void(bool is_kept)> done) {
  Pause pause{.what = what, .name = std::move(name), .since = clock_.now(), .reason = std::move(reason)};
  const Key key(pause.what, pause.name);
  if (!under_way_.contains(key) && contains(pause.what, pause.name) == is_paused) {
    // Told all the same: whoever asked before may not have been obeyed yet.
    parts_.obey(all(), [done = std::move(done)]() mutable { done(true); });
    return;
  }
  ++under_way_[key];
  std::string entry = pause_entry_name(pause.what, pause.name);
  std::string value = is_paused ? pause_entry_value(pause) : std::string();
  parts_.keep(
      std::move(entry), std::move(value),
      [this, pause = std::move(pause), is_paused, done = std::move(done)](bool is_kept) mutable {
        loop_.post([this, pause = std::move(pause), is_paused, is_kept, done = std::move(done)]() mutable {
          assume(on_loop);
          took(pause, is_paused, is_kept, std::move(done));
        });
      });
}

// The store has answered.
void PauseBook::took(const Pause& pause, bool is_paused, bool is_kept,
                     std::move_only_function<void(bool is_kept)> done) {
  const Key key(pause.what, pause.name);
  if (--under_way_[key] == 0) under_way_.erase(key);
  if (!is_kept) {
    log_.error(is_paused ? "cannot pause: the store could not keep it"
                         : "cannot resume: the store could not keep it",
               {{"what", to_text(pause.what)}, {"name", pause.name}});
    return done(false);
  }
  {
    const std::lock_guard lock(mutex_);
    if (is_paused) {
      pauses_.insert_or_assign(key, pause);
    } else {
      pauses_.erase(key);
    }
  }
  say(pause, is_paused);
  tell([done = std::move(done)]() mutable { done(true); });
}

void PauseBook::add_gone(Pause pause) {
  bool is_new = false;
  {
    const std::lock_guard lock(mutex_);
    is_new = pauses_.try_emplace(Key(pause.what, pause.name), pause).second;
  }
  loop_.post([this, is_new, pause = std::move(pause)]() mutable {
    assume(on_loop);
    if (is_new) return keep_gone(std::move(pause));
    tell({});
  });
}

void PauseBook::keep_gone(Pause pause) {
  ++under_way_[Key(pause.what, pause.name)];
  std::string entry = pause_entry_name(pause.what, pause.name);
  std::string value = pause_entry_value(pause);
  parts_.keep(std::move(entry), std::move(value), [this, pause = std::move(pause)](bool is_kept) mutable {
    loop_.post([this, is_kept, pause = std::move(pause)] {
      assume(on_loop);
      const Key key(pause.what, pause.name);
      if (--under_way_[key] == 0) under_way_.erase(key);
      if (is_kept) return say(pause, true);
      log_.warning("a pause could not be kept: it ends when creel is started again",
                   {{"what", to_text(pause.what)}, {"name", pause.name}});
    });
  });
  // A list that was under way when it paused itself did not have it.
  tell({});
}

void PauseBook::tell(std::move_only_function<void()> done) {
  std::vector<Pause> now = all();
  if (parts_.changed) parts_.changed(now);
  parts_.obey(std::move(now), std::move(done));
}

void PauseBook::say(const Pause& pause, bool is_paused) {
  if (is_paused) {
    log_.info("paused", {{"what", to_text(pause.what)}, {"name", pause.name}, {"reason", pause.reason}});
  } else {
    log_.info("resumed", {{"what", to_text(pause.what)}, {"name", pause.name}});
  }
}

}  // namespace creel
