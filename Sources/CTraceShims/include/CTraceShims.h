// Features that Swift does not offer: restartable sequences, the time-stamp counter, thread-local
// words, and atomic access to memory that other processes write.
#ifndef CTRACE_SHIMS_H
#define CTRACE_SHIMS_H

#include "trace_atomics.h"
#include "trace_checksum.h"
#include "trace_clock.h"
#include "trace_image.h"
#include "trace_foreign.h"
#include "trace_heap_site.h"
#include "trace_lock_store.h"
#include "trace_guard.h"
#include "trace_perf.h"
#include "trace_ring.h"
#include "trace_rseq.h"
#include "trace_sampling.h"
#include "trace_socket.h"
#include "trace_stack.h"
#include "trace_stop.h"
#include "trace_syscalls.h"
#include "trace_thread.h"
#include "trace_write.h"

#endif
