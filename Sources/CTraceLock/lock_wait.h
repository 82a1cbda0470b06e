// How a wait is measured.
#ifndef LOCK_WAIT_H
#define LOCK_WAIT_H

#include <errno.h>

#include "lock.h"

struct lock_wait {
  // 0: the wait is not measured.
  uint64_t start;
  struct lock_slot *slot;
};

// Called before waits during which a thread mostly holds no lock of an allocator.
static inline void lock_before_wait(void) {
  if (UNLIKELY(atomic_load_explicit(&lock_needs_resume, memory_order_relaxed))) lock_resume();
}

// The calling thread is going to wait for a lock that has a holder.
static inline struct lock_wait lock_begin(const void *lock) {
  struct lock_wait wait = {0, NULL};
  if (!lock_this_thread.is_busy) wait.slot = lock_join(lock, &wait.start);
  return wait;
}

// The same for what has no holder.
static inline struct lock_wait lock_begin_without_holder(void) {
  struct lock_wait wait = {0, NULL};
  if (!lock_this_thread.is_busy) wait.start = lock_now();
  return wait;
}

static inline void lock_end(
    struct lock_wait *wait, enum trace_lock_kind kind, const void *lock, bool has_waited,
    const void *frame) {
  if (wait->start == 0) return;
  uint32_t releaser = 0;
  uint64_t end = wait->slot ? lock_leave(wait->slot, lock, wait->start, &releaser) : lock_now();
  if (has_waited && end > wait->start) {
    lock_record(TRACE_LOCK_BLOCK, kind, lock, end - wait->start, releaser, frame);
  }
}

// Whether a function that returned an error number has waited before.
static inline bool lock_has_waited(int code) {
  return code == 0 || code == ETIMEDOUT || code == EOWNERDEAD;
}

// The slow half of a function that waits and returns an error number.
#define LOCK_WAIT(begin, kind, lock, call)                                             \
  struct lock_wait wait = begin;                                                       \
  int code = (call);                                                                   \
  lock_end(&wait, kind, lock, lock_has_waited(code), __builtin_frame_address(0));      \
  return code

// Charges the calling thread with the time that others have waited for a lock which it is going to
// let go of, and records that at once. For functions that let go and wait.
static inline void lock_let_go(const void *lock, enum trace_lock_kind kind, const void *frame) {
  uint32_t waiters;
  uint64_t charge = lock_this_thread.is_busy ? 0 : lock_charge(lock, &waiters);
  if (charge > 0) lock_record(TRACE_LOCK_MUTEX, kind, lock, charge, waiters, frame);
}

// The slow half of a function that lets go of a lock. What takes time comes afterwards: the lock
// may not exist any more then.
#define LOCK_LET_GO(kind, lock, call)                                                       \
  uint32_t waiters = 0;                                                                     \
  uint64_t charge = lock_this_thread.is_busy ? 0 : lock_charge(lock, &waiters);             \
  int code = (call);                                                                        \
  if (charge > 0 && code == 0) {                                                            \
    lock_record(                                                                            \
        TRACE_LOCK_MUTEX, kind, lock, charge, waiters, __builtin_frame_address(0));         \
  }                                                                                         \
  return code

#endif
