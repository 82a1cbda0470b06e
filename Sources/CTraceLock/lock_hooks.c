// Read-write locks.
#define _GNU_SOURCE
#include "lock_wait.h"

#define RWLOCK(name, try, lock_kind, parameters, ...)                                     \
  static SLOW int name##_slow parameters {                                                \
    LOCK_WAIT(lock_begin(lock), lock_kind, lock, lock_next.name(__VA_ARGS__));            \
  }                                                                                       \
  EXPORTED int pthread_rwlock_##name parameters {                                         \
    int code = lock_next.try(lock);                                                       \
    if (LIKELY(code != EBUSY)) return code;                                               \
    JUMP name##_slow(__VA_ARGS__);                                                        \
  }

RWLOCK(rdlock, tryrdlock, TRACE_LOCK_KIND_READ, (pthread_rwlock_t * lock), lock)
RWLOCK(
    timedrdlock, tryrdlock, TRACE_LOCK_KIND_READ,
    (pthread_rwlock_t * lock, const struct timespec *time), lock, time)
RWLOCK(
    clockrdlock, tryrdlock, TRACE_LOCK_KIND_READ,
    (pthread_rwlock_t * lock, clockid_t clock, const struct timespec *time), lock, clock, time)
RWLOCK(wrlock, trywrlock, TRACE_LOCK_KIND_WRITE, (pthread_rwlock_t * lock), lock)
RWLOCK(
    timedwrlock, trywrlock, TRACE_LOCK_KIND_WRITE,
    (pthread_rwlock_t * lock, const struct timespec *time), lock, time)
RWLOCK(
    clockwrlock, trywrlock, TRACE_LOCK_KIND_WRITE,
    (pthread_rwlock_t * lock, clockid_t clock, const struct timespec *time), lock, clock, time)

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
