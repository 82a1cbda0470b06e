#define _GNU_SOURCE
#include "trace_stack.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trace_thread.h"

extern void *__libc_stack_end __attribute__((weak));

enum { page_bytes = 4096 };

// The thread control block is above the thread's stack, in the same mapping; the end of the main
// thread's stack is recorded by the loader.
uintptr_t trace_stack_end(void) {
  if (trace_thread_id() == (uint32_t)getpid() && &__libc_stack_end != 0) {
    return (uintptr_t)__libc_stack_end;
  }
  return (uintptr_t)__builtin_thread_pointer();
}

// Whether [address, address + 16) is readable. Stack pages remain mapped while the thread runs, so
// the result is cached.
static _Bool is_mapped(uintptr_t address) {
  struct trace_thread *me = &trace_this_thread;
  if (address >= me->stack_low && address + 16 <= me->stack_high) return 1;
  uintptr_t low = address & ~(uintptr_t)(page_bytes - 1);
  uintptr_t high = (address + 15 + page_bytes) & ~(uintptr_t)(page_bytes - 1);
  unsigned char resident[2];
  if (mincore((void *)low, high - low, resident) != 0) return 0;
  if (low == me->stack_high) {
    me->stack_high = high;
  } else if (high == me->stack_low) {
    me->stack_low = low;
  } else if (low < me->stack_low || high > me->stack_high) {
    me->stack_low = low;
    me->stack_high = high;
  }
  return 1;
}

uint32_t trace_walk_stack(uint64_t first, uint64_t sp, uint64_t *frames, uint32_t limit) {
  uintptr_t frame = first;
  uintptr_t end = trace_stack_end();
  uint32_t count = 0;
  while (count < limit && frame >= sp && frame <= UINTPTR_MAX - 16 && frame + 16 <= end &&
         (frame & 7) == 0 && is_mapped(frame)) {
    uintptr_t caller = ((uintptr_t *)frame)[0];
    uintptr_t address = ((uintptr_t *)frame)[1];
    if (address == 0) break;
    frames[count++] = address;
    if (caller <= frame) break;
    frame = caller;
  }
  return count;
}

__attribute__((noinline)) uint32_t trace_capture_stack(uint64_t *frames, uint32_t limit) {
  return trace_walk_stack((uintptr_t)__builtin_frame_address(0), 0, frames, limit);
}

// The kernel's struct, which differs from the C library's.
struct kernel_sigaction {
  void *handler;
  unsigned long flags;
  void *restorer;
  uint64_t mask;
};

// The address that handlers return to: the same for every handler that the C library installed; 0
// while there is none.
static uint64_t signal_trampoline(void) {
#if defined(__x86_64__)
  static uint64_t known;
  uint64_t trampoline = trace_load_relaxed_u64(&known);
  for (int number = 1; trampoline == 0 && number < 65; number++) {
    struct kernel_sigaction action = {0};
    if (syscall(SYS_rt_sigaction, number, NULL, &action, sizeof action.mask) != 0) continue;
    trampoline = (uint64_t)action.restorer;
  }
  trace_store_relaxed_u64(&known, trampoline);
  return trampoline;
#else
  return 0;
#endif
}

_Bool trace_is_in_signal_handler(void) {
  stack_t current;
  if (sigaltstack(NULL, &current) == 0 && (current.ss_flags & SS_ONSTACK)) return 1;
  uint64_t trampoline = signal_trampoline();
  if (trampoline == 0) return 0;
  uint64_t frames[128];
  uint32_t depth = trace_capture_stack(frames, sizeof frames / sizeof *frames);
  for (uint32_t i = 0; i < depth; i++) {
    if (frames[i] == trampoline) return 1;
  }
  return 0;
}
