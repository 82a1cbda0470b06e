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

#pragma clang assume_nonnull end

#endif
