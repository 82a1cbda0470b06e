// The restartable section that writes a record into the ring of the current CPU.
//
// The section exists once for records whose payload is in memory, and once for each length of up to
// TRACE_SHORT_WORDS words, which it takes from registers.
//
// On x86-64 the place of the counter's read decides the cost. Some processors (such as Intel's
// Emerald Rapids) read it only when all earlier instructions are complete, and begin little of
// what follows before they have read it. The two chains of loads between two reads then run side
// by side: from the read to the end of the event, and from the next event to its read. The read
// therefore stands where both are equally long, when the ring's lines are known and before they
// are read. At the section's beginning an event cost 0.05 to 0.08 of a read more, at its end 0.16
// to 0.2 more. For the same reason the way to the read is short: the offset of the rseq area is a
// global word, and a ring's control lines are found by their number. Other processors run most of
// the section while they read the counter, as long as the whole event has few instructions: beyond
// about 30 to 70 (fewer when another thread shares the core) each one adds to the event's cost.
#ifndef TRACE_WRITE_H
#define TRACE_WRITE_H

#include <stdint.h>

#include "trace_atomics.h"
#include "trace_ring.h"
#include "trace_rseq.h"
#include "trace_thread.h"

#pragma clang assume_nonnull begin

// The section refers to fields by name, and the compiler inserts their offsets. Other assumptions:
_Static_assert(sizeof(struct trace_ring_ref) == 16, "a ring is found by shifting the CPU by 4");
_Static_assert(sizeof(struct trace_ring_control) == 256, "and its control lines by 8");
_Static_assert(__builtin_offsetof(struct trace_ring_ref, control) == 0, "loaded as a pair");
_Static_assert(__builtin_offsetof(struct trace_ring_ref, data) == 8, "loaded as a pair");
_Static_assert(__builtin_offsetof(struct trace_ring_control, tail) == 0, "stored through the base");
_Static_assert(__builtin_offsetof(struct trace_ring_control, base_ticks) ==
                   __builtin_offsetof(struct trace_ring_control, writer) + 8, "loaded as a pair");
_Static_assert((TRACE_PAGE_WORDS & (TRACE_PAGE_WORDS - 1)) == 0, "words left come from a mask");
_Static_assert(TRACE_POSITION_BITS >= 32, "a page's words are counted in the tail's low half");

/// Distance of the cache line that a record requests, so that later stores find it. A ring's lines
/// come from the last cache or from memory. Without this, an event in a ring of 128 MB costs 4 % of
/// a counter's read more. A prefetch behind the last ring has no effect.
enum { TRACE_BYTES_AHEAD = 192 };

#define TRACE_FIELD(type, field) "i"(__builtin_offsetof(struct type, field))

/// Operands of every variant.
#define TRACE_WRITE_OPERANDS                                                             \
  [slot] "r"(slot), [header] "r"(header), [writer] "r"(writer),                          \
      [fast_generation] TRACE_FIELD(trace_slot, fast_generation),                        \
      [rings] TRACE_FIELD(trace_slot, rings),                                            \
      [control] TRACE_FIELD(trace_slot, control),                                        \
      [ring_mask_words] TRACE_FIELD(trace_slot, ring_mask_words),                        \
      [ring_count] TRACE_FIELD(trace_slot, ring_count),                                  \
      [last_writer] TRACE_FIELD(trace_ring_control, writer),                             \
      [base_ticks] TRACE_FIELD(trace_ring_control, base_ticks),                          \
      [ahead] "i"(TRACE_BYTES_AHEAD), [page_mask] "i"(TRACE_PAGE_WORDS - 1),             \
      [cpu_id] "i"(TRACE_RSEQ_CPU_ID),                                                   \
      [one_event] "i"(1ull << TRACE_POSITION_BITS), [rseq_cs] "i"(TRACE_RSEQ_CS)

#if defined(__x86_64__)

// Afterwards: rdx and rax the counter, r8 the ring's control lines, r9 its data, r10 its tail.
#define TRACE_WRITE_BEGIN                                                                \
  "movq trace_rseq_offset@GOTPCREL(%%rip), %%r10\n\t"                                    \
  "movq (%%r10), %%r10\n\t"                                                              \
  TRACE_SECTION_BEGIN("%%r10")                                                           \
  "cmpl %k[header], %c[fast_generation](%[slot])\n\t"                                    \
  "jne %l[slow]\n\t"                                                                     \
  "movl %%fs:%c[cpu_id](%%r10), %%r11d\n\t"                                              \
  "cmpl %%r11d, %c[ring_count](%[slot])\n\t"                                             \
  "jbe %l[slow]\n\t"                                                                     \
  "movl %%r11d, %%r8d\n\t"                                                               \
  "shlq $8, %%r8\n\t"                                                                    \
  "addq %c[control](%[slot]), %%r8\n\t"                                                  \
  "shlq $4, %%r11\n\t"                                                                   \
  "addq %c[rings](%[slot]), %%r11\n\t"                                                   \
  "rdtsc\n\t"                                                                            \
  "movq 8(%%r11), %%r9\n\t"                                                              \
  "movq (%%r8), %%r10\n\t"

