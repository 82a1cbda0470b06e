// Thread-local words. The initial-exec model accesses them without a call, even in a library loaded
// by dlopen.
#ifndef TRACE_THREAD_H
#define TRACE_THREAD_H

#include <stdint.h>

#include "trace_atomics.h"

#pragma clang assume_nonnull begin

#define TRACE_TLS __thread __attribute__((tls_model("initial-exec")))

/// The state of a thread. All zero in a new thread.
struct trace_thread {
  /// Kernel thread id; 0 until first needed, and in the child after a fork.
  uint32_t tid;
  /// Number of slow-path writes in progress on the thread: greater than 0 inside a signal handler
  /// that interrupted one.
  uint32_t slow_depth;
  /// The range of stack addresses known to be mapped.
  uintptr_t stack_low, stack_high;
};

extern TRACE_TLS struct trace_thread trace_this_thread;

uint32_t trace_thread_id_slow(void);

/// Kernel thread id of the caller, or 0 if it was not determined yet.
TRACE_INLINE uint32_t trace_thread_id_cached(void) { return trace_this_thread.tid; }

TRACE_INLINE uint32_t trace_thread_id(void) {
  uint32_t tid = trace_this_thread.tid;
  return tid != 0 ? tid : trace_thread_id_slow();
}

/// Returns the depth before entering.
TRACE_INLINE uint32_t trace_enter_slow_path(void) {
  uint32_t depth = trace_this_thread.slow_depth;
  trace_this_thread.slow_depth = depth + 1;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  return depth;
}
TRACE_INLINE void trace_leave_slow_path(void) {
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  trace_this_thread.slow_depth -= 1;
}

/// Sets the calling thread's name, as shown by ps and debuggers; at most 15 bytes.
void trace_name_thread(const char *name);

/// Gives the calling thread a long slice of CPU time, so that a thread which wakes on its CPU runs
/// first. Its share of the time is the same. Threads and processes that it starts have the usual
/// slice. Kernels before 6.12 change nothing.
void trace_lengthen_slice(void);

/// Whether this process has never had a second thread. False says nothing.
_Bool trace_is_single_threaded(void);

/// Called in the child after a fork, because the thread has another id.
void trace_thread_forget(void);

#pragma clang assume_nonnull end

#endif
