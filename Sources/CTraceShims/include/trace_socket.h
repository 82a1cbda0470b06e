// Packets with descriptors over Unix sockets: their control messages are built by macros, and
// addresses are unions that Swift cannot spell.
#ifndef TRACE_SOCKET_H
#define TRACE_SOCKET_H

#include <stdint.h>
#include <sys/types.h>

#include "trace_atomics.h"

#pragma clang assume_nonnull begin

/// Descriptors a packet may carry.
#define TRACE_PACKET_DESCRIPTORS_MAX 2

/// A SOCK_SEQPACKET socket, close-on-exec; a descriptor or -1 (errno), like those below.
int trace_packet_socket(void);
/// -1 with ENAMETOOLONG when the path does not fit a socket address.
int trace_packet_bind(int fd, const char *path);
/// Waits `timeout_ms` at most for room in the listener's queue (then EAGAIN).
int trace_packet_connect(int fd, const char *path, int timeout_ms);
/// The accepted socket does not block and is closed on exec.
int trace_packet_accept(int fd);
/// Who made the socket's other end, as this process's pid namespace sees it.
int trace_peer(int fd, uint32_t *pid, uint32_t *uid);

/// Sends one packet whole, or fails with EAGAIN; raises no signal.
ssize_t trace_packet_send(int fd, const void *bytes, long count, const int *_Nullable descriptors,
                          int descriptor_count);
/// Receives one packet; 0 when the other end is gone, -1 with EMSGSIZE when it, or the descriptors
/// that it carried, did not fit. Descriptors are close-on-exec and the caller's to close, except
/// after -1.
ssize_t trace_packet_receive(int fd, void *bytes, long capacity, int *descriptors,
                             int *descriptor_count);

/// An eventfd that does not block, close-on-exec; -1 (errno) when there is none.
int trace_wake_descriptor(void);

/// A pair of sockets by which other processes wake this one: it polls the first and takes what came
/// with `trace_take_wakes`, they send through the second. 0, or -1 (errno).
///
/// A socket, because whoever holds an eventfd can make its other writers wait for ever: whether it
/// blocks is a property of the open file, which all of them share.
int trace_wake_pair(int *pair);
void trace_take_wakes(int fd);
/// Sends a wake; never waits, whatever the descriptor is. Async-signal-safe.
void trace_wake_peer(int fd);

/// Waits until the word is not `expected`, somebody wakes it, or the time is over. Wakes without
/// reason.
void trace_futex_wait(uint32_t *word, uint32_t expected, uint64_t timeout_ns);
void trace_futex_wake_all(uint32_t *word);

#pragma clang assume_nonnull end

#endif
