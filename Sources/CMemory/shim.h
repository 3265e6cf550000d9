#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stddef.h>
#include <sys/mman.h>

/// Asks the processor to bring the cache line of an address near. Reads nothing, and any address will do.
static inline void prefetch_line(const void *address) { __builtin_prefetch(address); }

/// Moves the pages of a mapping, or of its beginning, to an address in another one, whose pages there go. Copies nothing.
/// Gives whether it could.
static inline int move_pages_to(void *pages, size_t byte_count, void *address) {
  return mremap(pages, byte_count, byte_count, MREMAP_MAYMOVE | MREMAP_FIXED, address) != MAP_FAILED;
}
