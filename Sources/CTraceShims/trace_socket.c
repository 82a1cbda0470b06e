#define _GNU_SOURCE
#include "trace_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// A program that has closed its standard descriptors may still write to their numbers.
static int above_standard(int fd) {
  if (fd < 0 || fd > STDERR_FILENO) return fd;
  int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  int code = errno;
  close(fd);
  errno = code;
  return moved;
}

int trace_packet_socket(void) {
  return above_standard(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

static int address(struct sockaddr_un *out, const char *path) {
  *out = (struct sockaddr_un){.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof out->sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(out->sun_path, path);
  return 0;
}

int trace_packet_bind(int fd, const char *path) {
  struct sockaddr_un to;
  if (address(&to, path) < 0) return -1;
  return bind(fd, (struct sockaddr *)&to, sizeof to);
}

int trace_packet_connect(int fd, const char *path, int timeout_ms) {
  struct sockaddr_un to;
  struct timeval limit = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
  if (address(&to, path) < 0) return -1;
  if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0) return -1;
  return connect(fd, (struct sockaddr *)&to, sizeof to);
}

int trace_packet_accept(int fd) { return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int trace_peer(int fd, uint32_t *pid, uint32_t *uid) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return -1;
  *pid = (uint32_t)peer.pid;
  *uid = peer.uid;
  return 0;
}

ssize_t trace_packet_send(int fd, const void *bytes, long count, const int *descriptors,
                          int descriptor_count) {
  union {
    char space[CMSG_SPACE(sizeof(int) * TRACE_PACKET_DESCRIPTORS_MAX)];
    struct cmsghdr aligned;
  } control;
  struct iovec part = {(void *)bytes, (size_t)count};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (descriptor_count > 0 && descriptor_count <= TRACE_PACKET_DESCRIPTORS_MAX) {
    size_t size = sizeof(int) * (size_t)descriptor_count;
    memset(&control, 0, sizeof control);
    message.msg_control = control.space;
    message.msg_controllen = CMSG_SPACE(size);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(header), descriptors, size);
  }
  ssize_t sent;
  do {
    sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

/// Extracts the descriptors from a received message, and closes excess ones.
static int take_descriptors(struct msghdr *message, int *descriptors) {
  int taken = 0;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
       header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < count; index++) {
      int descriptor;
      memcpy(&descriptor, CMSG_DATA(header) + index * sizeof(int), sizeof(int));
      if (taken < TRACE_PACKET_DESCRIPTORS_MAX) {
        descriptors[taken++] = descriptor;
      } else {
        close(descriptor);
      }
    }
  }
  return taken;
}

ssize_t trace_packet_receive(int fd, void *bytes, long capacity, int *descriptors,
                             int *descriptor_count) {
  union {
    char space[CMSG_SPACE(sizeof(int) * TRACE_PACKET_DESCRIPTORS_MAX)];
    struct cmsghdr aligned;
  } control;
  struct iovec part = {bytes, (size_t)capacity};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.space,
                           .msg_controllen = sizeof control.space};
  ssize_t received = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  // A peer that closed without having read everything: its last packets follow the error.
  if (received < 0 && errno == ECONNRESET) {
    received = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  }
  *descriptor_count = 0;
  if (received < 0) return -1;
  int count = take_descriptors(&message, descriptors);
  if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
    while (count > 0) close(descriptors[--count]);
    errno = EMSGSIZE;
    return -1;
  }
  *descriptor_count = count;
  return received;
}

int trace_wake_descriptor(void) {
  return above_standard(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

int trace_wake_pair(int *pair) {
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) return -1;
  pair[0] = above_standard(pair[0]);
  if (pair[0] >= 0) pair[1] = above_standard(pair[1]);
  if (pair[0] >= 0 && pair[1] >= 0) return 0;
  int code = errno;
  for (int i = 0; i < 2; i++) {
    if (pair[i] >= 0) close(pair[i]);
  }
  errno = code;
  return -1;
}

void trace_take_wakes(int fd) {
  char byte;
  // Bounded, because a process may send as fast as this reads.
  for (int i = 0; i < 64 && recv(fd, &byte, sizeof byte, MSG_DONTWAIT) > 0; i++) {
  }
}

void trace_wake_peer(int fd) {
  char byte = 1;
  // If the socket is full or closed, no wake is needed. If the descriptor is not a socket, nothing
  // is written.
  if (send(fd, &byte, sizeof byte, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return;
}

void trace_futex_wait(uint32_t *word, uint32_t expected, uint64_t timeout_ns) {
  struct timespec limit = {(time_t)(timeout_ns / 1000000000u), (long)(timeout_ns % 1000000000u)};
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, &limit, NULL, 0);
}

void trace_futex_wake_all(uint32_t *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
