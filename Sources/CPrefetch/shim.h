/// Asks the processor to bring the cache line of an address near. Reads nothing, and any address will do.
static inline void prefetch_line(const void *address) { __builtin_prefetch(address); }
