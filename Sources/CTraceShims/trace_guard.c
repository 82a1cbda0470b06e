#define _GNU_SOURCE
#include "trace_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Only functions that are safe in a signal handler are called from here on.
static _Noreturn void watch(int fd, int end, char *const *arguments) {
  sigset_t none;
  char byte;
  ssize_t count;
  int outputs = open("/dev/null", O_WRONLY);
  setsid();
  // Both are above the numbers that are given away.
  if (dup2(fd, STDIN_FILENO) < 0) _exit(1);
  dup2(outputs, STDOUT_FILENO);
  dup2(outputs, STDERR_FILENO);
  if (dup2(end, STDERR_FILENO + 1) < 0) _exit(1);
  syscall(SYS_close_range, STDERR_FILENO + 2, ~0U, 0);
  do {
    count = read(STDERR_FILENO + 1, &byte, 1);
  } while (count < 0 && errno == EINTR);
  if (count != 0) _exit(0);
  close(STDERR_FILENO + 1);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execv("/proc/self/exe", arguments);
  _exit(1);
}

int trace_guard_start(int fd, char *const *arguments) {
  int ends[2];
  sigset_t all, before;
  // Unlike writing to a pipe, sending to a socket need not raise a signal.
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return -1;
  int end = fcntl(ends[0], F_DUPFD_CLOEXEC, STDERR_FILENO + 2);
  int socket = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 2);
  // No handler of this program may run in the child.
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t child = end < 0 || socket < 0 ? -1 : fork();
  if (child == 0) {
    // The guard is the child's child, so that this process is not its parent.
    if (fork() != 0) _exit(0);
    watch(socket, end, arguments);
  }
  int code = errno;
  if (child > 0) {
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close(end);
  close(socket);
  close(ends[0]);
  if (child > 0) return ends[1];
  close(ends[1]);
  errno = code;
  return -1;
}
