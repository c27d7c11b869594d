#include "core/priority.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace creel {
namespace {

// As in sched_setattr(2); the C library has no name for it.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;  // of a turn, in nanoseconds; 0 for the system's own
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

bool set_scheduling(int nice, std::uint64_t turn) {
  SchedulingAttributes attributes;
  attributes.nice = nice;
  attributes.runtime = turn;
  return ::syscall(SYS_sched_setattr, 0, &attributes, 0u) == 0;
}

}  // namespace

void set_priority(Priority priority) {
  constexpr std::uint64_t kShortTurn = 100'000;
  switch (priority) {
    case Priority::answering:
      if (!set_scheduling(-5, kShortTurn)) static_cast<void>(set_scheduling(0, kShortTurn));
      return;
    case Priority::following:
      static_cast<void>(set_scheduling(4, kShortTurn));
      return;
    case Priority::delivering:
      static_cast<void>(set_scheduling(6, 0));
      return;
    case Priority::looking:
      static_cast<void>(set_scheduling(8, 0));
      return;
  }
}

}  // namespace creel
