// Which allocations are sampled, and what happens then.
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "trace_preload.h"

_Thread_local HEAP_INITIAL_EXEC HIDDEN struct heap_thread heap_this_thread;

enum { interval_usual = 512 << 10 };
static _Atomic uint64_t interval = interval_usual;
static _Atomic uint64_t seed;
static _Atomic uint64_t threads_seeded;
static _Atomic uint64_t last_id;
static _Atomic uint64_t sample_count;
static _Atomic uint64_t dropped_count;
static _Atomic uint64_t unreported_count;
static _Atomic(const struct trace_heap_listener *) listener;
static void (*resume_in_child)(void);
static _Atomic bool needs_resume;

// MARK: Chance

static void seed_thread(struct heap_thread *me) {
  uint64_t first = atomic_load(&seed);
  if (first == 0) {
    first = trace_preload_seed();
    uint64_t none = 0;
    if (!atomic_compare_exchange_strong(&seed, &none, first)) first = none;
  }
  me->random = first + atomic_fetch_add(&threads_seeded, 1) * 0xd1342543de82ef95;
  me->is_seeded = true;
}

// The distance to the next sample is exponential, so that each byte is sampled with the same
// probability, independently of all others.
static uint64_t draw(struct heap_thread *me) {
  double mean = (double)atomic_load_explicit(&interval, memory_order_relaxed);
  if (mean <= 1) return 0;
  double uniform = ((double)(trace_preload_random(&me->random) >> 11) + 0.5) * 0x1p-53;
  return (uint64_t)(-log(uniform) * mean);
}

// 1 / the probability that an allocation of this size is sampled.
static double weight_of(size_t size) {
  double mean = (double)atomic_load_explicit(&interval, memory_order_relaxed);
  return mean <= 1 ? 1 : 1 / -expm1(-((double)size + 1) / mean);
}

// MARK: Samples

void heap_end_busy(struct heap_thread *me) {
  const struct trace_heap_listener *who = atomic_load(&listener);
  while (me->deferred_count > 0) {
    uint32_t place = --me->deferred_count;
    if (who) who->freed(me->deferred[place].id, me->deferred[place].address);
  }
  if (UNLIKELY(me->unreported > 0)) {
    atomic_fetch_add(&unreported_count, me->unreported);
    me->unreported = 0;
    if (who) who->missed();
  }
  me->is_busy = false;
}

SLOW void heap_record(struct heap_thread *me, void *address, size_t size, const void *frame) {
  if (UNLIKELY(me->is_learning)) return heap_learn(frame);
  int error = errno;
  me->is_busy = true;
  atomic_signal_fence(memory_order_seq_cst);
  if (UNLIKELY(atomic_load(&needs_resume)) && atomic_exchange(&needs_resume, false)) {
    resume_in_child();
  }
  if (UNLIKELY(atomic_load_explicit(&heap_is_unannounced, memory_order_relaxed))) {
    heap_look_for_sessions();
  }
  atomic_fetch_add_explicit(&sample_count, 1, memory_order_relaxed);
  struct trace_heap_sample *sample = heap_take_sample();
  // Without room, the allocation is only counted: as if it were freed at once.
  struct trace_heap_sample brief;
  struct trace_heap_sample *filled = sample ? sample : &brief;
  filled->address = (uintptr_t)address;
  filled->size = size;
  filled->weight = weight_of(size);
  filled->depth = trace_preload_capture(filled->frames, TRACE_HEAP_FRAMES, frame);
  if (trace_preload_drop_own(filled->frames, &filled->depth)) {
    if (sample) heap_give_back(sample);
    heap_end_busy(me);
    errno = error;
    return;
  }
  filled->type = heap_type_of(filled, frame);
  filled->site = heap_site_of(filled);
  heap_count_allocated(filled);
  if (sample) {
    uint64_t id = atomic_fetch_add(&last_id, 1) + 1;
    // Nobody else frees it before this returns.
    if (heap_enter(sample, id)) {
      const struct trace_heap_listener *who = atomic_load(&listener);
      if (who) who->allocated(sample);
    } else {
      sample = NULL;
    }
  } else {
    heap_count_freed(&brief);
  }
  if (!sample) {
    atomic_fetch_add(&dropped_count, 1);
    const struct trace_heap_listener *who = atomic_load(&listener);
    if (who) who->missed();
  }
  heap_end_busy(me);
  errno = error;
}

