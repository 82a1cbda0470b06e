// Call stacks by frame pointers.
#ifndef TRACE_STACK_H
#define TRACE_STACK_H

#include <stdint.h>

#include "trace_atomics.h"

#pragma clang assume_nonnull begin

/// Stores the return addresses of the caller's frames, innermost first, and gives their number.
///
/// Reads only mapped pages of the calling thread's stack: a chain that leaves it, turns back or is
/// not aligned ends the walk. Safe in signal handlers. Costs about 1 ns a frame, and a system call
/// for each page of stack that the thread's walks had not seen before.
uint32_t trace_capture_stack(uint64_t *frames, uint32_t limit);

/// As above, from a frame that a signal handler found: `frame` is the frame pointer and `sp` the
/// stack pointer of what was interrupted on this thread, below which no frame can be.
uint32_t trace_walk_stack(uint64_t frame, uint64_t sp, uint64_t *frames, uint32_t limit);

/// Whether the caller was called, directly or not, by a signal handler, as far as frames show it:
/// it runs on an alternate signal stack, or one of its callers returns to the kernel's signal
/// trampoline. A handler compiled without frame pointers that runs on the thread's own stack is not
/// seen (x86-64; on arm64 only the alternate stack is). Some microseconds; async-signal-safe.
_Bool trace_is_in_signal_handler(void);

#pragma clang assume_nonnull end

#endif
