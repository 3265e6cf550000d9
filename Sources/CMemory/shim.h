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

/// Adds `difference` to those of 32 numbers, the first of which lies at a multiple of 16 bytes, that are not the greatest.
static inline void add_to_32(int32_t *numbers, int32_t difference) {
#ifdef __SSE2__
  __m128i *vectors = (__m128i *)numbers;
  const __m128i greatest = _mm_set1_epi32(INT32_MAX);
  const __m128i added = _mm_set1_epi32(difference);
  for (int index = 0; index < 8; index++) {
    const __m128i isGreatest = _mm_cmpeq_epi32(vectors[index], greatest);
    vectors[index] = _mm_add_epi32(vectors[index], _mm_andnot_si128(isGreatest, added));
  }
#else
  for (int index = 0; index < 32; index++)
    if (numbers[index] != INT32_MAX) numbers[index] += difference;
#endif
}

/// Takes out the first of 32 numbers, which lies at a multiple of 16 bytes: the others move down, the last becomes the
/// greatest. `difference` is added to those that are not the greatest.
static inline void remove_first_of_32(int32_t *numbers, int32_t difference) {
#ifdef __SSE2__
  const __m128i greatest = _mm_set1_epi32(INT32_MAX);
  const __m128i added = _mm_set1_epi32(difference);
  for (int index = 0; index < 8; index++) {
    __m128i next;
    if (index < 7) {
      next = _mm_loadu_si128((const __m128i *)(numbers + 4 * index + 1));
    } else {
      const __m128i last = _mm_load_si128((const __m128i *)(numbers + 28));
      next = _mm_or_si128(_mm_srli_si128(last, 4), _mm_set_epi32(INT32_MAX, 0, 0, 0));
    }
    const __m128i isGreatest = _mm_cmpeq_epi32(next, greatest);
    _mm_store_si128((__m128i *)(numbers + 4 * index), _mm_add_epi32(next, _mm_andnot_si128(isGreatest, added)));
  }
#else
  for (int index = 0; index < 31; index++)
    numbers[index] = numbers[index + 1] == INT32_MAX ? INT32_MAX : numbers[index + 1] + difference;
  numbers[31] = INT32_MAX;
#endif
}
