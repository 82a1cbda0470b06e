// What libtraceheap.so tells the code of its process. It exports, to be found with dlsym:
//
//     int trace_heap_sites(uint32_t site_bytes, trace_heap_site_body body, void *context);
//     void trace_heap_count(struct trace_heap_counts *counts);
//     void trace_heap_leave_out_thread(void);
#ifndef TRACE_HEAP_SITE_H
#define TRACE_HEAP_SITE_H

#include <stdint.h>

#pragma clang assume_nonnull begin

enum {
  /// Maximum number of frames of a sample.
  TRACE_HEAP_FRAMES = 48,
};

/// What happened in the process so far.
struct trace_heap_counts {
  /// Mean number of bytes between samples.
  uint64_t interval;
  /// Number of samples taken.
  uint64_t samples;
  /// Number of samples that were not recorded, because the table was full.
  uint64_t dropped;
  /// Number of ends of samples that were not told, because a signal handler freed more than
  /// TRACE_HEAP_DEFERRED of them while its thread took a sample.
  uint64_t unreported;
};

/// A place that allocates objects of about one size, with estimates of all that it allocated since
/// the program's start.
struct trace_heap_site {
  /// In 65,536ths of an object.
  uint64_t allocated_objects, freed_objects;
  uint64_t allocated_bytes, freed_bytes;
  uint64_t hash;
  /// Sizes that are counted together have the same number.
  uint32_t size_class;
  uint32_t depth;
  /// Return addresses, innermost first.
  uint64_t frames[TRACE_HEAP_FRAMES];
};

typedef void (*trace_heap_site_body)(
    const struct trace_heap_site *site, void *_Nullable context);

#pragma clang assume_nonnull end

#endif
