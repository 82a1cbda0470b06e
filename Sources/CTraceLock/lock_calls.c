// Sleeps, and waits for input and output. A thread may be canceled while it waits here; its wait is
// not recorded then, and nothing is left behind.
#define _GNU_SOURCE
#include <errno.h>

#include "lock.h"

// The C library has them as functions, whatever its headers make of their names.
#define MEASURED(kind, result, name, parameters, arguments)                          \
  EXPORTED result name parameters {                                                  \
    if (UNLIKELY(lock_this_thread.is_busy)) return lock_next.name arguments;         \
    uint64_t start = lock_now();                                                     \
    result code = lock_next.name arguments;                                          \
    lock_called(TRACE_LOCK_KIND_##kind, start, __builtin_frame_address(0));          \
    return code;                                                                     \
  }

// A call for input or output that takes less than the threshold mostly does not wait, but works.
static __attribute__((noinline)) void lock_called(
    enum trace_lock_kind kind, uint64_t start, const void *frame) {
  uint64_t end = lock_now();
  if (end <= start || (kind == TRACE_LOCK_KIND_IO && end - start < lock_threshold())) return;
  lock_record(TRACE_LOCK_BLOCK, kind, NULL, end - start, 0, frame);
}

LOCK_CALLS(MEASURED)

#if __SIZEOF_POINTER__ == 8
EXPORTED ssize_t pread64(int, void *, size_t, off_t) __attribute__((alias("pread")));
EXPORTED ssize_t pwrite64(int, const void *, size_t, off_t) __attribute__((alias("pwrite")));
#endif
