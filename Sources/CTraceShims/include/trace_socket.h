// Packets with descriptors over Unix sockets, whose control messages are built with macros and
// whose addresses are unions that Swift cannot express.
#ifndef TRACE_SOCKET_H
#define TRACE_SOCKET_H

#include <stdint.h>
#include <sys/types.h>

#include "trace_atomics.h"

#pragma clang assume_nonnull begin

/// Maximum number of descriptors in a packet.
#define TRACE_PACKET_DESCRIPTORS_MAX 2

/// Creates a SOCK_SEQPACKET socket, close-on-exec; returns a descriptor or -1 (errno), like the
/// functions below.
int trace_packet_socket(void);
/// Returns -1 with ENAMETOOLONG if the path does not fit into a socket address.
int trace_packet_bind(int fd, const char *path);
/// Waits at most `timeout_ms` for space in the listener's queue (then EAGAIN).
int trace_packet_connect(int fd, const char *path, int timeout_ms);
/// The accepted socket is non-blocking and close-on-exec.
int trace_packet_accept(int fd);
/// The process that created the socket's other end, in this process's pid namespace.
int trace_peer(int fd, uint32_t *pid, uint32_t *uid);

/// Sends one packet completely, or fails with EAGAIN; raises no signal.
ssize_t trace_packet_send(int fd, const void *bytes, long count, const int *_Nullable descriptors,
                          int descriptor_count);
/// Receives one packet. Returns 0 if the other end is closed, and -1 with EMSGSIZE if the packet or
/// its descriptors did not fit. Descriptors are close-on-exec, and must be closed by the caller,
/// except after -1.
ssize_t trace_packet_receive(int fd, void *bytes, long capacity, int *descriptors,
                             int *descriptor_count);

/// Creates a non-blocking eventfd, close-on-exec; returns -1 (errno) on failure.
int trace_wake_descriptor(void);

/// Creates a pair of sockets through which other processes wake this one: it polls the first socket
/// and removes wakes with `trace_take_wakes`; they send through the second. Returns 0, or -1
/// (errno).
///
/// A socket is used because any process with an eventfd can make its other writers block forever:
/// whether it blocks is a property of the open file, which all of them share.
int trace_wake_pair(int *pair);
void trace_take_wakes(int fd);
/// Sends a wake; never blocks, whatever the descriptor is. Async-signal-safe.
void trace_wake_peer(int fd);

/// Waits until the word is not `expected`, it is woken, or the time is over. Spurious wakeups are
/// possible.
void trace_futex_wait(uint32_t *word, uint32_t expected, uint64_t timeout_ns);
void trace_futex_wake_all(uint32_t *word);

#pragma clang assume_nonnull end

#endif
