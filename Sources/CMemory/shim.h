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

/// Which of 32 numbers, the first of which lies at a multiple of 16 bytes, are `value`, or greater where `is_greater`, which
/// callers know: a bit for each, the first lowest.
static inline uint32_t compare_32(const int32_t *numbers, int32_t value, int is_greater) {
  uint32_t found = 0;
#ifdef __SSE2__
  const __m128i *vectors = (const __m128i *)numbers;
  const __m128i wanted = _mm_set1_epi32(value);
  for (int half = 0; half < 2; half++, vectors += 4) {
    __m128i signs[4];
    for (int index = 0; index < 4; index++)
      signs[index] =
        is_greater ? _mm_cmpgt_epi32(vectors[index], wanted) : _mm_cmpeq_epi32(vectors[index], wanted);
    const __m128i words = _mm_packs_epi16(_mm_packs_epi32(signs[0], signs[1]), _mm_packs_epi32(signs[2], signs[3]));
    found |= (uint32_t)_mm_movemask_epi8(words) << 16 * half;
  }
#else
  for (int index = 0; index < 32; index++)
    found |= (uint32_t)(is_greater ? numbers[index] > value : numbers[index] == value) << index;
#endif
  return found;
}

/// Which of 32 numbers are `value`.
static inline uint32_t equal_of_32(const int32_t *numbers, int32_t value) { return compare_32(numbers, value, 0); }

/// Which of 32 numbers are greater than `value`.
static inline uint32_t greater_of_32(const int32_t *numbers, int32_t value) { return compare_32(numbers, value, 1); }

#ifdef __SSE2__
/// Four numbers with `difference` added to those that are not the greatest.
static inline __m128i add_unless_greatest(__m128i numbers, __m128i difference) {
  return _mm_add_epi32(numbers, _mm_andnot_si128(_mm_cmpeq_epi32(numbers, _mm_set1_epi32(INT32_MAX)), difference));
}
#endif

/// Adds `difference` to those of 32 numbers, the first of which lies at a multiple of 16 bytes, that are not the greatest.
static inline void add_to_32(int32_t *numbers, int32_t difference) {
#ifdef __SSE2__
  __m128i *vectors = (__m128i *)numbers;
  for (int index = 0; index < 8; index++)
    vectors[index] = add_unless_greatest(vectors[index], _mm_set1_epi32(difference));
#else
  for (int index = 0; index < 32; index++)
    if (numbers[index] != INT32_MAX) numbers[index] += difference;
#endif
}

/// Takes out the first of 32 numbers, which lies at a multiple of 16 bytes: the others move down, the last becomes the
/// greatest. `difference` is added to those that are not the greatest.
static inline void remove_first_of_32(int32_t *numbers, int32_t difference) {
#ifdef __SSE2__
  __m128i *vectors = (__m128i *)numbers;
  const __m128i added = _mm_set1_epi32(difference);
  for (int index = 0; index < 7; index++)
    vectors[index] = add_unless_greatest(_mm_loadu_si128((const __m128i *)(numbers + 4 * index + 1)), added);
  const __m128i last = _mm_or_si128(_mm_srli_si128(vectors[7], 4), _mm_set_epi32(INT32_MAX, 0, 0, 0));
  vectors[7] = add_unless_greatest(last, added);
#else
  for (int index = 0; index < 31; index++)
    numbers[index] = numbers[index + 1] == INT32_MAX ? INT32_MAX : numbers[index + 1] + difference;
  numbers[31] = INT32_MAX;
#endif
}
