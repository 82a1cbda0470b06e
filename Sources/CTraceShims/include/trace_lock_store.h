// The waits that libtracelock.so has counted in this process: what the profiles `block`
// and `mutex` show.
#ifndef TRACE_LOCK_STORE_H
#define TRACE_LOCK_STORE_H

#include <stdint.h>

#pragma clang assume_nonnull begin

enum {
  /// Maximum number of frames of a stack.
  TRACE_LOCK_FRAMES = 48,
  /// Maximum number of stacks of a profile. What comes after them is counted without a stack.
  TRACE_LOCK_STACKS = 4096,
};

/// Whose stacks are asked for.
enum trace_lock_profile {
  /// Of threads that waited; Go's `block`.
  TRACE_LOCK_BLOCK = 0,
  /// Of threads that let go of a mutex or read-write lock for which others had waited; Go's
  /// `mutex`.
  TRACE_LOCK_MUTEX = 1,
};

/// What was waited for.
enum trace_lock_kind {
  TRACE_LOCK_KIND_MUTEX = 0,
  TRACE_LOCK_KIND_READ = 1,
  TRACE_LOCK_KIND_WRITE = 2,
  TRACE_LOCK_KIND_CONDITION = 3,
  TRACE_LOCK_KIND_SEMAPHORE = 4,
  TRACE_LOCK_KIND_FUTEX = 5,
  TRACE_LOCK_KIND_SLEEP = 6,
  TRACE_LOCK_KIND_IO = 7,
};

/// The waits at a stack since the process began.
struct trace_lock_stack {
  /// Number of waits (block), or of releases after waits (mutex). An estimate, because short ones
  /// are sampled; unbiased.
  double count;
  /// Time waited in nanoseconds, or for which others waited. It does not decrease; the difference
  /// of two walks is a profile of the time between them.
  uint64_t total_ns;
  /// A trace_lock_kind.
  uint32_t kind;
  /// Number of frames; 0 for what is counted without a stack.
  uint32_t depth;
  /// Return addresses, innermost first: subtract 1 before looking one up. The first is that of the
  /// call to the lock's function.
  uint64_t frames[TRACE_LOCK_FRAMES];
};

/// How waits are counted.
struct trace_lock_counts {
  /// Waits that took less are sampled, each with the probability duration / threshold.
  uint64_t threshold_ns;
  /// Numbers of waits and releases that were recorded.
  uint64_t waits, releases;
  /// Number of those whose stack had no room in the table.
  uint64_t without_stack;
};

/// Calls `body` with a copy of each stack of a profile; a stack may come in several parts. Returns
/// false, without a call, if libtracelock.so is not loaded into the process.
///
/// Takes no lock. Waits that end meanwhile may be missed; none is counted twice.
_Bool trace_lock_store_walk(
    enum trace_lock_profile profile,
    void (*body)(const struct trace_lock_stack *stack, void *_Nullable context),
    void *_Nullable context);

/// Returns false if libtracelock.so is not loaded into the process.
_Bool trace_lock_store_count(struct trace_lock_counts *counts);

#pragma clang assume_nonnull end

#endif
