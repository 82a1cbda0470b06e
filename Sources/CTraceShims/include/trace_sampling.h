// CPU samples taken by the program itself: a timer of CPU time a thread, whose signal handler
// captures the stack of what it interrupted.
#ifndef TRACE_SAMPLING_H
#define TRACE_SAMPLING_H

#include <stdint.h>

#include "trace_atomics.h"

#pragma clang assume_nonnull begin

/// Most frames of a sample.
#define TRACE_SAMPLE_DEPTH_MAX 256

/// Words before the frames that the handler below may use.
#define TRACE_SAMPLE_HEAD_WORDS 2

/// Called in the signal handler with what was interrupted: after the head `count` addresses,
/// innermost first, the first exact; and for how many periods of the timer the sample stands. Must
/// be async-signal-safe.
typedef void (*trace_sample_handler)(uint64_t *words, uint32_t count, uint64_t periods);

/// Takes SIGPROF for the timers below. Gives 0; EBUSY when the program has a handler of its own;
/// ENOSYS on processors whose frames are not known.
///
/// - Trap: the handler stays for ever, because a last signal may come late, and without a handler
///   would end the process. It does nothing when the handler is not to be called.
int trace_sampling_install(trace_sample_handler handler);

/// Whether the handler calls anything.
void trace_sampling_enable(_Bool enabled);

/// A timer of a thread of this process that sends it SIGPROF each `interval_ns` of its CPU time; 0,
/// or an errno (ESRCH: the thread has ended).
int trace_sampling_timer_create(uint32_t tid, uint64_t interval_ns,
                                void *_Nullable *_Nonnull timer);
void trace_sampling_timer_delete(void *_Nullable timer);

#pragma clang assume_nonnull end

#endif
