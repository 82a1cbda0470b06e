// Condition variables, and futexes by syscall(2). A thread may be canceled while it
// waits here; its wait is not recorded then, and nothing is left behind.
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sys/syscall.h>

#include "lock_wait.h"

// MARK: Condition variables

#define CONDITION(name, parameters, ...) \
  static __attribute__((noinline)) int name##_slow parameters {                                \
    lock_before_wait(); \
    if (lock_may_be_waited_for(mutex)) {                                                       \
      lock_let_go(mutex, TRACE_LOCK_KIND_MUTEX, __builtin_frame_address(0));                   \
    }                                                                                          \
    LOCK_WAIT(                                                                                 \
        lock_begin_without_holder(), TRACE_LOCK_KIND_CONDITION, condition,                     \
        lock_next.name(__VA_ARGS__));                                                          \
  }                                                                                            \
  EXPORTED int pthread_##name parameters { JUMP name##_slow(__VA_ARGS__); }

CONDITION(cond_wait, (pthread_cond_t * condition, pthread_mutex_t *mutex), condition, mutex)
CONDITION(
    cond_timedwait,
    (pthread_cond_t * condition, pthread_mutex_t *mutex, const struct timespec *time), condition,
    mutex, time)
CONDITION(
    cond_clockwait,
    (pthread_cond_t * condition, pthread_mutex_t *mutex, clockid_t clock,
     const struct timespec *time),
    condition, mutex, clock, time)

// MARK: Futexes

// Swift's Mutex locks with FUTEX_LOCK_PI once it has spun for some microseconds, and unlocks with
// FUTEX_UNLOCK_PI if threads wait.
static SLOW long futex_lock(
    long number, long lock, long operation, long c, long d, long e, long f) {
  struct lock_wait wait = lock_begin((void *)lock);
  long code = lock_next.syscall(number, lock, operation, c, d, e, f);
  bool has_waited = code == 0 || errno == ETIMEDOUT;
  lock_end(
      &wait, TRACE_LOCK_KIND_MUTEX, (void *)lock, has_waited, __builtin_frame_address(0));
  return code;
}

static SLOW long futex_unlock(
    long number, long lock, long operation, long c, long d, long e, long f) {
  uint32_t waiters = 0;
  uint64_t charge = lock_this_thread.is_busy ? 0 : lock_charge((void *)lock, &waiters);
  long code = lock_next.syscall(number, lock, operation, c, d, e, f);
  if (charge > 0 && code == 0) {
    lock_record(
        TRACE_LOCK_MUTEX, TRACE_LOCK_KIND_MUTEX, (void *)lock, charge, waiters,
        __builtin_frame_address(0));
  }
  return code;
}

static SLOW long futex_wait(
    long number, long word, long operation, long c, long d, long e, long f) {
  struct lock_wait wait = lock_begin_without_holder();
  long code = lock_next.syscall(number, word, operation, c, d, e, f);
  bool has_waited = code == 0 || errno == ETIMEDOUT || errno == EINTR;
  lock_end(
      &wait, TRACE_LOCK_KIND_FUTEX, (void *)word, has_waited, __builtin_frame_address(0));
  return code;
}

// The C library's function takes any number of arguments, in the registers and the one place on the
// stack that these seven have.
EXPORTED long lock_syscall(long number, long a, long b, long c, long d, long e, long f)
    __asm__("syscall");

long lock_syscall(long number, long a, long b, long c, long d, long e, long f) {
  if (LIKELY(number != SYS_futex)) JUMP lock_next.syscall(number, a, b, c, d, e, f);
  switch (b & FUTEX_CMD_MASK) {
    case FUTEX_LOCK_PI:
    case 13:  // FUTEX_LOCK_PI2
      JUMP futex_lock(number, a, b, c, d, e, f);
    case FUTEX_UNLOCK_PI: JUMP futex_unlock(number, a, b, c, d, e, f);
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET: JUMP futex_wait(number, a, b, c, d, e, f);
    default: JUMP lock_next.syscall(number, a, b, c, d, e, f);
  }
}

// MARK: Threads

// A process has waits to tell of at the latest when it has a second thread.
EXPORTED int pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
  lock_before_wait();
  JUMP lock_next.create(thread, attributes, body, argument);
}
