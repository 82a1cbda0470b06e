// Restartable sequences: the kernel restarts a section that was preempted, migrated or interrupted
// by a signal, so that plain stores to per-CPU memory are atomic with respect to everything else on
// that CPU.
//
// Rules: a section contains no call, no system call and no write to cpu_id_start; the abort
// signature precedes each abort handler; every restart stores the descriptor again.
#ifndef TRACE_RSEQ_H
#define TRACE_RSEQ_H

#include <stddef.h>
#include <stdint.h>

#include "trace_atomics.h"
#include "trace_ring.h"

#pragma clang assume_nonnull begin

/// Offset of the thread's rseq area from the thread pointer: the C library's area if it registered
/// one, otherwise a stand-in with which sections never do any work.
extern ptrdiff_t trace_rseq_offset;

/// Whether the C library registered rseq for this process's threads.
_Bool trace_rseq_is_registered(void);

/// Tests that the kernel restarts sections; takes well under a millisecond. False if rseq is not
/// registered, the barrier is missing, or the kernel is known to be faulty.
_Bool trace_rseq_self_test(void);

enum trace_section { TRACE_WRITTEN = 0, TRACE_SLOW = 1, TRACE_ABORTED = 2 };

/// Address and value of a store.
struct trace_store {
  uint64_t *address;
  uint64_t value;
};

/// Offsets in the kernel's `struct rseq`, which installed headers may lack; trace_rseq.c compares
/// them with the header if there is one.
enum { TRACE_RSEQ_CPU_ID = 4, TRACE_RSEQ_CS = 8 };

// The sections refer to fields by name, and the compiler inserts their offsets. Other assumptions:
_Static_assert(sizeof(struct trace_ring_ref) == 16, "a ring is found by shifting the CPU by 4");
_Static_assert(__builtin_offsetof(struct trace_ring_ref, control) == 0, "loaded as a pair");
_Static_assert(__builtin_offsetof(struct trace_ring_ref, data) == 8, "loaded as a pair");
_Static_assert(__builtin_offsetof(struct trace_ring_control, tail) == 0, "stored through the base");
_Static_assert(__builtin_offsetof(struct trace_ring_control, base_ticks) ==
                   __builtin_offsetof(struct trace_ring_control, writer) + 8, "loaded as a pair");
_Static_assert(sizeof(struct trace_store) == 16, "the list is walked by 16");
_Static_assert(__builtin_offsetof(struct trace_store, address) == 0, "loaded as a pair");
_Static_assert(__builtin_offsetof(struct trace_store, value) == 8, "loaded as a pair");
_Static_assert((TRACE_PAGE_WORDS & (TRACE_PAGE_WORDS - 1)) == 0, "words left come from a mask");
_Static_assert(TRACE_POSITION_BITS >= 32, "a page's words are counted in the tail's low half");

#define TRACE_FIELD(type, field) "i"(__builtin_offsetof(struct type, field))

/// Compile-time operands of trace_section_write.
#define TRACE_WRITE_CONSTANTS                                                            \
  [fast_generation] TRACE_FIELD(trace_slot, fast_generation),                            \
      [rings] TRACE_FIELD(trace_slot, rings),                                            \
      [ring_mask_words] TRACE_FIELD(trace_slot, ring_mask_words),                        \
      [ring_count] TRACE_FIELD(trace_slot, ring_count),                                  \
      [last_writer] TRACE_FIELD(trace_ring_control, writer),                             \
      [base_ticks] TRACE_FIELD(trace_ring_control, base_ticks),                          \
      [page_mask] "i"(TRACE_PAGE_WORDS - 1), [cpu_id] "i"(TRACE_RSEQ_CPU_ID),            \
      [one_event] "i"(1ull << TRACE_POSITION_BITS), [rseq_cs] "i"(TRACE_RSEQ_CS)

#if defined(__x86_64__)

#define TRACE_RSEQ_SIGNATURE "0x53053053"

// The descriptor, its store, and label 1: the start of the section.
#define TRACE_SECTION_BEGIN                                             \
  ".pushsection __rseq_cs, \"aw\"\n\t"                                  \
  ".balign 32\n\t"                                                      \
  "3: .long 0, 0\n\t"                                                   \
  ".quad 1f, (2f - 1f), 4f\n\t"                                         \
  ".popsection\n\t"                                                     \
  "leaq 3b(%%rip), %%rax\n\t"                                           \
  "movq %%rax, %%fs:%c[rseq_cs](%[rseq])\n\t"                           \
  "1:\n\t"

