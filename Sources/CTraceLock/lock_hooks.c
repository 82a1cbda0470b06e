// Read-write locks.
#define _GNU_SOURCE
#include <string.h>

#include "lock_wait.h"

#define RWLOCK(declaration, name, try, lock_kind, parameters, ...)                        \
  static SLOW int name##_slow parameters {                                                \
    LOCK_WAIT(lock_begin(lock), lock_kind, lock, lock_next.name(__VA_ARGS__));            \
  }                                                                                       \
  declaration parameters {                                                                \
    int code = lock_next.try(lock);                                                       \
    if (LIKELY(code != EBUSY)) return code;                                               \
    JUMP name##_slow(__VA_ARGS__);                                                        \
  }

RWLOCK(
    static __attribute__((noinline)) int read_other, rdlock, tryrdlock, TRACE_LOCK_KIND_READ,
    (pthread_rwlock_t * lock), lock)
RWLOCK(
    EXPORTED int pthread_rwlock_timedrdlock, timedrdlock, tryrdlock, TRACE_LOCK_KIND_READ,
    (pthread_rwlock_t * lock, const struct timespec *time), lock, time)
RWLOCK(
    EXPORTED int pthread_rwlock_clockrdlock, clockrdlock, tryrdlock, TRACE_LOCK_KIND_READ,
    (pthread_rwlock_t * lock, clockid_t clock, const struct timespec *time), lock, clock, time)
RWLOCK(
    EXPORTED int pthread_rwlock_wrlock, wrlock, trywrlock, TRACE_LOCK_KIND_WRITE,
    (pthread_rwlock_t * lock), lock)
RWLOCK(
    EXPORTED int pthread_rwlock_timedwrlock, timedwrlock, trywrlock, TRACE_LOCK_KIND_WRITE,
    (pthread_rwlock_t * lock, const struct timespec *time), lock, time)
RWLOCK(
    EXPORTED int pthread_rwlock_clockwrlock, clockwrlock, trywrlock, TRACE_LOCK_KIND_WRITE,
    (pthread_rwlock_t * lock, clockid_t clock, const struct timespec *time), lock, clock, time)

_Atomic bool lock_knows_rwlocks;

#if defined(__GLIBC__)

// Adds a reader to a lock that no writer holds or waits for, as the C library does it. Its function
// that tries to lock takes 2 to 4 ns longer than the one that locks, with the call.
static inline bool enter_to_read(pthread_rwlock_t *lock) {
  // The low bits: writers have the turn, a writer is there, readers wait.
  enum { reader = 8, all_but_readers = reader - 1, readers_max = 1 << 30 };
  unsigned *readers = &lock->__data.__readers;
  unsigned now = __atomic_load_n(readers, __ATOMIC_RELAXED);
  if (UNLIKELY((now & all_but_readers) != 0 || now >= readers_max)) return false;
  return __atomic_compare_exchange_n(
      readers, &now, now + reader, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

EXPORTED int pthread_rwlock_rdlock(pthread_rwlock_t *lock) {
  bool is_known = atomic_load_explicit(&lock_knows_rwlocks, memory_order_relaxed);
  if (LIKELY(is_known) && LIKELY(enter_to_read(lock))) return 0;
  JUMP read_other(lock);
}

// Whether this library's way to lock leaves the same words as the C library's, for one reader and
// for two, and keeps out while a writer is there.
void lock_learn_rwlocks(void) {
  pthread_rwlock_t theirs, ours;
  memset(&theirs, 0, sizeof theirs);
  memset(&ours, 0, sizeof ours);
  bool is_same = true;
  for (int readers = 0; readers < 2; readers++) {
    if (lock_next.rdlock(&theirs) != 0 || !enter_to_read(&ours)) return;
    is_same = is_same && memcmp(&theirs, &ours, sizeof ours) == 0;
  }
  for (int readers = 0; readers < 2; readers++) {
    if (lock_next.rwlock_unlock(&theirs) != 0 || lock_next.rwlock_unlock(&ours) != 0) return;
    is_same = is_same && memcmp(&theirs, &ours, sizeof ours) == 0;
  }
  if (lock_next.wrlock(&ours) != 0 || enter_to_read(&ours)) return;
  lock_next.rwlock_unlock(&ours);
  atomic_store(&lock_knows_rwlocks, is_same);
}

#else

EXPORTED int pthread_rwlock_rdlock(pthread_rwlock_t *lock) { JUMP read_other(lock); }
void lock_learn_rwlocks(void) {}

#endif

static SLOW int rwlock_unlock_slow(pthread_rwlock_t *lock) {
  enum trace_lock_kind kind = TRACE_LOCK_KIND_READ;
#if defined(__GLIBC__)
  if (lock->__data.__cur_writer != 0) kind = TRACE_LOCK_KIND_WRITE;
#endif
  LOCK_LET_GO(kind, lock, lock_next.rwlock_unlock(lock));
}

EXPORTED int pthread_rwlock_unlock(pthread_rwlock_t *lock) {
  if (LIKELY(!lock_may_be_waited_for(lock))) JUMP lock_next.rwlock_unlock(lock);
  JUMP rwlock_unlock_slow(lock);
}
