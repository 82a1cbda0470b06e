// Which waits are recorded, and how the library is controlled.
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lock.h"
#include "trace_preload.h"
#include "trace_thread.h"

_Thread_local LOCK_INITIAL_EXEC HIDDEN struct lock_thread lock_this_thread;

enum { threshold_usual_ns = 100000 };
static _Atomic uint64_t threshold = threshold_usual_ns;
static _Atomic uint64_t threads_seeded;
static _Atomic(const struct trace_lock_listener *) listener;
// The provider's thread would make a process with one thread lock with atomic instructions, which
// takes three times as long. It is started before the process has a second thread of its own.
static void (*resume)(void) = trace_lock_start;
_Atomic bool lock_needs_resume;

uint64_t lock_threshold(void) { return atomic_load_explicit(&threshold, memory_order_relaxed); }

// Returns for how many waits of this duration a recorded one stands; 0: it is not recorded. Each
// nanosecond of short waits has the same chance.
static double weight_of(struct lock_thread *me, uint64_t duration) {
  uint64_t limit = lock_threshold();
  if (duration >= limit) return 1;
  if (duration == 0) return 0;
  if (me->random == 0) {
    me->random = trace_preload_seed() + atomic_fetch_add(&threads_seeded, 1) * 0xd1342543de82ef95;
  }
  if (trace_preload_random(&me->random) % limit >= duration) return 0;
  return (double)limit / (double)duration;
}

static SLOW void record(
    struct lock_thread *me, enum trace_lock_profile profile, struct trace_lock_event *event,
    const void *frame) {
  int error = errno;
  me->is_busy = true;
  atomic_signal_fence(memory_order_seq_cst);
  event->depth = trace_preload_capture(event->frames, TRACE_LOCK_FRAMES, frame);
  if (!trace_preload_drop_own(event->frames, &event->depth)) {
    lock_store_add(profile, event);
    // Sessions have sleeps and waits for devices from the kernel.
    bool is_lock = event->kind <= TRACE_LOCK_KIND_FUTEX;
    const struct trace_lock_listener *who = is_lock ? atomic_load(&listener) : NULL;
    if (who && profile == TRACE_LOCK_BLOCK) who->waited(event);
    if (who && profile == TRACE_LOCK_MUTEX) who->released(event);
  }
  atomic_signal_fence(memory_order_seq_cst);
  me->is_busy = false;
  errno = error;
}

void lock_record(
    enum trace_lock_profile profile, enum trace_lock_kind kind, const void *lock,
    uint64_t duration, uint32_t other, const void *frame) {
  struct lock_thread *me = &lock_this_thread;
  double weight = weight_of(me, duration);
  if (weight == 0) return;
  struct trace_lock_event event;
  event.address = (uintptr_t)lock;
  event.duration_ns = duration;
  event.weight = weight;
  event.kind = kind;
  event.other = other;
  record(me, profile, &event, frame);
}

// MARK: Control

void trace_lock_listen(const struct trace_lock_listener *who) { atomic_store(&listener, who); }

void trace_lock_on_fork(void (*again)(void)) { resume = again; }

EXPORTED void trace_lock_exclude_thread(void) { lock_this_thread.is_busy = true; }

EXPORTED void trace_lock_count(struct trace_lock_counts *counts) {
  memset(counts, 0, sizeof *counts);
  counts->threshold_ns = atomic_load(&threshold);
  lock_store_count(counts);
}

static void forked(void) {
  atomic_store(&listener, NULL);
  atomic_store(&lock_needs_resume, true);
  lock_this_thread.is_busy = false;
  lock_this_thread.random = 0;
  lock_this_thread.owner = 0;
  trace_thread_forget();
  lock_forget_waiters();
  lock_store_forget();
}

// A session is joined where the thread holds no lock of an allocator: joining allocates.
SLOW void lock_resume(void) {
  if (!atomic_exchange(&lock_needs_resume, false)) return;
  int error = errno;
  lock_this_thread.is_busy = true;
  resume();
  lock_this_thread.is_busy = false;
  errno = error;
}

static __attribute__((constructor)) void start(void) {
  lock_this_thread.is_busy = true;
  if (getenv("TRACE_LOCK_THRESHOLD")) {
    atomic_store(&threshold, trace_preload_number("TRACE_LOCK_THRESHOLD"));
  }
  const char *walk = getenv("TRACE_LOCK_STACKS");
  if (walk && strcmp(walk, "dwarf") == 0) trace_preload_unwind();
  pthread_atfork(NULL, NULL, forked);
  const char *own = getenv("TRACE_LOCK_OWN");
  if (!own || strcmp(own, "0") != 0) {
    lock_learn_mutexes();
    lock_learn_rwlocks();
    lock_learn_semaphores();
  }
  atomic_store(&lock_needs_resume, true);
  lock_this_thread.is_busy = false;
}