// Afterwards: r9 the record, whose header is stored.
#define TRACE_WRITE_HEADER                                                               \
  "cmpq %[writer], %c[last_writer](%%r8)\n\t"                                            \
  "jne %l[slow]\n\t"                                                                     \
  "movq %c[ring_mask_words](%[slot]), %%r11\n\t"                                         \
  "andq %%r10, %%r11\n\t"                                                                \
  "leaq (%%r9, %%r11, 8), %%r9\n\t"                                                      \
  "prefetchw %c[ahead](%%r9)\n\t"                                                        \
  "subl %c[base_ticks](%%r8), %%eax\n\t"                                                 \
  "sbbl 4+%c[base_ticks](%%r8), %%edx\n\t"                                               \
  "jne %l[slow]\n\t" /* 2^32 ticks after the base or more, or before it */               \
  "movq %[header], (%%r9)\n\t"                                                           \
  "movl %%eax, (%%r9)\n\t"

// Words left in the page: 0 also on its border.
#define TRACE_WRITE_ROOM(words)                                                          \
  "movl %%r10d, %%r11d\n\t"                                                              \
  "negl %%r11d\n\t"                                                                      \
  "andl $%c[page_mask], %%r11d\n\t"                                                      \
  "cmpq " words ", %%r11\n\t"                                                            \
  "jb %l[slow]\n\t"

// The last word of the page at which a record of the constant length may begin; the border counts
// as the end of the page before it.
#define TRACE_WRITE_ROOM_SHORT                                                           \
  "leal -1(%%r10), %%r11d\n\t"                                                           \
  "andl $%c[page_mask], %%r11d\n\t"                                                      \
  "cmpl $%c[page_mask]-%c[words], %%r11d\n\t"                                            \
  "ja %l[slow]\n\t"

#define TRACE_WRITE_PAYLOAD                                                              \
  "leaq -1(%[words]), %%rdx\n\t"                                                         \
  "testq %%rdx, %%rdx\n\t"                                                               \
  "jz 6f\n\t"                                                                            \
  "5: movq -8(%[payload], %%rdx, 8), %%rax\n\t"                                          \
  "movq %%rax, (%%r9, %%rdx, 8)\n\t"                                                     \
  "decq %%rdx\n\t"                                                                       \
  "jnz 5b\n\t"                                                                           \
  "6:\n\t"

#define TRACE_STORE_WORD(index) "movq %[w" #index "], 8+8*" #index "(%%r9)\n\t"

// One event more in the page, and the position after the record.
#define TRACE_WRITE_COMMIT                                                               \
  "movabsq $%c[one_event], %%rax\n\t"                                                    \
  "addq %%rax, %%r10\n\t"                                                                \
  "addq %[words], %%r10\n\t"                                                             \
  "movq %%r10, (%%r8)\n\t"                                                               \
  TRACE_SECTION_END

#define TRACE_WRITE_COMMIT_SHORT                                                         \
  "movabsq $%c[one_event]+%c[words], %%rax\n\t"                                          \
  "addq %%r10, %%rax\n\t"                                                                \
  "movq %%rax, (%%r8)\n\t"                                                               \
  TRACE_SECTION_END

#define TRACE_WRITE_AREA
#define TRACE_WRITE_CLOBBERS "memory", "cc", "rax", "rdx", "r8", "r9", "r10", "r11"

#elif defined(__aarch64__)

// Afterwards: x10 the ring's control lines, x11 its data, x12 its tail.
#define TRACE_WRITE_BEGIN                                                                \
  TRACE_SECTION_BEGIN("%[rseq]")                                                         \
  "ldr w9, [%[slot], #%c[fast_generation]]\n\t"                                          \
  "cmp w9, %w[header]\n\t"                                                               \
  "b.ne %l[slow]\n\t"                                                                    \
  "ldr w9, [%[rseq], #%c[cpu_id]]\n\t"                                                   \
  "ldr w10, [%[slot], #%c[ring_count]]\n\t"                                              \
  "cmp w9, w10\n\t"                                                                      \
  "b.hs %l[slow]\n\t"                                                                    \
  "ldr x10, [%[slot], #%c[rings]]\n\t"                                                   \
  "add x9, x10, x9, lsl #4\n\t"                                                          \
  "ldp x10, x11, [x9]\n\t"                                                               \
  "ldr x12, [x10]\n\t"

