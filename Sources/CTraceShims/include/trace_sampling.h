// CPU samples taken by the program itself: each thread has a timer of CPU time, whose signal
// handler records the interrupted stack.
#ifndef TRACE_SAMPLING_H
#define TRACE_SAMPLING_H

#include <stdint.h>

#include "trace_atomics.h"

#pragma clang assume_nonnull begin

/// Maximum number of frames of a sample.
#define TRACE_SAMPLE_DEPTH_MAX 256

/// Number of words before the frames, for use by the handler below.
#define TRACE_SAMPLE_HEAD_WORDS 2

/// Called in the signal handler with the interrupted stack: after the head, `count` addresses,
/// innermost first, the first one exact; and with the number of timer periods that the sample
/// represents. Must be async-signal-safe.
typedef void (*trace_sample_handler)(uint64_t *words, uint32_t count, uint64_t periods);

/// Installs a SIGPROF handler for the timers below, and for trace_stop.h. Returns 0; EBUSY if the
/// program has its own handler; ENOSYS on processors with an unknown frame layout. Null keeps the
/// sample handler as it is.
///
/// - Trap: the handler is never removed, because a last signal may arrive late, and would end the
///   process without a handler. It does nothing while sampling is disabled.
int trace_sampling_install(trace_sample_handler _Nullable handler);

/// Sets whether the signal handler calls the sample handler.
void trace_sampling_enable(_Bool enabled);

/// Creates a timer that sends a thread of this process SIGPROF each `interval_ns` of its CPU time;
/// returns 0 or an errno (ESRCH: the thread has ended).
int trace_sampling_timer_create(uint32_t tid, uint64_t interval_ns,
                                void *_Nullable *_Nonnull timer);
void trace_sampling_timer_delete(void *_Nullable timer);

/// The same with a mark by which the handler recognizes the timer's signals.
int trace_timer_create(uint32_t tid, uint64_t interval_ns, void *mark,
                       void *_Nullable *_Nonnull timer);

#pragma clang assume_nonnull end

#endif
