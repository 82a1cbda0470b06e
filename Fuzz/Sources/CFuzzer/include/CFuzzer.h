// libFuzzer's entry point, whose header is not part of the toolchain.
#ifndef CFUZZER_H
#define CFUZZER_H
#include <stddef.h>
#include <stdint.h>

/// Runs the fuzzer: parses the command line, then calls `test_one` with each input.
int LLVMFuzzerRunDriver(int *_Nonnull argc, char *_Nullable *_Nonnull *_Nonnull argv,
                        int (*_Nonnull test_one)(const uint8_t *_Nullable data, size_t size));
#endif
