// The functions that programs call instead of the C library's.
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"

static SLOW void freed_slow(void *address) {
  uint64_t id;
  // A null pointer looks like an empty slot of the table.
  if (!address || heap_is_early(address)) return;
  struct trace_heap_sample *sample = heap_remove((uintptr_t)address, &id);
  if (sample) {
    heap_end(sample);
    heap_report_free(&heap_this_thread, id, (uintptr_t)address);
  }
  heap_next.free(address);
}

// The slow half of a function that returns an address: what it calls for a sample, and otherwise.
#define SAMPLED(sample, plain, size)                                                 \
  struct heap_thread *me = &heap_this_thread;                                        \
  bool is_taken = heap_takes(me, size);                                              \
  void *result = is_taken ? (sample) : NULL;                                         \
  if (!result) result = (plain);                                                     \
  if (is_taken && result) heap_record(me, result, size, __builtin_frame_address(0)); \
  return result

// The same for a function with an alignment.
#define SAMPLED_ALIGNED(function, alignment, size) \
  SAMPLED(function(heap_sample_alignment(alignment), size), function(alignment, size), size)

// MARK: Interposed functions

static SLOW void *malloc_slow(size_t size) {
  SAMPLED(heap_sample_malloc(size), heap_next.malloc(size), size);
}

EXPORTED ALIGNED void *malloc(size_t size) {
  if (heap_counts_down(size)) JUMP heap_next.malloc(size);
  JUMP malloc_slow(size);
}

// The address looks like a sample's.
static __attribute__((noinline)) void freed_aligned(void *address) {
  if (LIKELY(!heap_is_marked(address))) JUMP heap_next.free(address);
  JUMP freed_slow(address);
}

EXPORTED ALIGNED void free(void *address) {
  if (heap_is_plain(address)) JUMP heap_next.free(address);
  JUMP freed_aligned(address);
}

static SLOW void *calloc_slow(size_t count, size_t size) {
  SAMPLED(heap_sample_calloc(count, size), heap_next.calloc(count, size), count * size);
}

static SLOW void *calloc_overflow(size_t count, size_t size) {
  (void)count, (void)size;
  errno = ENOMEM;
  return NULL;
}

EXPORTED ALIGNED void *calloc(size_t count, size_t size) {
  size_t bytes;
  if (UNLIKELY(__builtin_mul_overflow(count, size, &bytes))) JUMP calloc_overflow(count, size);
  if (heap_counts_down(bytes)) JUMP heap_next.calloc(count, size);
  JUMP calloc_slow(count, size);
}

// A resized allocation is freed and allocated anew. The table is changed before the address can
// belong to another thread.
static void *resize(void *address, size_t size, bool is_taken, const void *frame) {
  struct heap_thread *me = &heap_this_thread;
  uint64_t id = 0;
  struct trace_heap_sample *old = address ? heap_remove((uintptr_t)address, &id) : NULL;
  void *result = heap_next.realloc(address, size);
  if (old && !result && size != 0) {
    heap_enter(old, id);
    return NULL;
  }
  if (old) {
    heap_end(old);
    heap_report_free(me, id, (uintptr_t)address);
  }
  if (!is_taken || !result) return result;
  result = heap_sample_resized(result, size);
  heap_record(me, result, size, frame);
  return result;
}

// The countdown has ended; the address is no sample.
static SLOW void *realloc_taken(void *address, size_t size) {
  bool is_taken = heap_takes(&heap_this_thread, size);
  return resize(address, size, is_taken, __builtin_frame_address(0));
}

// The address may be a sample.
static SLOW void *realloc_freed(void *address, size_t size) {
  if (heap_is_early(address)) {
    void *result = malloc(size);
    size_t old = heap_early_size(address);
    if (result) memcpy(result, address, old < size ? old : size);
    return result;
  }
  bool is_taken = !heap_counts_down(size) && heap_takes(&heap_this_thread, size);
  return resize(address, size, is_taken, __builtin_frame_address(0));
}

EXPORTED ALIGNED void *realloc(void *address, size_t size) {
  if (!heap_is_plain(address) && UNLIKELY(heap_is_marked(address))) {
    JUMP realloc_freed(address, size);
  }
  if (heap_counts_down(size)) JUMP heap_next.realloc(address, size);
  JUMP realloc_taken(address, size);
}

EXPORTED void *reallocarray(void *address, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  return realloc(address, bytes);
}

EXPORTED void *memalign(size_t alignment, size_t size) {
  if (heap_counts_down(size)) return heap_next.memalign(alignment, size);
  SAMPLED_ALIGNED(heap_next.memalign, alignment, size);
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size) {
  if (heap_counts_down(size)) return heap_next.aligned_alloc(alignment, size);
  SAMPLED_ALIGNED(heap_next.aligned_alloc, alignment, size);
}

EXPORTED int posix_memalign(void **result, size_t alignment, size_t size) {
  if (heap_counts_down(size)) return heap_next.posix_memalign(result, alignment, size);
  struct heap_thread *me = &heap_this_thread;
  bool is_taken = heap_takes(me, size);
  int code = ENOMEM;
  if (is_taken) code = heap_next.posix_memalign(result, heap_sample_alignment(alignment), size);
  if (code != 0) code = heap_next.posix_memalign(result, alignment, size);
  if (is_taken && code == 0 && *result) heap_record(me, *result, size, __builtin_frame_address(0));
  return code;
}

EXPORTED void *valloc(size_t size) {
  if (heap_counts_down(size)) return heap_next.valloc(size);
  SAMPLED(NULL, heap_next.valloc(size), size);
}

EXPORTED void *pvalloc(size_t size) {
  if (heap_counts_down(size)) return heap_next.pvalloc(size);
  SAMPLED(NULL, heap_next.pvalloc(size), size);
}
