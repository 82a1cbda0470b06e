#define _GNU_SOURCE
#include "trace_perf.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int trace_perf_open(const struct trace_perf_options *options, int pid, int cpu) {
  struct perf_event_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.size = sizeof attr;
  attr.type = options->type;
  attr.config = options->config;
  if (options->rate != 0) {
    attr.freq = 1;
    attr.sample_freq = options->rate;
  }
  if (options->samples_all) attr.sample_period = 1;
  attr.sample_type = options->sample_type;
  attr.sample_regs_user = options->user_registers;
  attr.sample_stack_user = options->user_stack_bytes;
  attr.exclude_callchain_user = options->excludes_user_callchain;
  attr.exclude_callchain_kernel = options->excludes_kernel_callchain;
  attr.watermark = 1;
  attr.wakeup_watermark = options->wakeup_bytes;
  attr.exclude_kernel = options->excludes_kernel;
  attr.exclude_hv = 1;
  attr.exclude_guest = 1;
  attr.exclude_idle = options->excludes_idle;
  attr.inherit = options->inherits;
  attr.disabled = options->starts_disabled || options->starts_on_exec;
  attr.enable_on_exec = options->starts_on_exec;
  attr.mmap = options->reports_processes;
  attr.mmap2 = options->reports_processes;
  attr.comm = options->reports_processes || options->reports_own_name;
  attr.comm_exec = options->reports_processes;
  attr.task = options->reports_processes;
  attr.build_id = options->wants_build_ids;
  attr.context_switch = options->reports_switches;
  attr.sample_id_all = 1;
  attr.use_clockid = 1;
  attr.clockid = CLOCK_MONOTONIC;
  long fd = syscall(SYS_perf_event_open, &attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  return fd < 0 ? -errno : (int)fd;
}

int trace_perf_redirect(int fd, int ring_fd) {
  return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring_fd) < 0 ? -errno : 0;
}

int trace_perf_enable(int fd) { return ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0 ? -errno : 0; }

uint64_t trace_perf_identifier(int fd) {
  uint64_t identifier = 0;
  return ioctl(fd, PERF_EVENT_IOC_ID, &identifier) < 0 ? 0 : identifier;
}

int trace_perf_filter(int fd, const char *condition) {
  return ioctl(fd, PERF_EVENT_IOC_SET_FILTER, condition) < 0 ? -errno : 0;
}

int trace_perf_report_name(int fd, int cpu) {
  // The kernel's own type: glibc's cpu_set_t has room for 1,024 CPUs only.
  unsigned long before[128] = {0}, there[128] = {0};
  size_t bits = 8 * sizeof there[0];
  char name[16];
  if (cpu < 0 || (size_t)cpu >= 8 * sizeof there || prctl(PR_GET_NAME, name) < 0) return -EINVAL;
  there[(size_t)cpu / bits] = 1UL << ((size_t)cpu % bits);
  if (syscall(SYS_sched_getaffinity, 0, sizeof before, before) < 0) return -errno;
  if (syscall(SYS_sched_setaffinity, 0, sizeof there, there) < 0) return -errno;
  int result = trace_perf_enable(fd);
  if (result == 0) prctl(PR_SET_NAME, name);
  ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
  syscall(SYS_sched_setaffinity, 0, sizeof before, before);
  return result;
}

void *trace_perf_map(int fd, long data_bytes) {
  size_t bytes = (size_t)data_bytes + (size_t)sysconf(_SC_PAGESIZE);
  void *ring = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return ring == MAP_FAILED ? NULL : ring;
}

void trace_perf_unmap(void *ring, long data_bytes) {
  munmap(ring, (size_t)data_bytes + (size_t)sysconf(_SC_PAGESIZE));
}

// The kernel's counterparts are perf_output_put_handle and perf_output_begin.
uint64_t trace_perf_head(const void *ring) {
  const struct perf_event_mmap_page *page = ring;
  return __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
}

uint64_t trace_perf_tail(const void *ring) {
  const struct perf_event_mmap_page *page = ring;
  return __atomic_load_n(&page->data_tail, __ATOMIC_RELAXED);
}

void trace_perf_set_tail(void *ring, uint64_t tail) {
  struct perf_event_mmap_page *page = ring;
  __atomic_store_n(&page->data_tail, tail, __ATOMIC_RELEASE);
}

const void *trace_perf_data(const void *ring) {
  return (const char *)ring + sysconf(_SC_PAGESIZE);
}