// Afterwards: x11 the record, whose header is stored.
#define TRACE_WRITE_HEADER                                                               \
  "ldp x9, x13, [x10, #%c[last_writer]]\n\t" /* and base_ticks */                        \
  "cmp x9, %[writer]\n\t"                                                                \
  "b.ne %l[slow]\n\t"                                                                    \
  "ldr x9, [%[slot], #%c[ring_mask_words]]\n\t"                                          \
  "and x9, x9, x12\n\t"                                                                  \
  "add x11, x11, x9, lsl #3\n\t"                                                         \
  "mrs x9, cntvct_el0\n\t"                                                               \
  "sub x9, x9, x13\n\t"                                                                  \
  "lsr x13, x9, #32\n\t"                                                                 \
  "cbnz x13, %l[slow]\n\t" /* 2^32 ticks after the base or more, or before it */         \
  "mov x13, %[header]\n\t"                                                               \
  "bfi x13, x9, #0, #32\n\t"                                                             \
  "str x13, [x11]\n\t"

// Words left in the page: 0 also on its border.
#define TRACE_WRITE_ROOM(words)                                                          \
  "neg x9, x12\n\t"                                                                      \
  "and x9, x9, #%c[page_mask]\n\t"                                                       \
  "cmp x9, " words "\n\t"                                                                \
  "b.lo %l[slow]\n\t"

#define TRACE_WRITE_ROOM_SHORT TRACE_WRITE_ROOM("#%c[words]")

#define TRACE_WRITE_PAYLOAD                                                              \
  "sub x13, %[words], #1\n\t"                                                            \
  "cbz x13, 6f\n\t"                                                                      \
  "5: sub x14, x13, #1\n\t"                                                              \
  "ldr x9, [%[payload], x14, lsl #3]\n\t"                                                \
  "str x9, [x11, x13, lsl #3]\n\t"                                                       \
  "mov x13, x14\n\t"                                                                     \
  "cbnz x13, 5b\n\t"                                                                     \
  "6:\n\t"

#define TRACE_STORE_WORD(index) "str %[w" #index "], [x11, #8+8*" #index "]\n\t"

// One event more in the page, and the position after the record.
#define TRACE_WRITE_ADVANCE(words)                                                       \
  "mov x9, #%c[one_event]\n\t"                                                           \
  "add x12, x12, x9\n\t"                                                                 \
  "add x12, x12, " words "\n\t"                                                          \
  "stlr x12, [x10]\n\t"                                                                  \
  TRACE_SECTION_END

#define TRACE_WRITE_COMMIT TRACE_WRITE_ADVANCE("%[words]")
#define TRACE_WRITE_COMMIT_SHORT TRACE_WRITE_ADVANCE("#%c[words]")

#define TRACE_WRITE_AREA                                                                 \
  , [rseq] "r"((char *)__builtin_thread_pointer() + trace_rseq_offset)
#define TRACE_WRITE_CLOBBERS                                                             \
  "memory", "cc", "x9", "x10", "x11", "x12", "x13", "x14", "x16", "x17"

#endif

/// trace_section_write for a payload in memory.
TRACE_INLINE enum trace_section trace_section_write_long(
    const struct trace_slot *slot, uint64_t header, uint64_t writer, const uint64_t *payload,
    uint64_t payload_words) {
  uint64_t record_words = payload_words + 1;
  __asm__ goto volatile(
      TRACE_WRITE_BEGIN TRACE_WRITE_ROOM("%[words]") TRACE_WRITE_HEADER TRACE_WRITE_PAYLOAD
          TRACE_WRITE_COMMIT
      :
      : TRACE_WRITE_OPERANDS, [payload] "r"(payload), [words] "r"(record_words) TRACE_WRITE_AREA
      : TRACE_WRITE_CLOBBERS
      : slow, aborted);
  return TRACE_WRITTEN;
slow:
  return TRACE_SLOW;
aborted:
  return TRACE_ABORTED;
}

/// The most words that a section takes from registers.
enum { TRACE_SHORT_WORDS = 5 };

#define TRACE_STORES_0
#define TRACE_STORES_1 TRACE_STORE_WORD(0)
#define TRACE_STORES_2 TRACE_STORES_1 TRACE_STORE_WORD(1)
#define TRACE_STORES_3 TRACE_STORES_2 TRACE_STORE_WORD(2)
#define TRACE_STORES_4 TRACE_STORES_3 TRACE_STORE_WORD(3)
#define TRACE_STORES_5 TRACE_STORES_4 TRACE_STORE_WORD(4)
#define TRACE_WORDS_0
#define TRACE_WORDS_1 , [w0] "r"(payload[0])
#define TRACE_WORDS_2 TRACE_WORDS_1, [w1] "r"(payload[1])
#define TRACE_WORDS_3 TRACE_WORDS_2, [w2] "r"(payload[2])
#define TRACE_WORDS_4 TRACE_WORDS_3, [w3] "r"(payload[3])
#define TRACE_WORDS_5 TRACE_WORDS_4, [w4] "r"(payload[4])

