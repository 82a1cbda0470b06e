// System calls that are variadic or missing in the C library's headers.
#ifndef TRACE_SYSCALLS_H
#define TRACE_SYSCALLS_H

#include <poll.h>
#include <stdint.h>

#include "trace_atomics.h"

#pragma clang assume_nonnull begin

/// membarrier(2) for restartable sequences of this process: when it returns 0, every thread that
/// was inside a sequence has been restarted. -1 if the kernel does not support it.
int trace_rseq_barrier_register(void);
int trace_rseq_barrier(void);

/// Adds one to an eventfd; does not block on a non-blocking one. Async-signal-safe.
void trace_wake(int fd);

/// Calls memfd_create with sealing allowed and close-on-exec; returns a descriptor or -1 (errno).
int trace_memfd(const char *name);
/// Forbids shrinking, growing and further seals; returns 0 or -1.
int trace_memfd_seal(int fd);
/// Punches a hole, which reads as zeros. No seal prevents this while the memory is writable.
void trace_memfd_punch(int fd, long offset, long count);
/// True if the descriptor is a memfd that can neither shrink nor grow.
_Bool trace_memfd_is_sealed(int fd);

/// poll(2), also where the kernel or a sandbox refuses it: then waits a short time, and reports
/// every descriptor as ready for what is asked of it, so the caller must use them without blocking.
int trace_poll(struct pollfd *polls, unsigned long count, int timeout_ms);

/// Makes orphaned descendants the caller's children, not init's.
void trace_adopt_orphans(void);
/// Reaps children that have ended, except `spared`.
void trace_reap_all_but(int spared);

/// The type of the file system that contains a file, as in statfs(2); 0 if not known.
uint64_t trace_file_system(const char *path);

/// Reserves zeroed memory that takes no physical memory until it is used; null on failure.
void *_Nullable trace_reserve(long bytes);
void trace_release(void *memory, long bytes);

/// Reads entries of a directory, as `struct dirent`s one behind the other, from the descriptor's
/// position on. Returns the number of bytes, 0 at the end, or -1 (errno). Unlike `readdir`, it
/// allocates no memory.
long trace_directory_entries(int descriptor, void *buffer, uintptr_t size);

#pragma clang assume_nonnull end

#endif