bool heap_takes(struct heap_thread *me, size_t size) {
  if (UNLIKELY(me->is_learning)) {
    me->left = 0;
    return true;
  }
  if (!me->is_seeded) {
    seed_thread(me);
    me->left = draw(me);
    if (size < me->left) {
      me->left -= size + 1;
      return false;
    }
  }
  me->left = draw(me);
  return !me->is_busy && !me->is_left_out;
}

void heap_report_free(struct heap_thread *me, uint64_t id, uintptr_t address) {
  const struct trace_heap_listener *who = atomic_load(&listener);
  if (!who) return;
  int error = errno;
  if (me->is_busy) {
    if (me->deferred_count < TRACE_HEAP_DEFERRED) {
      me->deferred[me->deferred_count].id = id;
      me->deferred[me->deferred_count].address = address;
      me->deferred_count += 1;
    } else {
      me->unreported += 1;
    }
  } else {
    me->is_busy = true;
    atomic_signal_fence(memory_order_seq_cst);
    who->freed(id, address);
    heap_end_busy(me);
  }
  errno = error;
}

void heap_move(
    struct heap_thread *me, struct trace_heap_sample *sample, uint64_t id, void *address,
    size_t size) {
  heap_report_free(me, id, sample->address);
  heap_count_freed(sample);
  sample->address = (uintptr_t)address;
  sample->size = size;
  heap_count_allocated(sample);
  // The weight stays: the choice was made by the first size.
  if (!heap_enter(sample, atomic_fetch_add(&last_id, 1) + 1)) {
    atomic_fetch_add(&dropped_count, 1);
    return;
  }
  const struct trace_heap_listener *who = atomic_load(&listener);
  if (!who || me->is_busy) return;
  int error = errno;
  me->is_busy = true;
  atomic_signal_fence(memory_order_seq_cst);
  who->allocated(sample);
  heap_end_busy(me);
  errno = error;
}

// MARK: Control

EXPORTED void trace_heap_listen(const struct trace_heap_listener *who) {
  atomic_store(&listener, who);
}

void trace_heap_on_fork(void (*resume)(void)) { resume_in_child = resume; }

EXPORTED void trace_heap_exclude_thread(void) { heap_this_thread.is_busy = true; }

EXPORTED void trace_heap_leave_out_thread(void) { heap_this_thread.is_left_out = true; }

EXPORTED void trace_heap_count(struct trace_heap_counts *counts) {
  counts->interval = atomic_load(&interval);
  counts->samples = atomic_load(&sample_count);
  counts->dropped = atomic_load(&dropped_count);
  counts->unreported = atomic_load(&unreported_count);
}

EXPORTED void trace_heap_restart(uint64_t new_seed, uint64_t mean) {
  atomic_store(&seed, new_seed);
  atomic_store(&threads_seeded, 0);
  atomic_store(&interval, mean);
  heap_choose_alignment(mean);
  heap_this_thread.left = 0;
  heap_this_thread.is_seeded = false;
}

static void forked(void) {
  atomic_store(&listener, NULL);
  atomic_store(&needs_resume, resume_in_child != NULL);
  // The other threads' deferred ends are the parent's.
  heap_this_thread.is_busy = false;
  heap_this_thread.deferred_count = heap_this_thread.unreported = 0;
  seed_thread(&heap_this_thread);
}

static __attribute__((constructor)) void start(void) {
  struct heap_thread *me = &heap_this_thread;
  me->is_busy = true;
  uint64_t mean = trace_preload_number("TRACE_HEAP_INTERVAL");
  if (mean > 0) trace_heap_restart(trace_preload_number("TRACE_HEAP_SEED"), mean);
  const char *walk = getenv("TRACE_HEAP_STACKS");
  if (walk && strcmp(walk, "dwarf") == 0) trace_preload_unwind();
  pthread_atfork(NULL, NULL, forked);
  heap_find_allocator();
  trace_heap_find_swift();
  heap_begin_announcing();
  heap_end_busy(me);
}
