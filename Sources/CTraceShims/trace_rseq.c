#define _GNU_SOURCE
#include "trace_rseq.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "trace_clock.h"
#include "trace_syscalls.h"
#include "trace_thread.h"

#if __has_include(<linux/rseq.h>)
#include <linux/rseq.h>
_Static_assert(offsetof(struct rseq, cpu_id) == TRACE_RSEQ_CPU_ID, "the kernel's ABI");
_Static_assert(offsetof(struct rseq, rseq_cs) == TRACE_RSEQ_CS, "the kernel's ABI");
#endif

// glibc 2.35 and later; weak, so that an older C library or musl still links.
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));

// A stand-in for the C library's area: cpu_id is not a CPU, and sections may store their
// descriptors into it.
struct rseq_stand_in {
  uint32_t cpu_id_start, cpu_id;
  uint64_t descriptor;
  uint64_t padding[2];
};
static TRACE_TLS struct rseq_stand_in stand_in
    __attribute__((aligned(32))) = {UINT32_MAX, UINT32_MAX, 0, {0, 0}};

_Static_assert(offsetof(struct rseq_stand_in, cpu_id) == TRACE_RSEQ_CPU_ID, "as the real area");
_Static_assert(offsetof(struct rseq_stand_in, descriptor) == TRACE_RSEQ_CS, "as the real area");

// Every event reads it. It begins a cache line, so that few other words share the line.
_Alignas(64) ptrdiff_t trace_rseq_offset;

_Bool trace_rseq_is_registered(void) { return &__rseq_size != NULL && __rseq_size != 0; }

__attribute__((constructor(101))) static void find_rseq(void) {
  if (trace_rseq_is_registered()) {
    trace_rseq_offset = __rseq_offset;
  } else {
    trace_rseq_offset = (char *)&stand_in - (char *)__builtin_thread_pointer();
  }
}

enum { spin_rounds = 20000000, barrier_tries = 1000 };

struct spinner {
  uint32_t running;
  uint32_t restarted;
};

static void *spin(void *argument) {
  struct spinner *spinner = argument;
  enum trace_section end = trace_section_spin(&spinner->running, spin_rounds);
  trace_store_u32(&spinner->restarted, end == TRACE_ABORTED ? 1 : 2);
  return NULL;
}

// Linux 6.19 lost restarts after preemption on arm64; the test with a barrier does not detect that.
static _Bool kernel_is_known_to_break_rseq(void) {
#if defined(__aarch64__)
  struct utsname system;
  return uname(&system) == 0 && strncmp(system.release, "6.19", 4) == 0;
#else
  return 0;
#endif
}

_Bool trace_rseq_self_test(void) {
  if (!trace_rseq_is_registered() || kernel_is_known_to_break_rseq()) return 0;
  if (trace_rseq_barrier_register() != 0) return 0;
  struct spinner spinner = {0, 0};
  pthread_t thread;
  if (pthread_create(&thread, NULL, spin, &spinner) != 0) return 0;
  // The spinner may be restarted by a preemption before the barrier, which shows the same.
  for (int i = 0; i < barrier_tries && trace_load_u32(&spinner.restarted) == 0; i++) {
    if (trace_load_u32(&spinner.running) == 0) {
      sched_yield();
      continue;
    }
    if (trace_rseq_barrier() != 0) break;
  }
  pthread_join(thread, NULL);
  return spinner.restarted == 1;
}
