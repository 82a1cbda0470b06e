// The layout of rings, shared by every process of a session, and the private words through which a
// process accesses them. TraceRing/RingLayout.swift shows the layout and states who may write which
// part.
#ifndef TRACE_RING_H
#define TRACE_RING_H

#include <stddef.h>
#include <stdint.h>

#include "trace_atomics.h"

#pragma clang assume_nonnull begin

enum {
  TRACE_PAGE_WORDS = 8192,
  TRACE_POSITION_BITS = 51,
  TRACE_SLOTS = 8,
  TRACE_RINGS_MAX = 4096,
  TRACE_LOSS_CAUSES = 5,
};

/// The first page of a buffer set. Written by the session before any other process maps it, except
/// the last word.
struct trace_set_header {
  uint64_t magic;
  uint32_t abi;
  uint32_t ring_count;
  uint64_t ring_bytes;
  uint32_t mode;
  uint32_t writer_kind;
  uint64_t block_timeout_ns;
  uint32_t uses_monotonic_clock;
  /// For recovery after the session was killed: the trace's stream number of ring 0, and the start
  /// time of the trace in ticks.
  uint32_t first_stream;
  uint64_t session_ticks;
  uint64_t padding[9];
  /// Number of events lost by threads without an rseq area in a set for rseq writers; any process
  /// adds to it.
  uint64_t lost_without_rseq;
};
_Static_assert(__builtin_offsetof(struct trace_set_header, lost_without_rseq) == 128, "own line");

/// A ring's control lines. Producers write the first 128 bytes, the consumer the rest; the unit is
/// 128 bytes because processors fetch cache lines in pairs.
struct trace_ring_control {
  /// Bits 0-50: position in words since the ring's start; bits 51-63: number of events in the
  /// current page. Everything below the position is complete, because this word is stored last.
  uint64_t tail;
  /// Process slot << 32 | thread id of the last context record; 0 if no record may follow it.
  uint64_t writer;
  /// The base of the records' tick deltas.
  uint64_t base_ticks;
  /// Number of events lost, by cause.
  uint64_t lost[TRACE_LOSS_CAUSES];
  /// Lock sets only: thread id of the holder, or 0.
  uint32_t lock;
  uint32_t reserved;
  uint64_t producer_padding[7];
  /// Position in words up to which the consumer has released the ring.
  uint64_t head;
  /// 1 while the consumer sleeps and must be woken when the ring fills.
  uint32_t wake_wanted;
  uint32_t consumer_reserved;
  uint64_t consumer_padding[14];
};
_Static_assert(sizeof(struct trace_ring_control) == 256, "control lines");
_Static_assert(__builtin_offsetof(struct trace_ring_control, head) == 128, "separate lines");

/// The addresses of a ring in this process. In private memory, so that other processes cannot
/// redirect stores.
struct trace_ring_ref {
  struct trace_ring_control *control;
  uint64_t *data;
};

/// A session's state for a process's emitters. Written only by the control thread.
struct trace_slot {
  /// Odd while a session is attached; every attach and detach adds one. Starts at 2: a thread that
  /// loaded it before the first session must not find it equal to `fast_generation`. The lower half
  /// also has the slot's number in bits 28-30, so the lower halves of two slots are never equal
  /// (a slot would have to be used 2^27 times first).
  uint64_t generation;
  /// `generation` if rseq writers may use the fast path, else 0.
  uint64_t fast_generation;
  struct trace_ring_ref *_Nullable rings;
  uint64_t ring_mask_words;
  /// Process slot << 32.
  uint64_t writer_high;
  uint32_t ring_count;
  uint32_t mode;
  /// The control lines of ring 0, which those of the other rings follow.
  struct trace_ring_control *_Nullable control;
  /// Number of emitters in the slow path; the mapping is kept while there are any.
  uint32_t slow_users;
  int32_t wake_fd;
  uint64_t block_timeout_ns;
  uint32_t uses_monotonic_clock;
  /// 1 after a writer waited without success: until a ring advances, further writers do not wait.
  uint32_t stalled;
  /// 1 in a lock set. Unlike `fast_generation`, it stays as it is while the session is detached.
  uint32_t uses_locks;
  uint32_t reserved[7];
  /// The mapping, so that a forked child can drop it without touching an object.
  struct trace_set_header *_Nullable set;
  uint64_t set_bytes;
};
_Static_assert(sizeof(struct trace_slot) == 128, "two cache lines");
_Static_assert(__builtin_offsetof(struct trace_slot, slow_users) == 56, "fast fields on one line");

extern struct trace_slot trace_slots[TRACE_SLOTS];

TRACE_INLINE struct trace_slot *trace_slot_at(uint32_t index) { return &trace_slots[index]; }

/// The rings of each slot's set. Static, because a section may be in a page fault of this memory
/// too when its session is detached.
extern struct trace_ring_ref trace_rings[TRACE_SLOTS][TRACE_RINGS_MAX];

