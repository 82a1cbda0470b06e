// libtraceheap.so: samples the allocations of the program into which it is loaded.
//
//     malloc ─▶ countdown of bytes > size ───────────────▶ the next malloc        (fast path)
//                        │ no: a sample
//                        ▼
//       the next posix_memalign(512) ─▶ stack ─▶ table of live samples ─▶ HeapAlloc
//     free ───▶ bits of the address: is it like a sample's? ─ no ─▶ the next free (fast path)
//                        │ yes
//                        ▼
//               filter: may the address be in the table? ─ no ─▶ the next free
//                        │ maybe
//                        ▼
//               out of the table ─▶ HeapFree ─▶ the next free
//
// "The next" functions are those that the program would call without this library: the C library's,
// or those of another allocator that is loaded after it.
#ifndef TRACE_HEAP_H
#define TRACE_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "trace_heap_site.h"

#pragma clang assume_nonnull begin

enum {
  /// Maximum number of live samples.
  TRACE_HEAP_SAMPLES = 1 << 17,
  /// Number of ends that a thread keeps while it takes a sample.
  TRACE_HEAP_DEFERRED = 8,
};

/// An allocation that was sampled.
struct trace_heap_sample {
  /// Number of the sample in the process, from 1; 0 while the place in the table is unused.
  uint64_t id;
  uint64_t address;
  /// Bytes that the program asked for.
  uint64_t size;
  /// Number of allocations of this size for which the sample stands: 1 / its probability.
  double weight;
  uint32_t depth;
  /// Number of its place, for the totals of all that a place allocated.
  uint32_t site;
  /// Return addresses, innermost first.
  uint64_t frames[TRACE_HEAP_FRAMES];
  /// The type of a Swift object, in memory that is never freed; null if it is not known.
  const char *_Nullable type;
};

/// Called with each sample, and with the id and address of each sample that is freed, on the
/// allocating thread. What they allocate is not sampled.
struct trace_heap_listener {
  void (*allocated)(const struct trace_heap_sample *sample);
  void (*freed)(uint64_t id, uint64_t address);
  /// A sample was dropped, or an end was not told: the counts have changed.
  void (*missed)(void);
};

/// Sets who is told of samples from now on; null for nobody. The listener must live forever.
void trace_heap_listen(const struct trace_heap_listener *_Nullable listener);

/// Sets what a forked child calls at its first sample.
void trace_heap_on_fork(void (*resume)(void));

/// No allocation of the calling thread is sampled from now on.
void trace_heap_exclude_thread(void);

/// The same for a thread of the program, whose frees are reported at once.
void trace_heap_leave_out_thread(void);

/// Looks for a Swift runtime that was loaded since the library's start, so that types are known.
/// Takes the loader's lock.
void trace_heap_find_swift(void);

/// Calls `body` with a copy of each live sample, and `freed` if it was freed meanwhile. Samples
/// that are taken meanwhile may be missed. Takes no lock.
void trace_heap_walk(
    void (*body)(const struct trace_heap_sample *sample, void *_Nullable context),
    void (*_Nullable freed)(uint64_t id, uint64_t address, void *_Nullable context),
    void *_Nullable context);

/// Calls `body` with a copy of each place that has allocated since the program's start; the first
/// has no frames, and stands for all those for which there was no room. Takes no lock. Returns 0,
/// or EINVAL if `site_bytes` is not the size of its struct: the caller is of another version.
int trace_heap_sites(
    uint32_t site_bytes, trace_heap_site_body body, void *_Nullable context);

void trace_heap_count(struct trace_heap_counts *counts);

/// Starts over with another seed and mean interval. For tests of the estimates: no other thread may
/// allocate meanwhile, and what is live stays in the table.
void trace_heap_restart(uint64_t seed, uint64_t interval);

#pragma clang assume_nonnull end

#endif
