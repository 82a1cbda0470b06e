#define _GNU_SOURCE
#include "trace_lock_store.h"

#include <dlfcn.h>

// The library is loaded before the program, or linked: it is found by name, so that a program which
// asks does not itself contain the functions that the library replaces.
_Bool trace_lock_store_walk(
    enum trace_lock_profile profile, void (*body)(const struct trace_lock_stack *, void *),
    void *context) {
  void (*walk)(enum trace_lock_profile, void (*)(const struct trace_lock_stack *, void *), void *);
  *(void **)&walk = dlsym(RTLD_DEFAULT, "trace_lock_walk");
  if (!walk) return 0;
  walk(profile, body, context);
  return 1;
}

_Bool trace_lock_store_count(struct trace_lock_counts *counts) {
  void (*count)(struct trace_lock_counts *);
  *(void **)&count = dlsym(RTLD_DEFAULT, "trace_lock_count");
  if (!count) return 0;
  count(counts);
  return 1;
}
