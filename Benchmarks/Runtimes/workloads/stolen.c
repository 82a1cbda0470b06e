// A thread that only reads the clock, 20 calls deep, and prints the share of its time that was
// taken from it, which are the gaps between two readings. Usage: stolen SECONDS
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>
static inline uint64_t ticks(void) { return __rdtsc(); }
#else
static inline uint64_t ticks(void) {
  uint64_t value;
  __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(value));
  return value;
}
#endif

enum { GAP_NS = 300, INTERRUPT_NS = 50000, DEPTH = 20 };

static double now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

static double ticks_per_ns(void) {
  double begin = now_ns();
  uint64_t first = ticks();
  while (now_ns() < begin + 5e7) {
  }
  return (ticks() - first) / (now_ns() - begin);
}

__attribute__((noinline)) static void watch(double seconds, double rate) {
  uint64_t begin = ticks(), last = begin, end = begin + (uint64_t)(seconds * 1e9 * rate);
  uint64_t gap = (uint64_t)(GAP_NS * rate), interrupt = (uint64_t)(INTERRUPT_NS * rate);
  // Longer gaps are not interrupts: another program ran on the CPU.
  uint64_t interrupts = 0, all = 0;
  while (last < end) {
    uint64_t now = ticks();
    if (now - last > gap) {
      all += now - last;
      if (now - last < interrupt) interrupts += now - last;
    }
    last = now;
  }
  double whole = last - begin;
  printf("interrupts %.6f, all %.6f\n", interrupts / whole, all / whole);
}

__attribute__((noinline)) static void descend(int calls, double seconds, double rate) {
  if (calls == 0) {
    watch(seconds, rate);
  } else {
    descend(calls - 1, seconds, rate);
  }
  // Keeps the call from becoming a jump.
  __asm__ volatile("");
}

int main(int count, char **arguments) {
  descend(DEPTH, count > 1 ? atof(arguments[1]) : 3, ticks_per_ns());
}
