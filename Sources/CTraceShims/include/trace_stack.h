// Walks call stacks by frame pointers.
#ifndef TRACE_STACK_H
#define TRACE_STACK_H

#include <stdint.h>

#include "trace_atomics.h"

#pragma clang assume_nonnull begin

/// Stores the return addresses of the caller's frames, innermost first, and returns their number.
///
/// Reads only mapped pages of the calling thread's stack: a chain that leaves it, goes backwards or
/// is not aligned ends the walk. Safe in signal handlers. Costs about 1 ns per frame, and a system
/// call for each stack page that the thread's walks have not seen before.
uint32_t trace_capture_stack(uint64_t *frames, uint32_t limit);

/// Like trace_capture_stack, from an interrupted frame on this thread: `frame` is its frame pointer
/// and `sp` its stack pointer, below which there is no frame.
uint32_t trace_walk_stack(uint64_t frame, uint64_t sp, uint64_t *frames, uint32_t limit);

/// The end of the calling thread's stack, or an address a little above it. Async-signal-safe.
uintptr_t trace_stack_end(void);

/// Whether the caller runs in a signal handler, as far as frames show it: on an alternate signal
/// stack, or with a caller that returns to the kernel's signal trampoline. A handler compiled
/// without frame pointers that runs on the thread's own stack is not recognized (x86-64; on arm64,
/// only the alternate stack is recognized). Takes some microseconds; async-signal-safe.
_Bool trace_is_in_signal_handler(void);

#pragma clang assume_nonnull end

#endif
