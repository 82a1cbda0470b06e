#define _GNU_SOURCE
#include "trace_thread.h"

#include <pthread.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

TRACE_TLS struct trace_thread trace_this_thread;

uint32_t trace_thread_id_slow(void) {
  uint32_t tid = (uint32_t)syscall(SYS_gettid);
  trace_this_thread.tid = tid;
  return tid;
}

void trace_thread_forget(void) { trace_this_thread = (struct trace_thread){0}; }

void trace_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

_Bool trace_is_single_threaded(void) { return __libc_single_threaded; }
