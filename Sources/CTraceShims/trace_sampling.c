#define _GNU_SOURCE
#include "trace_sampling.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include "trace_stack.h"
#include "trace_stop.h"
#include "trace_thread.h"

// The C library's header lacks this name.
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

// Identifies the signals of these timers.
static char timer_mark;

static trace_sample_handler sample_handler;
static uint8_t is_enabled;

struct context {
  uint64_t pc, sp, frame;
};

static struct context interrupted(const ucontext_t *context) {
#if defined(__x86_64__)
  const greg_t *registers = context->uc_mcontext.gregs;
  return (struct context){(uint64_t)registers[REG_RIP], (uint64_t)registers[REG_RSP],
                          (uint64_t)registers[REG_RBP]};
#elif defined(__aarch64__)
  return (struct context){context->uc_mcontext.pc, context->uc_mcontext.sp,
                          context->uc_mcontext.regs[29]};
#else
  return (struct context){0};
#endif
}

static void handle(int number, siginfo_t *info, void *raw_context) {
  (void)number;
  if (trace_stop_handle(info, raw_context)) return;
  if (info->si_code != SI_TIMER || info->si_value.sival_ptr != &timer_mark) return;
  if (!trace_load_u8(&is_enabled)) return;
  int saved_errno = errno;
  struct context context = interrupted(raw_context);
  uint64_t words[TRACE_SAMPLE_HEAD_WORDS + TRACE_SAMPLE_DEPTH_MAX];
  uint64_t *frames = words + TRACE_SAMPLE_HEAD_WORDS;
  frames[0] = context.pc;
  uint32_t count = 1 + trace_walk_stack(context.frame, context.sp, frames + 1,
                                        TRACE_SAMPLE_DEPTH_MAX - 1);
  uint64_t missed = info->si_overrun > 0 ? (uint64_t)info->si_overrun : 0;
  // Marked as a slow write, so that nothing below waits for space in a ring.
  trace_enter_slow_path();
  sample_handler(words, count, 1 + missed);
  trace_leave_slow_path();
  errno = saved_errno;
}

int trace_sampling_install(trace_sample_handler handler) {
#if defined(__x86_64__) || defined(__aarch64__)
  if (handler != NULL) sample_handler = handler;
  struct sigaction current;
  if (sigaction(SIGPROF, NULL, &current) != 0) return errno;
  if ((current.sa_flags & SA_SIGINFO) && current.sa_sigaction == handle) return 0;
  if ((current.sa_flags & SA_SIGINFO) ||
      (current.sa_handler != SIG_DFL && current.sa_handler != SIG_IGN)) {
    return EBUSY;
  }
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handle;
  // Runs on the thread's own stack. An alternate stack has the size that its owner's handler needs
  // (Swift's backtracer's is small), and an overflow would overwrite the memory below it.
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigemptyset(&action.sa_mask);
  return sigaction(SIGPROF, &action, NULL) == 0 ? 0 : errno;
#else
  return ENOSYS;
#endif
}

void trace_sampling_enable(_Bool enabled) { trace_store_u8(&is_enabled, enabled); }

int trace_timer_create(uint32_t tid, uint64_t interval_ns, void *mark, void **timer) {
  struct sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGPROF;
  event.sigev_value.sival_ptr = mark;
  event.sigev_notify_thread_id = (int)tid;
  // The kernel's id of the clock of a thread's CPU time: CPUCLOCK_SCHED, per thread.
  clockid_t clock = (clockid_t)((~tid << 3) | 6);
  timer_t created;
  if (timer_create(clock, &event, &created) != 0) return errno;
  struct itimerspec when;
  when.it_interval.tv_sec = (time_t)(interval_ns / 1000000000);
  when.it_interval.tv_nsec = (long)(interval_ns % 1000000000);
  when.it_value = when.it_interval;
  if (timer_settime(created, 0, &when, NULL) != 0) {
    int code = errno;
    timer_delete(created);
    return code;
  }
  *timer = created;
  return 0;
}

int trace_sampling_timer_create(uint32_t tid, uint64_t interval_ns, void **timer) {
  return trace_timer_create(tid, interval_ns, &timer_mark, timer);
}

void trace_sampling_timer_delete(void *timer) { timer_delete(timer); }
