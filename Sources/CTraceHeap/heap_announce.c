// When the provider is announced to sessions.
//
// The provider's thread ends a program's life with one thread: from then on the C library's
// allocator takes its locks with atomic instructions, which slows a program that allocates much by
// a tenth. Such a program is announced when it creates a thread of its own, or when a sample finds
// that there is a session.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "heap.h"

enum { look_interval_ns = 100000000 };

_Atomic bool heap_is_unannounced;
static _Atomic uint64_t last_look_ns;

#if defined(__GLIBC__)
extern char __libc_single_threaded __attribute__((weak));

static bool has_one_thread(void) { return &__libc_single_threaded && __libc_single_threaded; }
#else
static bool has_one_thread(void) { return false; }
#endif

void heap_begin_announcing(void) {
  if (has_one_thread() && !trace_heap_is_wanted()) {
    atomic_store(&heap_is_unannounced, true);
  } else {
    trace_heap_start();
  }
}

static void announce(void) {
  if (atomic_exchange(&heap_is_unannounced, false)) trace_heap_start();
}

SLOW void heap_look_for_sessions(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  uint64_t now = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
  if (now - atomic_load(&last_look_ns) < look_interval_ns) return;
  atomic_store(&last_look_ns, now);
  if (trace_heap_is_wanted()) announce();
}

static SLOW void announce_before_thread(void) {
  struct heap_thread *me = &heap_this_thread;
  if (me->is_busy) return;
  int error = errno;
  me->is_busy = true;
  announce();
  heap_end_busy(me);
  errno = error;
}

EXPORTED int pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
  if (UNLIKELY(atomic_load_explicit(&heap_is_unannounced, memory_order_relaxed))) {
    announce_before_thread();
  }
  JUMP heap_next.create(thread, attributes, body, argument);
}
