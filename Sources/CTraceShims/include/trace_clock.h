// The machine's free-running counter. If it is invariant, it is the same on every CPU.
#ifndef TRACE_CLOCK_H
#define TRACE_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "trace_atomics.h"

#pragma clang assume_nonnull begin

/// Returns the ticks of the counter used in the ring's records.
TRACE_INLINE uint64_t trace_ticks(void) {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
  uint64_t value;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
  return value;
#else
#error "x86-64 and arm64 only"
#endif
}

TRACE_INLINE uint64_t trace_clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

TRACE_INLINE uint64_t trace_monotonic_ns(void) { return trace_clock_ns(CLOCK_MONOTONIC); }
/// CLOCK_MONOTONIC plus the time for which the machine was suspended.
TRACE_INLINE uint64_t trace_boottime_ns(void) { return trace_clock_ns(CLOCK_BOOTTIME); }
TRACE_INLINE uint64_t trace_realtime_ns(void) { return trace_clock_ns(CLOCK_REALTIME); }

/// Whether the counter runs at a constant rate, never stops, and is synchronized between CPUs.
_Bool trace_ticks_are_invariant(void);

/// Ticks per second as stated by the processor; 0 if it does not state them.
uint64_t trace_ticks_per_second_stated(void);

#pragma clang assume_nonnull end

#endif
