// What must hold for every input; a violation ends the process, as fuzzers expect.
#pragma once

#include <cstdio>
#include <cstdlib>

#define CHECK_ALWAYS(condition)                                            \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                        \
    }                                                                      \
  } while (false)
