// Semaphores. A thread may be canceled while it waits here; its wait is not recorded then, and
// nothing is left behind.
#define _GNU_SOURCE
#include <string.h>

#include "lock_wait.h"

_Atomic bool lock_knows_semaphores;

#define SEMAPHORE(declaration, name, parameters, ...)                                          \
  static SLOW int name##_slow parameters {                                                     \
    lock_before_wait();                                                                        \
    struct lock_wait wait = lock_begin_without_holder();                                       \
    int code = lock_next.name(__VA_ARGS__);                                                    \
    bool has_waited = code == 0 || errno == ETIMEDOUT;                                         \
    lock_end(                                                                                  \
        &wait, TRACE_LOCK_KIND_SEMAPHORE, semaphore, has_waited, __builtin_frame_address(0));  \
    return code;                                                                               \
  }                                                                                            \
  declaration parameters {                                                                     \
    int error = errno;                                                                         \
    pthread_testcancel();                                                                      \
    if (LIKELY(lock_next.sem_trywait(semaphore) == 0)) return 0;                               \
    errno = error;                                                                             \
    JUMP name##_slow(__VA_ARGS__);                                                             \
  }

SEMAPHORE(
    static __attribute__((noinline)) int wait_other, sem_wait, (sem_t * semaphore), semaphore)
SEMAPHORE(
    EXPORTED int sem_timedwait, sem_timedwait, (sem_t * semaphore, const struct timespec *time),
    semaphore, time)
SEMAPHORE(
    EXPORTED int sem_clockwait, sem_clockwait,
    (sem_t * semaphore, clockid_t clock, const struct timespec *time), semaphore, clock, time)

#if defined(__GLIBC__) && __SIZEOF_POINTER__ == 8

// Takes one from the semaphore's value, as the C library does it: the value is in the low half of
// the first word, the number of waiters in the high half.
static inline bool take(sem_t *semaphore) {
  uint64_t *word = (uint64_t *)semaphore;
  uint64_t now = __atomic_load_n(word, __ATOMIC_RELAXED);
  if (UNLIKELY((uint32_t)now == 0)) return false;
  return __atomic_compare_exchange_n(
      word, &now, now - 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

// To ask whether the thread is canceled, and to try, takes 5 ns longer than the C library does.
EXPORTED int sem_wait(sem_t *semaphore) {
  bool is_known = atomic_load_explicit(&lock_knows_semaphores, memory_order_relaxed);
  if (LIKELY(is_known) && LIKELY(take(semaphore))) return 0;
  JUMP wait_other(semaphore);
}

// Once a thread was canceled, each wait asks whether it is its own. The order is that of the
// cancellation: a wait that does not see this store yet began before.
EXPORTED int pthread_cancel(pthread_t thread) {
  atomic_store(&lock_knows_semaphores, false);
  JUMP lock_next.cancel(thread);
}

// Whether this library's way to take one leaves the same words as the C library's.
void lock_learn_semaphores(void) {
  enum { value = 2 };
  sem_t theirs, ours;
  memset(&theirs, 0, sizeof theirs);
  memset(&ours, 0, sizeof ours);
  if (sem_init(&theirs, 0, value) != 0 || sem_init(&ours, 0, value) != 0) return;
  bool is_same = true;
  for (int round = 0; round < value; round++) {
    if (lock_next.sem_wait(&theirs) != 0 || !take(&ours)) return;
    is_same = is_same && memcmp(&theirs, &ours, sizeof ours) == 0;
  }
  if (take(&ours) || sem_post(&ours) != 0 || lock_next.sem_trywait(&ours) != 0) return;
  atomic_store(&lock_knows_semaphores, is_same);
}

#else

EXPORTED int sem_wait(sem_t *semaphore) { JUMP wait_other(semaphore); }
EXPORTED int pthread_cancel(pthread_t thread) { JUMP lock_next.cancel(thread); }
void lock_learn_semaphores(void) {}

#endif
