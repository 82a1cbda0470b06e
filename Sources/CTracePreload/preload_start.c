// How a library that is loaded into any program is set up.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "trace_preload.h"

uint64_t trace_preload_seed(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return ((uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 32 ^ (uint64_t)getpid() << 16) | 1;
}

uint64_t trace_preload_number(const char *name) {
  const char *text = getenv(name);
  if (!text || *text < '0' || *text > '9') return 0;
  return strtoull(text, NULL, 10);
}

void trace_preload_call(const char *name) {
  void (*function)(void);
  *(void **)&function = dlsym(RTLD_DEFAULT, name);
  if (function) function();
}
