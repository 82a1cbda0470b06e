// CRC-32C (Castagnoli), the checksum of trace files. Written in C because Swift cannot use the
// instruction.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Returns the checksum of `count` bytes that follow bytes with the checksum `crc` (0 for none).
/// Uses the processor's instruction if it has one: about 8 bytes in 3 cycles.
uint32_t trace_crc32c(uint32_t crc, const void *_Nullable bytes, size_t count);

/// Computes the same from a table, for processors without the instruction, and to verify it in
/// tests.
uint32_t trace_crc32c_portable(uint32_t crc, const void *_Nullable bytes, size_t count);

#ifdef __cplusplus
}
#endif
