// Opens files whose paths other processes choose, with the rights of those processes. The C library
// has no concept of a thread's credentials: it changes them for all threads.
#ifndef TRACE_FOREIGN_H
#define TRACE_FOREIGN_H

#include <stdint.h>

#include "trace_atomics.h"

#pragma clang assume_nonnull begin

/// The ids by which the kernel checks a process's access to files.
struct trace_rights {
  uint32_t user, group;
  const uint32_t *_Nullable groups;
  int32_t group_count;
};

enum {
  /// `directory` is the root of absolute paths and of links: paths cannot leave it, and links of
  /// /proc to other files are not followed.
  trace_foreign_in_root = 1,
  /// The file itself must be neither a link nor a mount point.
  trace_foreign_plain_name = 2,
  /// The path is resolved with the caller's rights, and the other rights must suffice to read the
  /// file: for links in /proc that only a privileged process may follow.
  trace_foreign_own_lookup = 4,
  /// Every user who may execute the file must also be allowed to read it.
  trace_foreign_readable = 8,
};

/// Opens a regular file for reading. Never blocks; refuses pipes, devices, and files of /proc and
/// /sys.
///
/// During the call, the calling thread has `rights`, without any capability; if null, it keeps its
/// own. If a thread may not change its rights, the file's mode must grant them. Returns a
/// descriptor or -errno: ENXIO if it is not a regular file, ELOOP if it is a link, EXDEV if it is a
/// mount point.
int trace_open_foreign(int directory, const char *path, const struct trace_rights *_Nullable rights,
                       int how);

/// The time at which a file was created, in nanoseconds since 1970; 0 if it is not known.
int64_t trace_birth_ns(int file);

/// Compares the address spaces of two processes: 1 if they have the same one, as a child has its
/// parent's after vfork(2) or clone(2) with CLONE_VM; 0 if they differ; -1 if the kernel does not
/// tell (errno).
int trace_shares_memory(int32_t one, int32_t other);

#pragma clang assume_nonnull end

#endif
