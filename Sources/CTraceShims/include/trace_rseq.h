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
_Static_assert(sizeof(struct trace_store) == 16, "the list is walked by 16");
_Static_assert(__builtin_offsetof(struct trace_store, address) == 0, "loaded as a pair");
_Static_assert(__builtin_offsetof(struct trace_store, value) == 8, "loaded as a pair");

#if defined(__x86_64__)

#define TRACE_RSEQ_SIGNATURE "0x53053053"

// The descriptor, its store, and label 1: the start of the section. `area` is the register with the
// offset of the thread's rseq area.
#define TRACE_SECTION_BEGIN(area)                                       \
  ".pushsection __rseq_cs, \"aw\"\n\t"                                  \
  ".balign 32\n\t"                                                      \
  "3: .long 0, 0\n\t"                                                   \
  ".quad 1f, (2f - 1f), 4f\n\t"                                         \
  ".popsection\n\t"                                                     \
  "leaq 3b(%%rip), %%rax\n\t"                                           \
  "movq %%rax, %%fs:%c[rseq_cs](" area ")\n\t"                          \
  "1:\n\t"

// Label 2: after the committing store. The abort handler is elsewhere, after its signature.
#define TRACE_SECTION_END                                               \
  "2:\n\t"                                                              \
  ".pushsection .text.unlikely, \"ax\"\n\t"                             \
  ".byte 0x0f, 0xb9, 0x3d\n\t"                                          \
  ".long " TRACE_RSEQ_SIGNATURE "\n\t"                                  \
  "4: jmp %l[aborted]\n\t"                                              \
  ".popsection\n\t"

/// Executes `count` stores in order on CPU `cpu` if `*guard` is still `expected`; the last one is
/// the commit. `count` ≥ 1. If TRACE_ABORTED is returned, some of the first stores may have been
/// executed, but not the last.
TRACE_INLINE enum trace_section trace_section_store(
    uint32_t cpu, const uint64_t *guard, uint64_t expected, const struct trace_store *stores,
    uint64_t count) {
  __asm__ goto volatile(
      TRACE_SECTION_BEGIN("%[rseq]")
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
      TRACE_SECTION_BEGIN("%[rseq]")
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

#define TRACE_SECTION_BEGIN(area)                                       \
  ".pushsection __rseq_cs, \"aw\"\n\t"                                  \
  ".balign 32\n\t"                                                      \
  "3: .long 0, 0\n\t"                                                   \
  ".quad 1f, (2f - 1f), 4f\n\t"                                         \
  ".popsection\n\t"                                                     \
  "adrp x9, 3b\n\t"                                                     \
  "add x9, x9, :lo12:3b\n\t"                                            \
  "str x9, [" area ", #%c[rseq_cs]]\n\t"                                \
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

TRACE_INLINE enum trace_section trace_section_store(
    uint32_t cpu, const uint64_t *guard, uint64_t expected, const struct trace_store *stores,
    uint64_t count) {
  __asm__ goto volatile(
      TRACE_SECTION_BEGIN("%[rseq]")
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
      TRACE_SECTION_BEGIN("%[rseq]")
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
