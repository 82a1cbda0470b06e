#define _GNU_SOURCE
#include "trace_syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Values of the kernel's ABI, because the installed headers may be older than the kernel.
enum { rseq_barrier = 1 << 7, rseq_barrier_register = 1 << 8 };

int trace_rseq_barrier_register(void) {
  return (int)syscall(SYS_membarrier, rseq_barrier_register, 0, 0);
}

int trace_rseq_barrier(void) { return (int)syscall(SYS_membarrier, rseq_barrier, 0, 0); }

void trace_wake(int fd) {
  uint64_t one = 1;
  // If the counter is full or the descriptor closed, no wake is needed.
  if (write(fd, &one, sizeof one) < 0) return;
}

int trace_memfd(const char *name) {
  return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

int trace_memfd_seal(int fd) {
  return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

void trace_memfd_punch(int fd, long offset, long count) {
  if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, count) != 0) return;
}

_Bool trace_memfd_is_sealed(int fd) {
  int seals = fcntl(fd, F_GET_SEALS);
  return seals != -1 && (seals & F_SEAL_SHRINK) && (seals & F_SEAL_GROW);
}

uint64_t trace_file_system(const char *path) {
  struct statfs status;
  return statfs(path, &status) == 0 ? (uint64_t)status.f_type : 0;
}

void *trace_reserve(long bytes) {
  void *memory = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  // A huge page would cost two megabytes, and half a millisecond to clear, for a few bytes in use.
  madvise(memory, (size_t)bytes, MADV_NOHUGEPAGE);
  return memory;
}

void trace_release(void *memory, long bytes) { munmap(memory, (size_t)bytes); }

// Longest wait where poll(2) is refused: how late a caller may notice an event.
enum { refused_poll_ms = 10 };

int trace_poll(struct pollfd *polls, unsigned long count, int timeout_ms) {
  int ready = poll(polls, count, timeout_ms);
  if (ready >= 0 || errno == EINTR || errno == EFAULT || errno == EINVAL || errno == ENOMEM)
    return ready;
  struct timespec wait = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
  ready = ppoll(polls, count, timeout_ms < 0 ? NULL : &wait, NULL);
  if (ready >= 0 || errno == EINTR) return ready;
  int rest = timeout_ms < 0 || timeout_ms > refused_poll_ms ? refused_poll_ms : timeout_ms;
  struct timespec pause = {0, rest * 1000000L};
  if (nanosleep(&pause, NULL) != 0) sched_yield();
  for (unsigned long index = 0; index < count; index++)
    polls[index].revents = polls[index].fd < 0 ? 0 : polls[index].events;
  return (int)count;
}

void trace_adopt_orphans(void) { prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

void trace_reap_all_but(int spared) {
  for (;;) {
    siginfo_t ended = {0};
    if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0) return;
    if (ended.si_pid == 0 || ended.si_pid == spared) return;
    waitpid(ended.si_pid, NULL, WNOHANG);
  }
}

long trace_directory_entries(int descriptor, void *buffer, uintptr_t size) {
  return syscall(SYS_getdents64, descriptor, buffer, size);
}
