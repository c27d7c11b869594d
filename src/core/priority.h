// Who goes first when the threads of the program want one processor.
//
// Answering providers outranks everything that only follows: an answer waits for a sync, and nothing may make
// it wait longer. The scheduler is asked for two things: weight (nice; raising it needs a right that is nice
// to have), and short turns for those that answer, which lets them run at once when they wake (Linux 6.12;
// older ones ignore it).
#pragma once

namespace creel {

enum class Priority {
  answering,   // the loop and the journal
  following,   // the index, and filling segments ahead
  delivering,  // attempts: what they hear of comes by way of the index
  looking,     // questions of operators
};

// For the calling thread. What the system refuses is left as it is.
void set_priority(Priority priority);

}  // namespace creel
