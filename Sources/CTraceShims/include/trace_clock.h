// The machine's free-running counter, the same on every CPU where it is invariant.
#ifndef TRACE_CLOCK_H
#define TRACE_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "trace_atomics.h"

#pragma clang assume_nonnull begin

/// Ticks of the counter that the ring's records carry.
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
/// CLOCK_MONOTONIC, and the time that the machine was suspended.
TRACE_INLINE uint64_t trace_boottime_ns(void) { return trace_clock_ns(CLOCK_BOOTTIME); }
TRACE_INLINE uint64_t trace_realtime_ns(void) { return trace_clock_ns(CLOCK_REALTIME); }

/// Whether the counter runs at one rate, never stops and agrees between CPUs.
_Bool trace_ticks_are_invariant(void);

/// Ticks a second as the processor states them, 0 where it does not.
uint64_t trace_ticks_per_second_stated(void);

#pragma clang assume_nonnull end

#endif
