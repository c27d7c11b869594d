// What the program says when it ends (docs/cli.md). The numbers from 64 on are those of sysexits.h.
#pragma once

namespace creel::cli {

inline constexpr int kFine = 0;
inline constexpr int kNegative = 1;       // asked and answered: no
inline constexpr int kUsage = 64;         // the command line is wrong
inline constexpr int kBadData = 65;       // what was given to work on is wrong
inline constexpr int kNotFound = 66;      // no such file, event or request
inline constexpr int kUnreachable = 69;   // nobody listens there, or a port is taken
inline constexpr int kInternal = 70;      // a mistake of ours
inline constexpr int kInputOutput = 74;   // a disk or a pipe failed
inline constexpr int kTryAgain = 75;      // busy, full or starting
inline constexpr int kNoPermission = 77;  // the token is missing or wrong
inline constexpr int kConfiguration = 78;
inline constexpr int kInterrupted = 130;  // ctrl-C, as a shell says it

}  // namespace creel::cli
