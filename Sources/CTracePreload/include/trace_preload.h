// What the libraries that are loaded into any program share: stacks, chance and their variables.
#ifndef TRACE_PRELOAD_H
#define TRACE_PRELOAD_H

#include <stdint.h>

#pragma clang assume_nonnull begin

/// Makes later stacks be found by unwind tables. Loads the unwinder: call it before the hooks work.
void trace_preload_unwind(void);

/// Stores the return addresses above a frame of the calling thread, innermost first, and returns
/// their number. `frame` is the frame address of a function of this library.
///
/// Takes no lock, unless by unwind tables with a C library before 2.35; allocates nothing.
uint32_t trace_preload_capture(uint64_t *frames, uint32_t limit, const void *frame);

/// Drops the frame of the function that the program called. Returns whether its caller is this
/// library: the tracer's own call.
_Bool trace_preload_drop_own(uint64_t *frames, uint32_t *depth);

/// The next number of a sequence (splitmix64).
static inline uint64_t trace_preload_random(uint64_t *state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/// A number that differs from process to process; odd.
uint64_t trace_preload_seed(void);

/// The number in an environment variable; 0 if there is none.
uint64_t trace_preload_number(const char *name);

/// Calls a function without parameters of another such library, if that is loaded.
void trace_preload_call(const char *name);

#pragma clang assume_nonnull end

#endif
