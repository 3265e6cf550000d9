#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/// Asks the processor to bring the cache line of an address near. Reads nothing, and any address will do.
static inline void prefetch_line(const void *address) { __builtin_prefetch(address); }

/// Moves the pages of a mapping, or of its beginning, to an address in another one, whose pages there go. Copies nothing.
/// Gives whether it could.
static inline int move_pages_to(void *pages, size_t byte_count, void *address) {
  return mremap(pages, byte_count, byte_count, MREMAP_MAYMOVE | MREMAP_FIXED, address) != MAP_FAILED;
}

#ifdef __SSE2__
/// The signs of 16 numbers in four vectors.
static inline uint32_t signs_of_16(__m128i one, __m128i two, __m128i three, __m128i four) {
  return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(_mm_packs_epi32(one, two), _mm_packs_epi32(three, four)));
}
#endif

/// Which of 32 numbers, the first of which lies at a multiple of 16 bytes, are `value`: a bit for each, the first lowest.
static inline uint32_t equal_of_32(const int32_t *numbers, int32_t value) {
  uint32_t found = 0;
#ifdef __SSE2__
  const __m128i *vectors = (const __m128i *)numbers;
  const __m128i wanted = _mm_set1_epi32(value);
  for (int half = 0; half < 2; half++, vectors += 4)
    found |= signs_of_16(
      _mm_cmpeq_epi32(vectors[0], wanted), _mm_cmpeq_epi32(vectors[1], wanted),
      _mm_cmpeq_epi32(vectors[2], wanted), _mm_cmpeq_epi32(vectors[3], wanted)) << 16 * half;
#else
  for (int index = 0; index < 32; index++) found |= (uint32_t)(numbers[index] == value) << index;
#endif
  return found;
}

/// The same of those that are greater than `value`.
static inline uint32_t greater_of_32(const int32_t *numbers, int32_t value) {
  uint32_t found = 0;
#ifdef __SSE2__
  const __m128i *vectors = (const __m128i *)numbers;
  const __m128i bound = _mm_set1_epi32(value);
  for (int half = 0; half < 2; half++, vectors += 4)
    found |= signs_of_16(
      _mm_cmpgt_epi32(vectors[0], bound), _mm_cmpgt_epi32(vectors[1], bound),
      _mm_cmpgt_epi32(vectors[2], bound), _mm_cmpgt_epi32(vectors[3], bound)) << 16 * half;
#else
  for (int index = 0; index < 32; index++) found |= (uint32_t)(numbers[index] > value) << index;
#endif
  return found;
}
