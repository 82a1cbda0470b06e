// libtracelock.so: measures the waits for locks of the program into which it is loaded.
//
//     lock ───▶ try the lock ─ got it ─▶ return                                   (fast path)
//                   │ no: a wait
//                   ▼
//               filter + 1 ─▶ the next lock ─▶ filter − 1 ─▶ stack ─▶ table of stacks ─▶ LockWait
//     unlock ─▶ filter: may anyone wait for the lock? ─ no ─▶ the next unlock     (fast path)
//                   │ maybe
//                   ▼
//               how long did they wait? ─▶ the next unlock ─▶ stack ─▶ table ─▶ LockRelease
//
// "The next" functions are those that the program would call without this library.
#ifndef TRACE_LOCK_H
#define TRACE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "trace_lock_store.h"

#pragma clang assume_nonnull begin

/// A wait that has ended, or a lock that was let go of although others waited for it.
struct trace_lock_event {
  uint64_t address;
  uint64_t duration_ns;
  /// Number of waits of this duration for which it stands: 1 / the probability that it is recorded.
  double weight;
  /// A trace_lock_kind.
  uint32_t kind;
  /// Of a wait, the thread that let go of the lock last; 0 if it is not known. Of a release, the
  /// number of threads that waited.
  uint32_t other;
  uint32_t depth;
  /// Return addresses, innermost first.
  uint64_t frames[TRACE_LOCK_FRAMES];
};

/// Called on the thread that waited or let go. The thread may hold any lock of the program, such as
/// an allocator's: a listener must neither allocate nor take a lock.
struct trace_lock_listener {
  void (*waited)(const struct trace_lock_event *event);
  void (*released)(const struct trace_lock_event *event);
};

/// Sets who is told from now on; null for nobody. The listener must live forever.
void trace_lock_listen(const struct trace_lock_listener *_Nullable listener);

/// Sets what a forked child calls before it first waits for a notification or creates a thread.
void trace_lock_on_fork(void (*resume)(void));

/// No wait of the calling thread is measured from now on.
void trace_lock_exclude_thread(void);

void trace_lock_walk(
    enum trace_lock_profile profile,
    void (*body)(const struct trace_lock_stack *stack, void *_Nullable context),
    void *_Nullable context);

void trace_lock_count(struct trace_lock_counts *counts);

#pragma clang assume_nonnull end

#endif
