#include "trace_checksum.h"

#include <stdatomic.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
#endif

// One byte at a time: the reflected polynomial is 0x82F63B78.
static const uint32_t nibble_table[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t trace_crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  crc = ~crc;
  for (; count > 0; count--) {
    crc ^= *p++;
    crc = nibble_table[crc & 15] ^ (crc >> 4);
    crc = nibble_table[crc & 15] ^ (crc >> 4);
  }
  return ~crc;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) static uint32_t crc32c_instruction(uint32_t crc,
                                                                     const void *bytes,
                                                                     size_t count) {
  const uint8_t *p = bytes;
  uint64_t state = (uint32_t)~crc;
  for (; count >= 8; count -= 8, p += 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    state = __builtin_ia32_crc32di(state, word);
  }
  for (; count > 0; count--) state = __builtin_ia32_crc32qi((uint32_t)state, *p++);
  return ~(uint32_t)state;
}

static int has_instruction(void) {
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_SSE4_2) != 0;
}

#elif defined(__aarch64__)

__attribute__((target("crc"))) static uint32_t crc32c_instruction(uint32_t crc, const void *bytes,
                                                                  size_t count) {
  const uint8_t *p = bytes;
  uint32_t state = ~crc;
  for (; count >= 8; count -= 8, p += 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    state = __builtin_arm_crc32cd(state, word);
  }
  for (; count > 0; count--) state = __builtin_arm_crc32cb(state, *p++);
  return ~state;
}

static int has_instruction(void) { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }

#else

static uint32_t crc32c_instruction(uint32_t crc, const void *bytes, size_t count) {
  return trace_crc32c_portable(crc, bytes, count);
}

static int has_instruction(void) { return 0; }

#endif

uint32_t trace_crc32c(uint32_t crc, const void *bytes, size_t count) {
  // 0: not determined yet, 1: no, 2: yes. Concurrent threads determine the same value.
  static _Atomic int known = 0;
  int answer = atomic_load_explicit(&known, memory_order_relaxed);
  if (answer == 0) {
    answer = has_instruction() ? 2 : 1;
    atomic_store_explicit(&known, answer, memory_order_relaxed);
  }
  return answer == 2 ? crc32c_instruction(crc, bytes, count)
                     : trace_crc32c_portable(crc, bytes, count);
}
