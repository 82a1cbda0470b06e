// Opening files whose paths other processes choose, with the rights of those processes. The
// credentials of one thread are no concept of the C library, which changes them for all threads.
#ifndef TRACE_FOREIGN_H
#define TRACE_FOREIGN_H

#include <stdint.h>

#include "trace_atomics.h"

#pragma clang assume_nonnull begin

/// Whose files may be read: the ids by which the kernel checks a process's access to files.
struct trace_rights {
  uint32_t user, group;
  const uint32_t *_Nullable groups;
  int32_t group_count;
};

enum {
  /// `directory` is the root of absolute paths and of links: nothing leads out of it, and no link
  /// of /proc that leads to another file is followed.
  trace_foreign_in_root = 1,
  /// The file itself is no link, and nothing is mounted over its name.
  trace_foreign_plain_name = 2,
  /// The caller's own rights find the file, and the others must suffice to read it: for links in
  /// /proc that only a privileged process may follow.
  trace_foreign_own_lookup = 4,
  /// Nobody may execute the file who may not read it.
  trace_foreign_readable = 8,
};

/// Opens a regular file for reading. Never waits; opens no pipe, device, or file of /proc or /sys.
///
/// `rights` are the calling thread's for as long as this lasts, without any capability. Null: its
/// own are kept. Where a thread may not change its rights, the file's mode must give them.
/// Returns a descriptor or -errno: ENXIO where it is no regular file, ELOOP where it is a link,
/// EXDEV where something is mounted there.
int trace_open_foreign(int directory, const char *path, const struct trace_rights *_Nullable rights,
                       int how);

#pragma clang assume_nonnull end

#endif
