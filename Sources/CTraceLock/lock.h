// What the files of this target share.
#ifndef LOCK_H
#define LOCK_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "lock_calls.h"
#include "trace_lock.h"

#define LOCK_INITIAL_EXEC __attribute__((tls_model("initial-exec")))
#define HIDDEN __attribute__((visibility("hidden")))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define EXPORTED __attribute__((visibility("default")))
#define SLOW __attribute__((noinline, cold))
// A call that leaves no frame, so that the functions which it replaces cost one jump.
#define JUMP __attribute__((musttail)) return

// The functions that are replaced: name, symbol, parameters, arguments, and what is returned if the
// C library has no such function.
#define LOCK_FUNCTIONS(F)                                                                         \
  F(mutex_lock, pthread_mutex_lock, (pthread_mutex_t * a), (a), ENOSYS)                           \
  F(mutex_trylock, pthread_mutex_trylock, (pthread_mutex_t * a), (a), ENOSYS)                     \
  F(mutex_unlock, pthread_mutex_unlock, (pthread_mutex_t * a), (a), ENOSYS)                       \
  F(mutex_timedlock, pthread_mutex_timedlock,                                                     \
    (pthread_mutex_t * a, const struct timespec *b), (a, b), ENOSYS)                              \
  F(mutex_clocklock, pthread_mutex_clocklock,                                                     \
    (pthread_mutex_t * a, clockid_t b, const struct timespec *c), (a, b, c), ENOSYS)              \
  F(rdlock, pthread_rwlock_rdlock, (pthread_rwlock_t * a), (a), ENOSYS)                           \
  F(tryrdlock, pthread_rwlock_tryrdlock, (pthread_rwlock_t * a), (a), ENOSYS)                     \
  F(timedrdlock, pthread_rwlock_timedrdlock,                                                      \
    (pthread_rwlock_t * a, const struct timespec *b), (a, b), ENOSYS)                             \
  F(clockrdlock, pthread_rwlock_clockrdlock,                                                      \
    (pthread_rwlock_t * a, clockid_t b, const struct timespec *c), (a, b, c), ENOSYS)             \
  F(wrlock, pthread_rwlock_wrlock, (pthread_rwlock_t * a), (a), ENOSYS)                           \
  F(trywrlock, pthread_rwlock_trywrlock, (pthread_rwlock_t * a), (a), ENOSYS)                     \
  F(timedwrlock, pthread_rwlock_timedwrlock,                                                      \
    (pthread_rwlock_t * a, const struct timespec *b), (a, b), ENOSYS)                             \
  F(clockwrlock, pthread_rwlock_clockwrlock,                                                      \
    (pthread_rwlock_t * a, clockid_t b, const struct timespec *c), (a, b, c), ENOSYS)             \
  F(rwlock_unlock, pthread_rwlock_unlock, (pthread_rwlock_t * a), (a), ENOSYS)                    \
  F(cond_wait, pthread_cond_wait, (pthread_cond_t * a, pthread_mutex_t * b), (a, b), ENOSYS)      \
  F(cond_timedwait, pthread_cond_timedwait,                                                       \
    (pthread_cond_t * a, pthread_mutex_t * b, const struct timespec *c), (a, b, c), ENOSYS)       \
  F(cond_clockwait, pthread_cond_clockwait,                                                       \
    (pthread_cond_t * a, pthread_mutex_t * b, clockid_t c, const struct timespec *d),             \
    (a, b, c, d), ENOSYS)                                                                         \
  F(sem_wait, sem_wait, (sem_t * a), (a), -1)                                                     \
  F(sem_trywait, sem_trywait, (sem_t * a), (a), -1)                                               \
  F(sem_timedwait, sem_timedwait, (sem_t * a, const struct timespec *b), (a, b), -1)              \
  F(sem_clockwait, sem_clockwait, (sem_t * a, clockid_t b, const struct timespec *c), (a, b, c),  \
    -1)                                                                                           \
  F(cancel, pthread_cancel, (pthread_t a), (a), ENOSYS)                                           \
  F(create, pthread_create,                                                                       \
    (pthread_t * a, const pthread_attr_t *b, void *(*c)(void *), void *d), (a, b, c, d), ENOSYS)

#define LOCK_POINTER(name, symbol, parameters, arguments, missing) int(*name) parameters;
#define LOCK_CALL_POINTER(kind, result, name, parameters, arguments) result(*name) parameters;

// The next functions. Until they have been looked for, each is a function that does so.
struct lock_next {
  LOCK_FUNCTIONS(LOCK_POINTER)
  LOCK_CALLS(LOCK_CALL_POINTER)
  long (*syscall)(long, long, long, long, long, long, long);
};
extern HIDDEN struct lock_next lock_next;

// All zero in a new thread.
struct lock_thread {
  uint64_t random;
  // Its kernel thread id if the thread may enter itself into mutexes (lock_mutex.c); otherwise 0.
  int32_t owner;
  // The thread records a wait, or is excluded: its waits are not measured.
  bool is_busy;
  bool is_looking;
};
extern _Thread_local LOCK_INITIAL_EXEC HIDDEN struct lock_thread lock_this_thread;

// lock_waiters.c
enum { lock_filter_count = 1 << 12 };
// Number of threads that wait for a lock, in all and by a hash of its address.
extern HIDDEN _Atomic uint32_t lock_waiters;
extern HIDDEN _Atomic uint32_t lock_filter[lock_filter_count];

// Whether threads may wait for the lock. They do so rarely, and then for few locks at a time.
static inline bool lock_may_be_waited_for(const void *lock) {
  if (LIKELY(atomic_load_explicit(&lock_waiters, memory_order_relaxed) == 0)) return false;
  uintptr_t address = (uintptr_t)lock;
  size_t index = ((address >> 3) ^ (address >> 15)) & (lock_filter_count - 1);
  return atomic_load_explicit(&lock_filter[index], memory_order_relaxed) != 0;
}

struct lock_slot;

// The calling thread begins to wait for a lock at `start`. Returns null if it cannot be noted.
struct lock_slot *lock_join(const void *lock, uint64_t *start);
// It ends to wait. Returns the time, and the thread that let go of the lock last if it did so
// meanwhile.
uint64_t lock_leave(struct lock_slot *slot, const void *lock, uint64_t start, uint32_t *releaser);
// The calling thread is about to let go of a lock. Returns for how long others have waited in all
// since the last time.
uint64_t lock_charge(const void *lock, uint32_t *waiters);
void lock_forget_waiters(void);
uint64_t lock_now(void);

// Whether the C library's locks are as this library was compiled for, so that it may take them
// itself. They are compared once, when the library starts.
extern HIDDEN _Atomic bool lock_knows_mutexes, lock_knows_rwlocks, lock_knows_semaphores;
void lock_learn_mutexes(void);
void lock_learn_rwlocks(void);
void lock_learn_semaphores(void);

// lock_record.c
// Records a wait or a release, or leaves it out by chance. `frame` is the frame of a function that
// the exported one calls, or its own.
void lock_record(
    enum trace_lock_profile profile, enum trace_lock_kind kind, const void *lock,
    uint64_t duration, uint32_t other, const void *frame);
uint64_t lock_threshold(void);
extern HIDDEN _Atomic bool lock_needs_resume;
void lock_resume(void);

// lock_store.c
void lock_store_add(enum trace_lock_profile profile, const struct trace_lock_event *event);
void lock_store_forget(void);
void lock_store_count(struct trace_lock_counts *counts);

// Of the provider in Swift: registers it.
extern void trace_lock_start(void);

#endif
