// CRC-32C (Castagnoli), the checksum of trace files. In C because Swift cannot name the
// instruction.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The checksum of `count` bytes that follow bytes whose checksum is `crc` (0 for none).
/// Uses the processor's instruction where it has one: about 8 bytes in 3 cycles.
uint32_t trace_crc32c(uint32_t crc, const void *_Nullable bytes, size_t count);

/// The same from a table, for processors without the instruction, and as the tests' second opinion.
uint32_t trace_crc32c_portable(uint32_t crc, const void *_Nullable bytes, size_t count);

#ifdef __cplusplus
}
#endif