#define TRACE_DEFINE_SHORT_WRITE(count)                                                  \
  TRACE_INLINE enum trace_section trace_section_write_##count(                           \
      const struct trace_slot *slot, uint64_t header, uint64_t writer,                   \
      const uint64_t *payload) {                                                         \
    __asm__ goto volatile(                                                               \
        TRACE_WRITE_BEGIN TRACE_WRITE_ROOM_SHORT TRACE_WRITE_HEADER TRACE_STORES_##count \
            TRACE_WRITE_COMMIT_SHORT                                                     \
        :                                                                                \
        : TRACE_WRITE_OPERANDS, [words] "i"(1 + count) TRACE_WORDS_##count               \
              TRACE_WRITE_AREA                                                           \
        : TRACE_WRITE_CLOBBERS                                                           \
        : slow, aborted);                                                                \
    return TRACE_WRITTEN;                                                                \
  slow:                                                                                  \
    return TRACE_SLOW;                                                                   \
  aborted:                                                                               \
    return TRACE_ABORTED;                                                                \
  }

TRACE_DEFINE_SHORT_WRITE(0)
TRACE_DEFINE_SHORT_WRITE(1)
TRACE_DEFINE_SHORT_WRITE(2)
TRACE_DEFINE_SHORT_WRITE(3)
TRACE_DEFINE_SHORT_WRITE(4)
TRACE_DEFINE_SHORT_WRITE(5)

/// trace_section_write for a payload of at most TRACE_SHORT_WORDS words.
TRACE_INLINE enum trace_section trace_section_write_short(
    const struct trace_slot *slot, uint64_t header, uint64_t writer, const uint64_t *payload,
    uint64_t payload_words) {
  switch (payload_words) {
  case 0: return trace_section_write_0(slot, header, writer, payload);
  case 1: return trace_section_write_1(slot, header, writer, payload);
  case 2: return trace_section_write_2(slot, header, writer, payload);
  case 3: return trace_section_write_3(slot, header, writer, payload);
  case 4: return trace_section_write_4(slot, header, writer, payload);
  default: return trace_section_write_5(slot, header, writer, payload);
  }
}

/// Whether the compiler knows that the payload has at most TRACE_SHORT_WORDS words.
TRACE_INLINE _Bool trace_is_short(uint64_t payload_words) {
  return __builtin_constant_p(payload_words) && payload_words <= TRACE_SHORT_WORDS;
}

/// Writes one record into the ring of the current CPU. Returns TRACE_SLOW if the ring needs a
/// context, a page or a reader, or if the session is no longer that of the generation.
///
/// `header` has the record's length, flags and event ref in its upper half, and the lower half of
/// the session's generation in its lower half, which the ticks replace. Ticks are read inside the
/// section, so that each ring's are in order. If the compiler knows that the payload is short, the
/// payload does not pass through memory.
TRACE_INLINE enum trace_section trace_section_write(
    const struct trace_slot *slot, uint64_t header, uint64_t writer, const uint64_t *payload,
    uint64_t payload_words) {
  if (trace_is_short(payload_words)) {
    return trace_section_write_short(slot, header, writer, payload, payload_words);
  }
  return trace_section_write_long(slot, header, writer, payload, payload_words);
}

/// Where the only session that wants an event gets it.
struct trace_sole_session {
  const struct trace_slot *slot;
  /// The header's event ref and generation; its length is missing.
  uint64_t header;
  uint64_t writer;
};

/// For a row whose type was found equal by trace_event_sole_type. If the row is being changed, the
/// parts may not fit each other, and the section that gets them writes nothing.
TRACE_INLINE struct trace_sole_session trace_sole_session_of(const struct trace_event_row *row) {
  struct trace_sole_session session;
  session.slot = __atomic_load_n(&row->sole_slot, __ATOMIC_RELAXED);
  // Acquired before the slot is read, so that the slot's fields are those of this session or newer.
  session.header = __atomic_load_n(&row->sole_header, __ATOMIC_ACQUIRE);
  // A slot that is being given to another session may change here; the generation then differs.
  session.writer =
      __atomic_load_n(&session.slot->writer_high, __ATOMIC_RELAXED) | trace_thread_id_cached();
  return session;
}

#pragma clang assume_nonnull end

#endif