TRACE_INLINE struct trace_ring_ref *trace_rings_of(uint32_t index) { return trace_rings[index]; }

/// One event type of a provider: who wants it, and under which number.
struct trace_event_row {
  /// A bit for each session that has enabled the event; 0 for none.
  uint8_t mask;
  /// A bit for each session that records stacks with it.
  uint8_t stack_mask;
  uint8_t reserved[6];
  /// The event's number in each session; 0 if not enabled. `mask` only summarizes it.
  uint16_t refs[TRACE_SLOTS];
  /// The Swift type whose events may be written with this id, so that another type's bytes are
  /// never sent as this event. 0 until the first enabled event has been checked, and in a forked
  /// child; 1 if its bytes do not match its schema. Emitters set it; the provider's owner sets and
  /// clears the bit TRACE_NOT_SOLE.
  uintptr_t type;
  /// If TRACE_NOT_SOLE is clear: the slot of the only session that wants the event. Otherwise
  /// stale.
  struct trace_slot *_Nullable sole_slot;
  /// The lower half of that session's generation, and from bit 32 the event's number there. One
  /// word, so that a number is never used with another session's generation. If it does not belong
  /// to `sole_slot`, because both are being changed, no generation of that slot is equal.
  uint64_t sole_header;
  uint64_t padding[2];
};
_Static_assert(sizeof(struct trace_event_row) == 64, "one cache line");

/// Set in a row's `type`, an address, unless exactly one session wants the event, without stacks,
/// and its writers use restartable sections.
enum { TRACE_NOT_SOLE = 2 };

/// The event's number in session `index`; 0 if it is not enabled there.
TRACE_INLINE uint16_t trace_event_ref(const struct trace_event_row *row, uint32_t index) {
  return trace_load_u16(&row->refs[index]);
}

/// A bit for each session that has a number for the event. While the provider waits for its
/// sessions' answers, `mask` has more bits.
TRACE_INLINE uint8_t trace_event_wanted(const struct trace_event_row *row) {
  uint8_t wanted = 0;
  for (uint32_t index = 0; index < TRACE_SLOTS; index++) {
    if (trace_event_ref(row, index) != 0) wanted |= (uint8_t)(1u << index);
  }
  return wanted;
}

/// The row's Swift type, or 0 or 1.
TRACE_INLINE uintptr_t trace_event_type(const struct trace_event_row *row) {
  return __atomic_load_n(&row->type, __ATOMIC_RELAXED) & ~(uintptr_t)TRACE_NOT_SOLE;
}

/// The row's Swift type if trace_sole_session_of says where to write its events; otherwise another
/// value.
TRACE_INLINE uintptr_t trace_event_sole_type(const struct trace_event_row *row) {
  return __atomic_load_n(&row->type, __ATOMIC_ACQUIRE);
}

/// Sets the row's type, unless another thread has done so.
TRACE_INLINE void trace_set_event_type(struct trace_event_row *row, uintptr_t type) {
  uintptr_t old = __atomic_load_n(&row->type, __ATOMIC_RELAXED);
  while ((old & ~(uintptr_t)TRACE_NOT_SOLE) == 0 &&
         !__atomic_compare_exchange_n(&row->type, &old, old | type, 1, __ATOMIC_ACQ_REL,
                                      __ATOMIC_RELAXED)) {}
}

/// Removes the row's type. Only while no other thread can emit.
TRACE_INLINE void trace_forget_event_type(struct trace_event_row *row) {
  __atomic_store_n(&row->type, TRACE_NOT_SOLE, __ATOMIC_RELEASE);
}

/// Lets emitters write the event to this session alone. It is attached, for writers that use
/// restartable sections.
TRACE_INLINE void trace_set_event_sole(
    struct trace_event_row *row, uint32_t index, uint16_t ref) {
  struct trace_slot *slot = trace_slot_at(index);
  uint64_t header = (uint32_t)trace_load_u64(&slot->generation) | (uint64_t)ref << 32;
  __atomic_store_n(&row->sole_slot, slot, __ATOMIC_RELAXED);
  __atomic_store_n(&row->sole_header, header, __ATOMIC_RELEASE);
  __atomic_fetch_and(&row->type, ~(uintptr_t)TRACE_NOT_SOLE, __ATOMIC_RELEASE);
}

/// Makes emitters look at the row's sessions one by one.
TRACE_INLINE void trace_clear_event_sole(struct trace_event_row *row) {
  __atomic_fetch_or(&row->type, TRACE_NOT_SOLE, __ATOMIC_RELEASE);
}

/// Number of rows of a provider: one for each possible event id, so that no id is outside the
/// table. Rows above the ids that may be traced remain zero.
enum { TRACE_EVENT_ROWS = 1 << 16 };

/// Rows for providers for which there was no memory: their events are never enabled.
extern struct trace_event_row trace_no_rows[TRACE_EVENT_ROWS];
TRACE_INLINE struct trace_event_row *trace_no_rows_start(void) { return trace_no_rows; }

#pragma clang assume_nonnull end

#endif
