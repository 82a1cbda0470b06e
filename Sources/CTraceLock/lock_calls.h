// Functions of the C library that sleep, or wait for input and output.
#ifndef LOCK_CALLS_H
#define LOCK_CALLS_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// Kind, result, name, parameters, arguments.
#define LOCK_CALLS(F)                                                                             \
  F(SLEEP, unsigned, sleep, (unsigned a), (a))                                                    \
  F(SLEEP, int, usleep, (useconds_t a), (a))                                                      \
  F(SLEEP, int, nanosleep, (const struct timespec *a, struct timespec *b), (a, b))                \
  F(SLEEP, int, clock_nanosleep,                                                                  \
    (clockid_t a, int b, const struct timespec *c, struct timespec *d), (a, b, c, d))             \
  F(IO, int, poll, (struct pollfd * a, nfds_t b, int c), (a, b, c))                               \
  F(IO, int, ppoll,                                                                               \
    (struct pollfd * a, nfds_t b, const struct timespec *c, const sigset_t *d), (a, b, c, d))     \
  F(IO, int, select, (int a, fd_set *b, fd_set *c, fd_set *d, struct timeval *e),                 \
    (a, b, c, d, e))                                                                              \
  F(IO, int, pselect,                                                                             \
    (int a, fd_set *b, fd_set *c, fd_set *d, const struct timespec *e, const sigset_t *f),        \
    (a, b, c, d, e, f))                                                                           \
  F(IO, int, epoll_wait, (int a, struct epoll_event *b, int c, int d), (a, b, c, d))              \
  F(IO, int, epoll_pwait, (int a, struct epoll_event *b, int c, int d, const sigset_t *e),        \
    (a, b, c, d, e))                                                                              \
  F(IO, ssize_t, read, (int a, void *b, size_t c), (a, b, c))                                     \
  F(IO, ssize_t, pread, (int a, void *b, size_t c, off_t d), (a, b, c, d))                        \
  F(IO, ssize_t, readv, (int a, const struct iovec *b, int c), (a, b, c))                         \
  F(IO, ssize_t, write, (int a, const void *b, size_t c), (a, b, c))                              \
  F(IO, ssize_t, pwrite, (int a, const void *b, size_t c, off_t d), (a, b, c, d))                 \
  F(IO, ssize_t, writev, (int a, const struct iovec *b, int c), (a, b, c))                        \
  F(IO, ssize_t, recv, (int a, void *b, size_t c, int d), (a, b, c, d))                           \
  F(IO, ssize_t, recvfrom,                                                                        \
    (int a, void *b, size_t c, int d, struct sockaddr *e, socklen_t *f), (a, b, c, d, e, f))      \
  F(IO, ssize_t, recvmsg, (int a, struct msghdr *b, int c), (a, b, c))                            \
  F(IO, ssize_t, send, (int a, const void *b, size_t c, int d), (a, b, c, d))                     \
  F(IO, ssize_t, sendto,                                                                          \
    (int a, const void *b, size_t c, int d, const struct sockaddr *e, socklen_t f),               \
    (a, b, c, d, e, f))                                                                           \
  F(IO, ssize_t, sendmsg, (int a, const struct msghdr *b, int c), (a, b, c))                      \
  F(IO, int, accept, (int a, struct sockaddr *b, socklen_t *c), (a, b, c))                        \
  F(IO, int, accept4, (int a, struct sockaddr *b, socklen_t *c, int d), (a, b, c, d))             \
  F(IO, int, connect, (int a, const struct sockaddr *b, socklen_t c), (a, b, c))                  \
  F(IO, int, fsync, (int a), (a))                                                                 \
  F(IO, int, fdatasync, (int a), (a))

#endif
