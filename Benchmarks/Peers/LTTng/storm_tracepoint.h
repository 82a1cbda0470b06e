// The event that every peer writes: a 64-bit sequence number and a 32-bit worker.
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER storm

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./storm_tracepoint.h"

#if !defined(STORM_TRACEPOINT_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define STORM_TRACEPOINT_H

#include <lttng/tracepoint.h>
#include <stdint.h>

LTTNG_UST_TRACEPOINT_EVENT(
    storm, counter, LTTNG_UST_TP_ARGS(uint64_t, sequence, uint32_t, worker),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, sequence, sequence)
                            lttng_ust_field_integer(uint32_t, worker, worker)))

#endif

#include <lttng/tracepoint-event.h>
