#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// elfutils' client of debuginfod servers, `libdebuginfod.so.1`. It is loaded when first needed,
/// because it loads an HTTP client and a TLS library, which nothing else here needs.

/// Whether the library is installed.
bool trace_debuginfod_is_installed(void);

/// Creates a client; NULL if the library is missing or there is no memory. Used by one thread at a
/// time.
void *trace_debuginfod_begin(void);

/// Called about once a second during a transfer, with the number of bytes received and the size of
/// the file, both 0 while not known. The transfer continues while it returns true.
typedef bool (*trace_debuginfod_progress)(void *context, uint64_t bytes, uint64_t total);

/// Finds the file of a build id in the library's cache or on the servers of DEBUGINFOD_URLS.
///
/// Returns 0 and the file's path in the cache, to be released with free(), or an errno: ENOENT if
/// no server has it.
int trace_debuginfod_find(
    void *client, bool is_executable, const uint8_t *build_id, int build_id_size,
    trace_debuginfod_progress progress, void *context, char **path);

/// The server of the last request; NULL if not known. Valid until the next call.
const char *trace_debuginfod_url(void *client);

void trace_debuginfod_end(void *client);
