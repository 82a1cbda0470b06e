#include "trace_clock.h"

#if defined(__x86_64__)
#include <cpuid.h>

_Bool trace_ticks_are_invariant(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(0x80000007, &a, &b, &c, &d)) return 0;
  return (d >> 8) & 1;
}

uint64_t trace_ticks_per_second_stated(void) {
  unsigned a, b, c, d;
  // Leaf 0x15: the ratio of the counter to the core crystal, and the crystal's frequency.
  if (!__get_cpuid(0x15, &a, &b, &c, &d) || a == 0 || b == 0 || c == 0) return 0;
  return (uint64_t)c * b / a;
}
#else

_Bool trace_ticks_are_invariant(void) { return 1; }

uint64_t trace_ticks_per_second_stated(void) {
  uint64_t frequency;
  __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
  return frequency;
}
#endif
