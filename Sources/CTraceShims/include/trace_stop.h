// Stacks of this process's own threads: a signal stops a thread for a moment, and its handler
// copies the registers and a part of the stack, to be unwound later.
#ifndef TRACE_STOP_H
#define TRACE_STOP_H

#include <stdint.h>

#include "trace_atomics.h"

#pragma clang assume_nonnull begin

/// Maximum number of bytes copied of a stack.
#define TRACE_STOP_BYTES (32 * 1024)
/// Maximum number of frames that the handler follows where stacks cannot be unwound.
#define TRACE_STOP_FRAMES 128

/// Why a thread was stopped: its timer of CPU time ran out, or trace_stop_ask.
enum { TRACE_STOP_TIMER = 0, TRACE_STOP_ASKED = 1 };

/// A thread as its signal found it.
struct trace_stop {
  /// 0: free; 1: being written; 2: complete.
  uint32_t state;
  uint32_t tid;
  /// Number of timer periods that it represents; 1 if the thread was asked.
  uint64_t periods;
  /// x86-64: in the order of the kernel's perf_regs.h, without segments and flags.
  uint64_t registers[17];
  /// Number of frames that follow, by frame pointers, the first one exact; 0 on x86-64.
  uint32_t frame_count;
  /// Number of bytes of the stack from its stack pointer on.
  uint32_t size;
  uint64_t frames[TRACE_STOP_FRAMES];
  uint8_t stack[TRACE_STOP_BYTES];
};

/// Makes room for `count` stops of a kind and installs the handler of SIGPROF. Returns 0; EALREADY
/// if that kind is in use; EBUSY if the program has its own handler; ENOMEM; ENOSYS on processors
/// with an unknown frame layout.
int trace_stops_open(uint32_t kind, uint32_t count);

/// Releases the room. Handlers that still run are waited for; after a second their room is kept.
void trace_stops_close(uint32_t kind);

/// Returns a complete stop at or after `*position`, which is then the next position; null at the
/// end. Call trace_stop_free with it, and begin at 0 again.
struct trace_stop *_Nullable trace_stops_next(uint32_t kind, uint32_t *position);
void trace_stop_free(struct trace_stop *stop);

/// Number of timer periods for which there was no room.
uint64_t trace_stops_lost(uint32_t kind);

/// Sends a thread the signal. Returns 0 or an errno (ESRCH: the thread has ended).
int trace_stop_ask(uint32_t tid);

/// Like trace_sampling_timer_create, for stops.
int trace_stop_timer_create(uint32_t tid, uint64_t interval_ns, void *_Nullable *_Nonnull timer);

/// Called by the handler of SIGPROF with a siginfo_t and a ucontext_t; returns whether the signal
/// was meant for stops.
_Bool trace_stop_handle(const void *info, const void *context);

/// Gives the allocator's free memory back to the system, as malloc_trim does.
void trace_stops_release_memory(void);

#pragma clang assume_nonnull end

#endif
