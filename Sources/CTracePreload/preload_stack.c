// Stacks of samples.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>
#include <unwind.h>

#include "trace_preload.h"
#include "trace_stack.h"

#define HIDDEN __attribute__((visibility("hidden")))

static bool unwinds;
static _Unwind_Reason_Code (*backtrace)(_Unwind_Trace_Fn, void *);

struct walk {
  uint64_t *frames;
  uint32_t limit, depth;
  // The end of the frame of the function that the program called.
  uintptr_t from;
};

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *argument) {
  struct walk *walk = argument;
  if (walk->depth == walk->limit) return _URC_END_OF_STACK;
  uintptr_t address = (uintptr_t)_Unwind_GetIP(context);
  if (address == 0) return _URC_END_OF_STACK;
  // While a frame is visited, this is where its callee's ends. Those of this library are below.
  if ((uintptr_t)_Unwind_GetCFA(context) >= walk->from) walk->frames[walk->depth++] = address;
  return _URC_NO_REASON;
}

// Loads the unwinder now: loading it in a hook could wait for a lock of the loader.
void trace_preload_unwind(void) {
  void *library = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
  *(void **)&backtrace = dlsym(library, "_Unwind_Backtrace");
  unwinds = backtrace != NULL;
  uint64_t frames[1];
  // Its first use allocates.
  if (unwinds) trace_preload_capture(frames, 1, __builtin_frame_address(0));
}

// The code of this library, according to the linker.
extern const char __ehdr_start[] HIDDEN, etext[] HIDDEN;

static bool is_own(uint64_t address) {
  return address - (uintptr_t)__ehdr_start < (uintptr_t)etext - (uintptr_t)__ehdr_start;
}

bool trace_preload_drop_own(uint64_t *frames, uint32_t *depth) {
  // Whether the function that the program called has a frame depends on the compiler.
  if (*depth > 0 && is_own(frames[0])) {
    *depth -= 1;
    memmove(frames, frames + 1, *depth * sizeof *frames);
  }
  return *depth > 0 && is_own(frames[0]);
}

uint32_t trace_preload_capture(uint64_t *frames, uint32_t limit, const void *frame) {
  if (unwinds) {
    // `frame` is where the caller's frame pointer is saved; the return address follows.
    struct walk walk = {frames, limit, 0, (uintptr_t)frame + 16};
    backtrace(step, &walk);
    if (walk.depth > 0) return walk.depth;
  }
  return trace_walk_stack((uintptr_t)frame, (uintptr_t)frame, frames, limit);
}
