// What the files of this target share.
#ifndef HEAP_H
#define HEAP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "trace_heap.h"

#define HEAP_INITIAL_EXEC __attribute__((tls_model("initial-exec")))
#define HIDDEN __attribute__((visibility("hidden")))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define EXPORTED __attribute__((visibility("default")))
// The code of a short function lies in one line of the cache.
#define ALIGNED __attribute__((aligned(64)))
#define SLOW __attribute__((noinline, cold))
// A call that leaves no frame, so that the functions which it replaces cost one jump.
#define JUMP __attribute__((musttail)) return

// The functions of the next allocator. Until it has been looked for, each is a function that does
// so. Nothing that changes often shares their cache lines.
struct heap_next {
  // An address with one of these bits is no live sample.
  _Alignas(64) _Atomic uintptr_t plain_bits;
  void *(*malloc)(size_t);
  void (*free)(void *);
  void *(*calloc)(size_t, size_t);
  void *(*realloc)(void *, size_t);
  int (*posix_memalign)(void **, size_t, size_t);
  void *(*aligned_alloc)(size_t, size_t);
  void *(*memalign)(size_t, size_t);
  void *(*valloc)(size_t);
  void *(*pvalloc)(size_t);
  void *(*mmap)(void *, size_t, int, int, int, off_t);
  int (*munmap)(void *, size_t);
  void *(*mremap)(void *, size_t, size_t, int, void *);
  int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
};
extern HIDDEN struct heap_next heap_next;

// Memory that dlsym asked for while the next allocator was looked for; never freed.
bool heap_is_early(const void *address);
size_t heap_early_size(const void *address);

// heap_sample.c
// All zero in a new thread.
struct heap_thread {
  // Number of bytes, with one for each allocation, until the next sample.
  uint64_t left;
  uint64_t random;
  // The thread takes a sample, or is excluded: what it allocates is not sampled.
  bool is_busy;
  // What the thread allocates is not sampled; what it frees is reported at once.
  bool is_left_out;
  bool is_seeded;
  // The thread calls swift_allocObject to learn where it keeps the metadata.
  bool is_learning;
  // Samples that a signal handler freed while the thread was busy; reported afterwards.
  uint32_t deferred_count;
  // Number of those for which there was no room.
  uint32_t unreported;
  struct {
    uint64_t id, address;
  } deferred[TRACE_HEAP_DEFERRED];
};
extern _Thread_local HEAP_INITIAL_EXEC HIDDEN struct heap_thread heap_this_thread;

// Counts an allocation down; false if that ends the countdown, and heap_takes must start another.
// The count has passed zero then: what a signal handler allocates until then is not sampled.
static inline bool heap_counts_down(size_t size) {
  uint64_t left;
  bool is_over = __builtin_sub_overflow(heap_this_thread.left, (uint64_t)size + 1, &left);
  heap_this_thread.left = left;
  return LIKELY(!is_over);
}

// Whether to sample an allocation for which the countdown has ended.
bool heap_takes(struct heap_thread *me, size_t size);
// Records a sample; `frame` is the frame of the function that the program called.
void heap_record(struct heap_thread *me, void *address, size_t size, const void *frame);
void heap_report_free(struct heap_thread *me, uint64_t id, uintptr_t address);
// Reports that a sample, which was taken out of the table, has another place and size.
void heap_move(
    struct heap_thread *me, struct trace_heap_sample *sample, uint64_t id, void *address,
    size_t size);

// The thread ends a sample.
void heap_end_busy(struct heap_thread *me);

// heap_announce.c
// The provider is not announced to sessions yet.
extern HIDDEN _Atomic bool heap_is_unannounced;
void heap_begin_announcing(void);
// Announces the provider if there is a session, which is looked for now and then.
void heap_look_for_sessions(void);

// heap_type.c
// The name of the type of a Swift object, which lives forever; null if the sample is none.
const char *heap_type_of(const struct trace_heap_sample *sample, const void *frame);
void heap_learn(const void *frame);

// heap_type_static.c
// Addresses of a Swift runtime: swift_allocObject and its length, and the pointer to what it calls.
struct heap_swift {
  uintptr_t code, bytes, pointer;
};
void heap_find_static(struct heap_swift *found);

// heap_type_names.c
// The name of a type; empty or null if it has none.
const char *heap_type_name(uintptr_t metadata);

// heap_type_name.c
enum { TRACE_HEAP_TYPE_BYTES = 256 };
// Writes a type's name; returns its length, 0 if it has none.
size_t heap_write_type(uintptr_t metadata, char *bytes, size_t limit);

// heap_maps.c
void heap_find_allocator(void);

// heap_table.c
enum { heap_filter_shift = 10, heap_filter_bytes = 1 << (32 - heap_filter_shift) };
extern HIDDEN _Atomic uint8_t heap_filter[heap_filter_bytes];

// A block of the heap has a byte: 64 KiB of it share a cache line of the filter. In a heap of up to
// 4 GiB, no two blocks have the same byte.
static inline uint32_t heap_filter_index(uintptr_t address) {
  return (uint32_t)address >> heap_filter_shift;
}

static inline bool heap_is_marked(const void *address) {
  return atomic_load_explicit(
             &heap_filter[heap_filter_index((uintptr_t)address)], memory_order_relaxed) != 0;
}

// heap_aligned.c
// Bits that addresses of samples do not have.
enum { heap_sample_bits = 0x1e0 };

// Whether an address is certainly no sample.
static inline bool heap_is_plain(const void *address) {
  return LIKELY(((uintptr_t)address &
                 atomic_load_explicit(&heap_next.plain_bits, memory_order_relaxed)) != 0);
}

// From now on samples are anywhere.
void heap_put_anywhere(void);
// Puts samples anywhere if the interval is short.
void heap_choose_alignment(uint64_t interval);
// A sample was entered or removed.
void heap_count_elsewhere(uintptr_t address, int change);
// Memory of the next allocator for a sample; null if there is none, or another place will do.
void *heap_sample_malloc(size_t size);
// The product does not overflow.
void *heap_sample_calloc(size_t count, size_t size);
// Moves what the next realloc returned.
void *heap_sample_resized(void *address, size_t size);
// The alignment to ask for, so that free knows the sample.
size_t heap_sample_alignment(size_t alignment);

// Returns an unused sample, or null. Its id is 0.
struct trace_heap_sample *heap_take_sample(void);
// Enters a filled-in sample. If there is no room, ends it and returns false.
bool heap_enter(struct trace_heap_sample *sample, uint64_t id);
// Takes the sample of an address out of the table; null if there is none. The caller owns it, and
// may enter it again with its id.
struct trace_heap_sample *heap_remove(uintptr_t address, uint64_t *id);
void heap_give_back(struct trace_heap_sample *sample);
// Makes free take the slow path for an address.
void heap_mark(const void *address);

// heap_site.c
// Returns the number of a sample's place, a new one if it is unknown; 0 if there is no room.
uint32_t heap_site_of(const struct trace_heap_sample *sample);
void heap_count_allocated(const struct trace_heap_sample *sample);
void heap_count_freed(const struct trace_heap_sample *sample);
// Counts a sample that was freed, and gives it back.
static inline void heap_end(struct trace_heap_sample *sample) {
  heap_count_freed(sample);
  heap_give_back(sample);
}

// In Swift: registers the provider; whether there is a session.
extern void trace_heap_start(void);
extern bool trace_heap_is_wanted(void);

#endif
