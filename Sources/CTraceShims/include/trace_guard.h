// A process that waits for the end of this one. Swift cannot fork: only a few functions are safe in
// the child of a process with threads.
#ifndef TRACE_GUARD_H
#define TRACE_GUARD_H

#pragma clang assume_nonnull begin

/// Starts a process, no child of this one and in a session of its own, that waits until this one
/// ends, by whatever signal, and then runs this program with the arguments and with `fd` as its
/// standard input; its outputs are /dev/null.
///
/// Returns a socket, or -1 (errno). A byte sent to it ends the guard at once.
int trace_guard_start(int fd, char *_Nullable const *_Nonnull arguments);

#pragma clang assume_nonnull end

#endif