// Label 2: after the committing store. The abort handler is elsewhere, after its signature.
#define TRACE_SECTION_END                                               \
  "2:\n\t"                                                              \
  ".pushsection .text.unlikely, \"ax\"\n\t"                             \
  ".byte 0x0f, 0xb9, 0x3d\n\t"                                          \
  ".long " TRACE_RSEQ_SIGNATURE "\n\t"                                  \
  "4: jmp %l[aborted]\n\t"                                              \
  ".popsection\n\t"

/// Writes one record into the ring of the current CPU. Returns TRACE_SLOW if the ring needs a
/// context, a page or a reader, or if the session is no longer that of `generation`.
///
/// `record_words` includes the header. Ticks are read inside the section, so that each ring's are
/// in order.
TRACE_INLINE enum trace_section trace_section_write(
    const struct trace_slot *slot, uint64_t generation, uint64_t header, uint64_t writer,
    const uint64_t *payload, uint64_t record_words) {
  __asm__ goto volatile(
      TRACE_SECTION_BEGIN
      "cmpq %[generation], %c[fast_generation](%[slot])\n\t"
      "jne %l[slow]\n\t"
      "movl %%fs:%c[cpu_id](%[rseq]), %%eax\n\t"
      "cmpl %%eax, %c[ring_count](%[slot])\n\t"
      "jbe %l[slow]\n\t"
      "shlq $4, %%rax\n\t"
      "addq %c[rings](%[slot]), %%rax\n\t"
      "movq (%%rax), %%r8\n\t"                 // control
      "movq 8(%%rax), %%r9\n\t"                // data
      "movq (%%r8), %%r10\n\t"                 // tail
      "movl %%r10d, %%eax\n\t"                 // words left in the page; 0 also on its border
      "negl %%eax\n\t"
      "andl $%c[page_mask], %%eax\n\t"
      "cmpq %[words], %%rax\n\t"
      "jb %l[slow]\n\t"
      "cmpq %[writer], %c[last_writer](%%r8)\n\t"
      "jne %l[slow]\n\t"
      "movq %c[ring_mask_words](%[slot]), %%r11\n\t"
      "andq %%r10, %%r11\n\t"
      "leaq (%%r9, %%r11, 8), %%r9\n\t"        // where the record begins
      "rdtsc\n\t"
      "shlq $32, %%rdx\n\t"
      "orq %%rdx, %%rax\n\t"
      "subq %c[base_ticks](%%r8), %%rax\n\t"
      "movq %%rax, %%rdx\n\t"
      "shrq $32, %%rdx\n\t"                    // also catches ticks below the base
      "jnz %l[slow]\n\t"
      "orq %[header], %%rax\n\t"
      "movq %%rax, (%%r9)\n\t"
      "leaq -1(%[words]), %%rdx\n\t"
      "testq %%rdx, %%rdx\n\t"
      "jz 6f\n\t"
      "5: movq -8(%[payload], %%rdx, 8), %%rax\n\t"
      "movq %%rax, (%%r9, %%rdx, 8)\n\t"
      "decq %%rdx\n\t"
      "jnz 5b\n\t"
      "6: movabsq $%c[one_event], %%rax\n\t"    // one event more in the page
      "addq %%rax, %%r10\n\t"
      "addq %[words], %%r10\n\t"
      "movq %%r10, (%%r8)\n\t"                 // the commit
      TRACE_SECTION_END
      :
      : [slot] "r"(slot), [generation] "r"(generation), [header] "r"(header),
        [writer] "r"(writer), [payload] "r"(payload), [words] "r"(record_words),
        [rseq] "r"(trace_rseq_offset), TRACE_WRITE_CONSTANTS
      : "memory", "cc", "rax", "rdx", "r8", "r9", "r10", "r11"
      : slow, aborted);
  return TRACE_WRITTEN;
slow:
  return TRACE_SLOW;
aborted:
  return TRACE_ABORTED;
}

