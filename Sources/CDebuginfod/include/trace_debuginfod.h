#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// elfutils' client of debuginfod servers, `libdebuginfod.so.1`. It is loaded when it is first
/// asked for, because it brings an HTTP client and a TLS library along, which nothing else here
/// needs.

/// Whether this machine has the library.
bool trace_debuginfod_is_installed(void);

/// A client, NULL where the library is missing or there is no memory. One thread at a time uses it.
void *trace_debuginfod_begin(void);

/// Called about once a second while a file comes: how much of it is there, and how long it is, both
/// 0 while that is not known. The transfer goes on while it returns true.
typedef bool (*trace_debuginfod_progress)(void *context, uint64_t bytes, uint64_t total);

/// Finds the file of a build id in the library's cache or on the servers of DEBUGINFOD_URLS.
///
/// Returns 0 and the file's path in the cache, for free(), or an errno: ENOENT where no server has
/// it.
int trace_debuginfod_find(
    void *client, bool is_executable, const uint8_t *build_id, int build_id_size,
    trace_debuginfod_progress progress, void *context, char **path);

/// The server that was asked last, NULL where that is not known; valid until the next call.
const char *trace_debuginfod_url(void *client);

void trace_debuginfod_end(void *client);
