#include "ingest/keep_append.h"

namespace creel {

void AppendReturns::give(KeepAppend& append) {
  if (!state_->box.post(&append)) return;
  loop_.post([state = state_] {
    assume(on_loop);
    resume_all(*state);
  });
}

void AppendReturns::resume_all(State& state) {
  state.box.take(state.taken);
  for (KeepAppend* append : state.taken)
    append->waiting_.resume();
}

}  // namespace creel
