// Where samples are put, so that free knows most other addresses by their bits alone.
//
// The address of a sample is a multiple of 512, or 16 more, as it is of what the C library maps for
// one allocation. Few other addresses are; for these, free asks the filter. While there is a sample
// elsewhere, free asks the filter for every address. Even fewer addresses begin a page, but before
// glibc makes room for a page it merges all small free blocks: the program's heap would not be as
// it is without this library.
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "heap.h"

enum {
  sample_alignment = 512,
  // Larger memory is not copied or cleared by this library: it may be sampled each time.
  copied_max = 128 << 10,
  // With smaller intervals, the alignment takes too much memory.
  interval_min = 32 << 10,
  // heap_next.plain_bits is heap_sample_bits, or a number of samples elsewhere in bits that
  // addresses of the heap do not have. The greatest number stays.
  elsewhere_shift = 48,
  elsewhere_many = 255,
};

static uintptr_t elsewhere(uintptr_t bits) { return bits >> elsewhere_shift; }

static uintptr_t bits_of(uintptr_t count) {
  return count == 0 ? heap_sample_bits : count << elsewhere_shift;
}

void heap_count_elsewhere(uintptr_t address, int change) {
  if ((address & heap_sample_bits) == 0) return;
  uintptr_t bits = atomic_load(&heap_next.plain_bits);
  while (elsewhere(bits) != elsewhere_many &&
         !atomic_compare_exchange_weak(
             &heap_next.plain_bits, &bits, bits_of(elsewhere(bits) + (uintptr_t)change))) {}
}

void heap_put_anywhere(void) { atomic_store(&heap_next.plain_bits, bits_of(elsewhere_many)); }

void heap_choose_alignment(uint64_t interval) {
  if (interval < interval_min) heap_put_anywhere();
}

static bool is_aligning(void) {
  return elsewhere(atomic_load_explicit(&heap_next.plain_bits, memory_order_relaxed)) !=
         elsewhere_many;
}

void *heap_sample_malloc(size_t size) {
  if (!is_aligning()) return NULL;
  int error = errno;
  void *result = NULL;
  int code = heap_next.posix_memalign(&result, sample_alignment, size);
  errno = error;
  return code == 0 ? result : NULL;
}

// Pages that are zero are only read, so that they need no memory.
static void clear(void *address, size_t size) {
  uintptr_t *words = address;
  size_t count = size / sizeof *words;
  for (size_t number = 0; number < count; number++) {
    if (words[number] != 0) words[number] = 0;
  }
  memset(words + count, 0, size % sizeof *words);
}

void *heap_sample_calloc(size_t count, size_t size) {
  void *result = count * size <= copied_max ? heap_sample_malloc(count * size) : NULL;
  if (result) clear(result, count * size);
  return result;
}

void *heap_sample_resized(void *address, size_t size) {
  if (((uintptr_t)address & heap_sample_bits) == 0 || size > copied_max) return address;
  void *result = heap_sample_malloc(size);
  if (!result) return address;
  memcpy(result, address, size);
  heap_next.free(address);
  return result;
}

size_t heap_sample_alignment(size_t alignment) {
  bool is_valid = alignment >= sizeof(void *) && (alignment & (alignment - 1)) == 0;
  return is_valid && alignment < sample_alignment && is_aligning() ? sample_alignment : alignment;
}
