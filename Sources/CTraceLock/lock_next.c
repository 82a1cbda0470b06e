// Finds the functions that the program would call without this library.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>

#include "lock.h"

static void find(void);

// dlsym may itself take a lock of an allocator, which is not found yet: the process has only one
// thread then, and need not lock.
#define FIRST(name, symbol, parameters, arguments, missing)                           \
  static int first_##name parameters {                                                \
    if (lock_this_thread.is_looking) return lock_next.name == first_##name            \
        ? 0 : lock_next.name arguments;                                               \
    find();                                                                           \
    return lock_next.name == first_##name ? missing : lock_next.name arguments;       \
  }
LOCK_FUNCTIONS(FIRST)

// dlsym neither sleeps nor waits.
#define FIRST_CALL(kind, result, name, parameters, arguments)                          \
  static result first_##name parameters {                                              \
    if (!lock_this_thread.is_looking) find();                                          \
    if (lock_next.name != first_##name) return lock_next.name arguments;               \
    errno = ENOSYS;                                                                    \
    return (result)-1;                                                                 \
  }
LOCK_CALLS(FIRST_CALL)

static long first_syscall(long number, long a, long b, long c, long d, long e, long f) {
  if (!lock_this_thread.is_looking) find();
  if (lock_next.syscall != first_syscall) return lock_next.syscall(number, a, b, c, d, e, f);
  errno = ENOSYS;
  return -1;
}

#define INITIAL(name, symbol, parameters, arguments, missing) first_##name,
#define INITIAL_CALL(kind, result, name, parameters, arguments) first_##name,
struct lock_next lock_next = {
    LOCK_FUNCTIONS(INITIAL) LOCK_CALLS(INITIAL_CALL) first_syscall,
};

// Several threads may do this at the same time: they find the same. Each function is stored as soon
// as it is found.
static void find(void) {
  int error = errno;
  lock_this_thread.is_looking = true;
  void *found;
#define FIND(name, symbol, parameters, arguments, missing) \
  if ((found = dlsym(RTLD_NEXT, #symbol))) *(void **)&lock_next.name = found;
  LOCK_FUNCTIONS(FIND)
#define FIND_CALL(kind, result, name, parameters, arguments) \
  if ((found = dlsym(RTLD_NEXT, #name))) *(void **)&lock_next.name = found;
  LOCK_CALLS(FIND_CALL)
  if ((found = dlsym(RTLD_NEXT, "syscall"))) *(void **)&lock_next.syscall = found;
  lock_this_thread.is_looking = false;
  errno = error;
}
