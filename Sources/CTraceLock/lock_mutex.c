// Mutexes.
#define _GNU_SOURCE
#include <string.h>

#include "lock_wait.h"
#include "trace_thread.h"

_Atomic bool lock_knows_mutexes;

static SLOW int mutex_slow(pthread_mutex_t *mutex) {
  LOCK_WAIT(lock_begin(mutex), TRACE_LOCK_KIND_MUTEX, mutex, lock_next.mutex_lock(mutex));
}

static __attribute__((noinline)) int mutex_try(pthread_mutex_t *mutex) {
  int code = lock_next.mutex_trylock(mutex);
  if (LIKELY(code != EBUSY)) return code;
  JUMP mutex_slow(mutex);
}

#if defined(__GLIBC__)

// The C library's function that tries to lock takes 3 ns longer than the one that locks. A usual
// mutex is therefore locked here, as the C library does it: its header states the words.
static inline bool enter(pthread_mutex_t *mutex, int32_t owner) {
  int free = 0;
  if (!LIKELY(__atomic_compare_exchange_n(
          &mutex->__data.__lock, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))) {
    return false;
  }
  mutex->__data.__owner = owner;
  mutex->__data.__nusers += 1;
  return true;
}

// A recursive mutex, any other, and any in a process with one thread. The C library locks without
// atomic instructions there. That thread waits only for what it shares with other processes.
static __attribute__((noinline)) int mutex_other(pthread_mutex_t *mutex) {
  enum { shared = 128, explicitly_normal = 512 };
  int kind = mutex->__data.__kind;
  if (!atomic_load_explicit(&lock_is_threaded, memory_order_relaxed) && !(kind & shared)) {
    JUMP lock_next.mutex_lock(mutex);
  }
  struct lock_thread *me = &lock_this_thread;
  if (UNLIKELY(me->owner == 0)) {
    if (atomic_load(&lock_knows_mutexes)) me->owner = (int32_t)trace_thread_id();
    JUMP mutex_try(mutex);
  }
  if (kind == explicitly_normal && enter(mutex, me->owner)) return 0;
  if (kind != PTHREAD_MUTEX_RECURSIVE_NP) JUMP mutex_try(mutex);
  if (mutex->__data.__owner == me->owner) JUMP lock_next.mutex_lock(mutex);
  if (!enter(mutex, me->owner)) JUMP mutex_try(mutex);
  mutex->__data.__count = 1;
  return 0;
}

EXPORTED int pthread_mutex_lock(pthread_mutex_t *mutex) {
  int32_t owner = lock_this_thread.owner;
  if (UNLIKELY(owner == 0 || mutex->__data.__kind != PTHREAD_MUTEX_TIMED_NP)) {
    JUMP mutex_other(mutex);
  }
  if (LIKELY(enter(mutex, owner))) return 0;
  JUMP mutex_slow(mutex);
}

// Whether this library's way to lock leaves the same words as the C library's.
static bool is_known(int kind) {
  pthread_mutex_t theirs, ours;
  memset(&theirs, 0, sizeof theirs);
  memset(&ours, 0, sizeof ours);
  theirs.__data.__kind = ours.__data.__kind = kind;
  if (lock_next.mutex_lock(&theirs) != 0 || !enter(&ours, (int32_t)trace_thread_id())) {
    return false;
  }
  if (kind == PTHREAD_MUTEX_RECURSIVE_NP) ours.__data.__count = 1;
  bool is_same = memcmp(&theirs, &ours, sizeof ours) == 0;
  lock_next.mutex_unlock(&theirs);
  return lock_next.mutex_unlock(&ours) == 0 && is_same &&
         memcmp(&theirs, &ours, sizeof ours) == 0;
}

void lock_learn_mutexes(void) {
  bool is_sure = is_known(PTHREAD_MUTEX_TIMED_NP) && is_known(PTHREAD_MUTEX_RECURSIVE_NP);
  atomic_store(&lock_knows_mutexes, is_sure);
}

// Whether an unlock ends the outermost lock.
static inline bool is_outermost(const pthread_mutex_t *mutex) {
  bool is_recursive = (mutex->__data.__kind & 3) == PTHREAD_MUTEX_RECURSIVE_NP;
  return !is_recursive || mutex->__data.__count <= 1;
}

#else

EXPORTED int pthread_mutex_lock(pthread_mutex_t *mutex) { JUMP mutex_try(mutex); }
void lock_learn_mutexes(void) {}
static inline bool is_outermost(const pthread_mutex_t *mutex) { return true; }

#endif

static SLOW int timedlock_slow(pthread_mutex_t *mutex, const struct timespec *time) {
  LOCK_WAIT(
      lock_begin(mutex), TRACE_LOCK_KIND_MUTEX, mutex, lock_next.mutex_timedlock(mutex, time));
}

EXPORTED int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *time) {
  int code = lock_next.mutex_trylock(mutex);
  if (LIKELY(code != EBUSY)) return code;
  JUMP timedlock_slow(mutex, time);
}

static SLOW int clocklock_slow(
    pthread_mutex_t *mutex, clockid_t clock, const struct timespec *time) {
  LOCK_WAIT(
      lock_begin(mutex), TRACE_LOCK_KIND_MUTEX, mutex,
      lock_next.mutex_clocklock(mutex, clock, time));
}

// The C library refuses a clock that it does not know before it looks at the lock.
EXPORTED int pthread_mutex_clocklock(
    pthread_mutex_t *mutex, clockid_t clock, const struct timespec *time) {
  JUMP clocklock_slow(mutex, clock, time);
}

static SLOW int unlock_slow(pthread_mutex_t *mutex) {
  if (!is_outermost(mutex)) return lock_next.mutex_unlock(mutex);
  LOCK_LET_GO(TRACE_LOCK_KIND_MUTEX, mutex, lock_next.mutex_unlock(mutex));
}

EXPORTED int pthread_mutex_unlock(pthread_mutex_t *mutex) {
  if (LIKELY(!lock_may_be_waited_for(mutex))) JUMP lock_next.mutex_unlock(mutex);
  JUMP unlock_slow(mutex);
}
