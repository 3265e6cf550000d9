// Counts what a piece of a program costs: calls of the allocator, and instructions under valgrind.
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdint.h>

/// Blocks that the program has asked for so far: calls of malloc, calloc, realloc and the aligned kinds, by any thread.
uint64_t counters_allocations(void);

/// Whether the program runs under valgrind.
int counters_under_valgrind(void);

/// Counts instructions from here on, from nothing; does nothing outside of callgrind.
void counters_begin(void);

/// Stops counting, and has callgrind write what it counted under `name`.
void counters_end(const char *name);

#endif
