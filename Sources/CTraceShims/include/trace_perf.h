// perf_event_open(2), whose attributes are bit fields and which has no wrapper in the C library.
#ifndef TRACE_PERF_H
#define TRACE_PERF_H

#include <stdint.h>

#include "trace_atomics.h"

#pragma clang assume_nonnull begin

/// What an event counts and reports. All zero: nothing, for all processes.
struct trace_perf_options {
  /// PERF_TYPE_* and PERF_COUNT_*.
  uint32_t type;
  uint64_t config;
  /// Samples per second; 0 for none.
  uint64_t rate;
  /// Whether each occurrence of the event is a sample.
  _Bool samples_all;
  /// PERF_SAMPLE_*.
  uint64_t sample_type;
  /// For PERF_SAMPLE_REGS_USER and PERF_SAMPLE_STACK_USER.
  uint64_t user_registers;
  uint32_t user_stack_bytes;
  /// Whether call chains contain only kernel frames.
  _Bool excludes_user_callchain;
  _Bool excludes_kernel_callchain;
  /// Number of bytes in the ring at which a reader is woken.
  uint32_t wakeup_bytes;
  _Bool excludes_kernel, excludes_idle;
  /// Whether the event follows children and new threads.
  _Bool inherits;
  _Bool starts_disabled, starts_on_exec;
  /// Whether to record maps, names, forks and exits.
  _Bool reports_processes;
  _Bool reports_switches;
  /// Records of names alone.
  _Bool reports_own_name;
  /// Build ids in maps' records, in place of device and inode (Linux 5.12).
  _Bool wants_build_ids;
};

/// Returns a descriptor, or -errno. Records have times of CLOCK_MONOTONIC.
int trace_perf_open(const struct trace_perf_options *options, int pid, int cpu);
/// Directs the event's records to another event's ring; returns 0 or -errno.
int trace_perf_redirect(int fd, int ring_fd);
int trace_perf_enable(int fd);
/// The number of the event in its samples (PERF_SAMPLE_IDENTIFIER); 0 on failure.
uint64_t trace_perf_identifier(int fd);
/// Selects a tracepoint's records by its fields; returns 0 or -errno.
int trace_perf_filter(int fd, const char *condition);
/// Makes the kernel write a record of the calling thread's name on a CPU. The event must be the
/// thread's own and report its name. Returns 0 or -errno.
int trace_perf_report_name(int fd, int cpu);

/// Maps a ring of `data_bytes`, a power of two of at least a page; returns null and sets errno on
/// failure.
void *_Nullable trace_perf_map(int fd, long data_bytes);
void trace_perf_unmap(void *ring, long data_bytes);
/// Total number of bytes written to the ring.
uint64_t trace_perf_head(const void *ring);
uint64_t trace_perf_tail(const void *ring);
/// Returns the read part to the kernel.
void trace_perf_set_tail(void *ring, uint64_t tail);
const void *trace_perf_data(const void *ring);

#pragma clang assume_nonnull end

#endif
