// Atomic access to plain memory, because Swift's Atomic must own its storage, which a mapping does
// not permit.
#ifndef TRACE_ATOMICS_H
#define TRACE_ATOMICS_H

#include <stdint.h>

#pragma clang assume_nonnull begin

#define TRACE_INLINE static inline __attribute__((always_inline))

/// Whether any bit is set. The caller's code for "yes" stands outside its path for "no".
///
/// Swift's `_slowPath` would also make the Swift compiler inline less in that code. The empty
/// instruction keeps the branch, which carries the hint, until this function is inlined. The
/// probability is just above the 80 % from which LLVM moves code. With 99 %, LLVM would also keep
/// that code's variables in memory: an enabled event cost 1 to 2 ns more.
TRACE_INLINE _Bool trace_any_unlikely(uint64_t bits) {
  if (__builtin_expect_with_probability(bits != 0, 0, 0.85)) {
    __asm__ volatile("");
    return 1;
  }
  return 0;
}

TRACE_INLINE uint8_t trace_load_u8(const uint8_t *p) {
  return __atomic_load_n(p, __ATOMIC_RELAXED);
}
TRACE_INLINE void trace_store_u8(uint8_t *p, uint8_t v) {
  __atomic_store_n(p, v, __ATOMIC_RELEASE);
}
TRACE_INLINE uint16_t trace_load_u16(const uint16_t *p) {
  return __atomic_load_n(p, __ATOMIC_RELAXED);
}
TRACE_INLINE void trace_store_u16(uint16_t *p, uint16_t v) {
  __atomic_store_n(p, v, __ATOMIC_RELEASE);
}
TRACE_INLINE uint32_t trace_load_u32(const uint32_t *p) {
  return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}
TRACE_INLINE void trace_store_u32(uint32_t *p, uint32_t v) {
  __atomic_store_n(p, v, __ATOMIC_RELEASE);
}
TRACE_INLINE uint32_t trace_exchange_u32(uint32_t *p, uint32_t v) {
  return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);
}
/// Returns true if `*p` was `from` and is now `to`.
TRACE_INLINE _Bool trace_compare_exchange_u32(uint32_t *p, uint32_t from, uint32_t to) {
  return __atomic_compare_exchange_n(p, &from, to, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}
TRACE_INLINE uint32_t trace_add_u32(uint32_t *p, uint32_t v) {
  return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);
}
TRACE_INLINE uint64_t trace_load_u64(const uint64_t *p) {
  return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}
TRACE_INLINE uint64_t trace_load_relaxed_u64(const uint64_t *p) {
  return __atomic_load_n(p, __ATOMIC_RELAXED);
}
TRACE_INLINE void trace_store_u64(uint64_t *p, uint64_t v) {
  __atomic_store_n(p, v, __ATOMIC_RELEASE);
}
TRACE_INLINE void trace_store_relaxed_u64(uint64_t *p, uint64_t v) {
  __atomic_store_n(p, v, __ATOMIC_RELAXED);
}
TRACE_INLINE uint64_t trace_add_u64(uint64_t *p, uint64_t v) {
  return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);
}
/// Returns the previous value.
TRACE_INLINE uint64_t trace_or_u64(uint64_t *p, uint64_t bits) {
  return __atomic_fetch_or(p, bits, __ATOMIC_SEQ_CST);
}
/// Returns true if `*p` was `from` and is now `to`.
TRACE_INLINE _Bool trace_compare_exchange_u64(uint64_t *p, uint64_t from, uint64_t to) {
  return __atomic_compare_exchange_n(p, &from, to, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}
TRACE_INLINE void trace_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/// Makes the compiler compute an address that is not used otherwise.
TRACE_INLINE void trace_use(const void *address) { __asm__ volatile("" : : "r"(address)); }

#pragma clang assume_nonnull end

#endif