/// Executes `count` stores in order on CPU `cpu` if `*guard` is still `expected`; the last one is
/// the commit. `count` ≥ 1. If TRACE_ABORTED is returned, some of the first stores may have been
/// executed, but not the last.
TRACE_INLINE enum trace_section trace_section_store(
    uint32_t cpu, const uint64_t *guard, uint64_t expected, const struct trace_store *stores,
    uint64_t count) {
  __asm__ goto volatile(
      TRACE_SECTION_BEGIN
      "cmpl %[cpu], %%fs:%c[cpu_id](%[rseq])\n\t"
      "jne %l[slow]\n\t"
      "cmpq %[expected], (%[guard])\n\t"
      "jne %l[slow]\n\t"
      "movq %[stores], %%r8\n\t"
      "movq %[count], %%r9\n\t"
      "5: movq (%%r8), %%r10\n\t"
      "movq 8(%%r8), %%r11\n\t"
      "decq %%r9\n\t"
      "jz 6f\n\t"
      "movq %%r11, (%%r10)\n\t"
      "addq $16, %%r8\n\t"
      "jmp 5b\n\t"
      "6: movq %%r11, (%%r10)\n\t"             // the commit
      TRACE_SECTION_END
      :
      : [cpu] "r"(cpu), [guard] "r"(guard), [expected] "r"(expected), [stores] "r"(stores),
        [count] "r"(count), [rseq] "r"(trace_rseq_offset), [cpu_id] "i"(TRACE_RSEQ_CPU_ID),
        [rseq_cs] "i"(TRACE_RSEQ_CS)
      : "memory", "cc", "rax", "r8", "r9", "r10", "r11"
      : slow, aborted);
  return TRACE_WRITTEN;
slow:
  return TRACE_SLOW;
aborted:
  return TRACE_ABORTED;
}

/// Spins inside a section until it is restarted (TRACE_ABORTED) or after `limit` rounds. First sets
/// `*running` to 1.
TRACE_INLINE enum trace_section trace_section_spin(uint32_t *running, uint64_t limit) {
  __asm__ goto volatile(
      TRACE_SECTION_BEGIN
      "movl $1, (%[running])\n\t"
      "movq %[limit], %%r8\n\t"
      "5: pause\n\t"
      "decq %%r8\n\t"
      "jnz 5b\n\t"
      TRACE_SECTION_END
      :
      : [running] "r"(running), [limit] "r"(limit), [rseq] "r"(trace_rseq_offset),
        [rseq_cs] "i"(TRACE_RSEQ_CS)
      : "memory", "cc", "rax", "r8"
      : aborted);
  return TRACE_WRITTEN;
aborted:
  return TRACE_ABORTED;
}

/// The caller's CPU from the rseq area; greater than any real CPU if rseq is off.
TRACE_INLINE uint32_t trace_rseq_cpu(void) {
  uint32_t cpu;
  __asm__ volatile("movl %%fs:%c2(%1), %0"
                   : "=r"(cpu)
                   : "r"(trace_rseq_offset), "i"(TRACE_RSEQ_CPU_ID));
  return cpu;
}

#elif defined(__aarch64__)

#define TRACE_RSEQ_SIGNATURE "0xd428bc00"

#define TRACE_SECTION_BEGIN                                             \
  ".pushsection __rseq_cs, \"aw\"\n\t"                                  \
  ".balign 32\n\t"                                                      \
  "3: .long 0, 0\n\t"                                                   \
  ".quad 1f, (2f - 1f), 4f\n\t"                                         \
  ".popsection\n\t"                                                     \
  "adrp x9, 3b\n\t"                                                     \
  "add x9, x9, :lo12:3b\n\t"                                            \
  "str x9, [%[rseq], #%c[rseq_cs]]\n\t"                                  \
  "1:\n\t"

// The abort handler is after a branch, in reach of all branches: x16 and x17 need no veneer.
#define TRACE_SECTION_END                                               \
  "2:\n\t"                                                              \
  "b 7f\n\t"                                                            \
  ".inst " TRACE_RSEQ_SIGNATURE "\n\t"                                  \
  "4: b %l[aborted]\n\t"                                                \
  "7:\n\t"

TRACE_INLINE char *trace_rseq_area(void) {
  return (char *)__builtin_thread_pointer() + trace_rseq_offset;
}

