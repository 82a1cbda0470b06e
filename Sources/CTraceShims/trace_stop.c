#define _GNU_SOURCE
#include "trace_stop.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "trace_sampling.h"
#include "trace_stack.h"
#include "trace_syscalls.h"
#include "trace_thread.h"

enum { kinds = 2, page_bytes = 4096, probes_max = 32 };

struct table {
  // 1 while handlers may use the slots.
  uint32_t is_open;
  // Number of handlers that have entered and not left.
  uint32_t inside;
  uint32_t next;
  uint32_t count;
  uint64_t lost;
  struct trace_stop *slots;
};

static struct table tables[kinds];
// Their addresses identify the signals of stops.
static char marks[kinds];

static struct trace_stop *claim(struct table *table) {
  uint32_t first = trace_add_u32(&table->next, 1);
  for (uint32_t probe = 0; probe < probes_max && probe < table->count; probe++) {
    struct trace_stop *slot = &table->slots[(first + probe) % table->count];
    if (trace_compare_exchange_u32(&slot->state, 0, 1)) return slot;
  }
  return NULL;
}

#if defined(__x86_64__)
// The number of bytes of the stack that can be read from `sp` on, at most the size of a copy.
static uint32_t readable(uint64_t sp) {
  uintptr_t end = trace_stack_end();
  // On a stack of another kind, such as a signal's, only the rest of the page is known to be there.
  if (sp >= end) {
    uint32_t rest = page_bytes - (uint32_t)(sp & (page_bytes - 1));
    return sp < page_bytes ? 0 : rest;
  }
  uint64_t size = end - sp < TRACE_STOP_BYTES ? end - sp : TRACE_STOP_BYTES;
  uintptr_t low = sp & ~(uint64_t)(page_bytes - 1);
  while (size > 0) {
    unsigned char resident[TRACE_STOP_BYTES / page_bytes + 2];
    uintptr_t high = (sp + size + page_bytes - 1) & ~(uint64_t)(page_bytes - 1);
    if (mincore((void *)low, high - low, resident) == 0) break;
    size /= 2;
  }
  return (uint32_t)size;
}

// Reads other functions' variables, which the address sanitizer would report.
__attribute__((no_sanitize("address"), no_sanitize("thread"))) static void copy(
    uint8_t *to, uint64_t from, uint32_t size) {
  const volatile uint64_t *source = (const volatile uint64_t *)from;
  for (uint32_t i = 0; i < size / 8; i++) ((uint64_t *)to)[i] = source[i];
}
#endif

static void take(struct trace_stop *stop, const ucontext_t *context) {
#if defined(__x86_64__)
  static const int order[17] = {REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI,
                                REG_RBP, REG_RSP, REG_RIP, REG_R8,  REG_R9,  REG_R10,
                                REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  for (int i = 0; i < 17; i++) {
    stop->registers[i] = (uint64_t)context->uc_mcontext.gregs[order[i]];
  }
  stop->frame_count = 0;
  uint64_t sp = (uint64_t)context->uc_mcontext.gregs[REG_RSP];
  stop->size = (sp & 7) == 0 ? readable(sp) & ~7U : 0;
  copy(stop->stack, sp, stop->size);
#elif defined(__aarch64__)
  stop->frames[0] = context->uc_mcontext.pc;
  stop->frame_count = 1 + trace_walk_stack(context->uc_mcontext.regs[29],
                                           context->uc_mcontext.sp, stop->frames + 1,
                                           TRACE_STOP_FRAMES - 1);
  stop->size = 0;
#else
  (void)context;
  stop->frame_count = 0;
  stop->size = 0;
#endif
}

_Bool trace_stop_handle(const void *raw_info, const void *context) {
  const siginfo_t *info = raw_info;
  if (info->si_code != SI_TIMER && info->si_code != SI_QUEUE) return 0;
  uint32_t kind = info->si_code == SI_TIMER ? TRACE_STOP_TIMER : TRACE_STOP_ASKED;
  if (info->si_value.sival_ptr != &marks[kind]) return 0;
  struct table *table = &tables[kind];
  int saved_errno = errno;
  trace_add_u32(&table->inside, 1);
  trace_fence();
  if (trace_load_u32(&table->is_open)) {
    uint64_t periods = 1;
    if (kind == TRACE_STOP_TIMER && info->si_overrun > 0) periods += (uint64_t)info->si_overrun;
    struct trace_stop *stop = claim(table);
    if (stop != NULL) {
      stop->tid = trace_thread_id();
      stop->periods = periods;
      take(stop, context);
      trace_store_u32(&stop->state, 2);
    } else {
      trace_add_u64(&table->lost, periods);
    }
  }
  trace_add_u32(&table->inside, (uint32_t)-1);
  errno = saved_errno;
  return 1;
}

int trace_stops_open(uint32_t kind, uint32_t count) {
  struct table *table = &tables[kind % kinds];
  if (trace_load_u32(&table->is_open)) return EALREADY;
  int code = trace_sampling_install(NULL);
  if (code != 0) return code;
  void *memory = trace_reserve((long)(count * sizeof(struct trace_stop)));
  if (memory == NULL) return ENOMEM;
  table->slots = memory;
  table->count = count;
  table->lost = 0;
  trace_fence();
  trace_store_u32(&table->is_open, 1);
  return 0;
}

void trace_stops_close(uint32_t kind) {
  struct table *table = &tables[kind % kinds];
  if (!trace_load_u32(&table->is_open)) return;
  trace_store_u32(&table->is_open, 0);
  trace_fence();
  for (int tries = 0; tries < 1000 && trace_load_u32(&table->inside) != 0; tries++) usleep(1000);
  if (trace_load_u32(&table->inside) == 0) {
    trace_release(table->slots, (long)(table->count * sizeof(struct trace_stop)));
    table->slots = NULL;
    table->count = 0;
  }
}

struct trace_stop *trace_stops_next(uint32_t kind, uint32_t *position) {
  struct table *table = &tables[kind % kinds];
  while (*position < table->count) {
    struct trace_stop *stop = &table->slots[(*position)++];
    if (trace_load_u32(&stop->state) == 2) return stop;
  }
  return NULL;
}

void trace_stop_free(struct trace_stop *stop) { trace_store_u32(&stop->state, 0); }

uint64_t trace_stops_lost(uint32_t kind) { return trace_load_u64(&tables[kind % kinds].lost); }

int trace_stop_ask(uint32_t tid) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_signo = SIGPROF;
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_uid = getuid();
  info.si_value.sival_ptr = &marks[TRACE_STOP_ASKED];
  long code = syscall(SYS_rt_tgsigqueueinfo, getpid(), (pid_t)tid, SIGPROF, &info);
  return code == 0 ? 0 : errno;
}

int trace_stop_timer_create(uint32_t tid, uint64_t interval_ns, void **timer) {
  return trace_timer_create(tid, interval_ns, &marks[TRACE_STOP_TIMER], timer);
}

void trace_stops_release_memory(void) { malloc_trim(0); }