TRACE_INLINE enum trace_section trace_section_write(
    const struct trace_slot *slot, uint64_t generation, uint64_t header, uint64_t writer,
    const uint64_t *payload, uint64_t record_words) {
  __asm__ goto volatile(
      TRACE_SECTION_BEGIN
      "ldr x9, [%[slot], #%c[fast_generation]]\n\t"
      "cmp x9, %[generation]\n\t"
      "b.ne %l[slow]\n\t"
      "ldr w9, [%[rseq], #%c[cpu_id]]\n\t"
      "ldr w10, [%[slot], #%c[ring_count]]\n\t"
      "cmp w9, w10\n\t"
      "b.hs %l[slow]\n\t"
      "ldr x10, [%[slot], #%c[rings]]\n\t"
      "add x9, x10, x9, lsl #4\n\t"
      "ldp x10, x11, [x9]\n\t"                 // control, data
      "ldr x12, [x10]\n\t"                     // tail
      "neg x9, x12\n\t"                        // words left in the page; 0 also on its border
      "and x9, x9, #%c[page_mask]\n\t"
      "cmp x9, %[words]\n\t"
      "b.lo %l[slow]\n\t"
      "ldp x9, x13, [x10, #%c[last_writer]]\n\t"  // and base_ticks
      "cmp x9, %[writer]\n\t"
      "b.ne %l[slow]\n\t"
      "ldr x9, [%[slot], #%c[ring_mask_words]]\n\t"
      "and x9, x9, x12\n\t"
      "add x11, x11, x9, lsl #3\n\t"           // where the record begins
      "mrs x9, cntvct_el0\n\t"
      "sub x9, x9, x13\n\t"
      "lsr x13, x9, #32\n\t"                   // also catches ticks below the base
      "cbnz x13, %l[slow]\n\t"
      "orr x9, x9, %[header]\n\t"
      "str x9, [x11]\n\t"
      "sub x13, %[words], #1\n\t"
      "cbz x13, 6f\n\t"
      "5: sub x14, x13, #1\n\t"
      "ldr x9, [%[payload], x14, lsl #3]\n\t"
      "str x9, [x11, x13, lsl #3]\n\t"
      "mov x13, x14\n\t"
      "cbnz x13, 5b\n\t"
      "6: mov x9, #%c[one_event]\n\t"          // one event more in the page
      "add x12, x12, x9\n\t"
      "add x12, x12, %[words]\n\t"
      "stlr x12, [x10]\n\t"                    // the commit
      TRACE_SECTION_END
      :
      : [slot] "r"(slot), [generation] "r"(generation), [header] "r"(header),
        [writer] "r"(writer), [payload] "r"(payload), [words] "r"(record_words),
        [rseq] "r"(trace_rseq_area()), TRACE_WRITE_CONSTANTS
      : "memory", "cc", "x9", "x10", "x11", "x12", "x13", "x14", "x16", "x17"
      : slow, aborted);
  return TRACE_WRITTEN;
slow:
  return TRACE_SLOW;
aborted:
  return TRACE_ABORTED;
}

TRACE_INLINE enum trace_section trace_section_store(
    uint32_t cpu, const uint64_t *guard, uint64_t expected, const struct trace_store *stores,
    uint64_t count) {
  __asm__ goto volatile(
      TRACE_SECTION_BEGIN
      "ldr w9, [%[rseq], #%c[cpu_id]]\n\t"
      "cmp w9, %w[cpu]\n\t"
      "b.ne %l[slow]\n\t"
      "ldr x9, [%[guard]]\n\t"
      "cmp x9, %[expected]\n\t"
      "b.ne %l[slow]\n\t"
      "mov x9, %[stores]\n\t"
      "mov x10, %[count]\n\t"
      "5: ldp x11, x12, [x9], #16\n\t"
      "sub x10, x10, #1\n\t"
      "cbz x10, 6f\n\t"
      "stlr x12, [x11]\n\t"
      "b 5b\n\t"
      "6: stlr x12, [x11]\n\t"                 // the commit
      TRACE_SECTION_END
      :
      : [cpu] "r"(cpu), [guard] "r"(guard), [expected] "r"(expected), [stores] "r"(stores),
        [count] "r"(count), [rseq] "r"(trace_rseq_area()), [cpu_id] "i"(TRACE_RSEQ_CPU_ID),
        [rseq_cs] "i"(TRACE_RSEQ_CS)
      : "memory", "cc", "x9", "x10", "x11", "x12", "x16", "x17"
      : slow, aborted);
  return TRACE_WRITTEN;
slow:
  return TRACE_SLOW;
aborted:
  return TRACE_ABORTED;
}

TRACE_INLINE enum trace_section trace_section_spin(uint32_t *running, uint64_t limit) {
  __asm__ goto volatile(
      TRACE_SECTION_BEGIN
      "mov w9, #1\n\t"
      "str w9, [%[running]]\n\t"
      "mov x9, %[limit]\n\t"
      "5: yield\n\t"
      "sub x9, x9, #1\n\t"
      "cbnz x9, 5b\n\t"
      TRACE_SECTION_END
      :
      : [running] "r"(running), [limit] "r"(limit), [rseq] "r"(trace_rseq_area()),
        [rseq_cs] "i"(TRACE_RSEQ_CS)
      : "memory", "cc", "x9", "x16", "x17"
      : aborted);
  return TRACE_WRITTEN;
aborted:
  return TRACE_ABORTED;
}

TRACE_INLINE uint32_t trace_rseq_cpu(void) {
  return __atomic_load_n((uint32_t *)(trace_rseq_area() + TRACE_RSEQ_CPU_ID), __ATOMIC_RELAXED);
}

#endif

#pragma clang assume_nonnull end

#endif
