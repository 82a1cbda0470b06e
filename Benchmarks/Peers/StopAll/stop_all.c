// Samples all threads of a program by signals, as swift-profile-recorder describes it: a thread of
// the program stops every other one with SIGPROF, walks their stacks by frame pointers while all of
// them wait in the handler, and then lets them go on. Names are found later by another program.
//
// This is our own implementation of that way. Loaded by LD_PRELOAD:
//     STOP_ALL_HZ      samples a second: the pause between two is 1 s / STOP_ALL_HZ
//     STOP_ALL_OUTPUT  file for the samples, as text: a line a stack, then a line a frame
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { threads_max = 1024, frames_max = 128 };

struct stopped {
  _Atomic pid_t tid;
  char name[32];
  // The handler's registers, and the end of its thread's stack.
  uintptr_t pc, sp, fp, end;
  sem_t has_stopped, may_go, has_gone;
  int frame_count;
  uintptr_t frames[frames_max];
};

static struct stopped table[threads_max];
extern void *__libc_stack_end;

static void handle(int signal, siginfo_t *info, void *raw) {
  (void)signal;
  (void)info;
  int saved_errno = errno;
  pid_t own = (pid_t)syscall(SYS_gettid);
  struct stopped *self = NULL;
  for (int i = 0; i < threads_max && self == NULL; i++) {
    if (table[i].tid == own) self = &table[i];
  }
  if (self != NULL) {
    const ucontext_t *context = raw;
#if defined(__x86_64__)
    self->pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    self->sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
    self->fp = (uintptr_t)context->uc_mcontext.gregs[REG_RBP];
#elif defined(__aarch64__)
    self->pc = context->uc_mcontext.pc;
    self->sp = context->uc_mcontext.sp;
    self->fp = context->uc_mcontext.regs[29];
#endif
    // The C library keeps a thread's description above its stack.
    self->end = own == getpid() ? (uintptr_t)__libc_stack_end : (uintptr_t)pthread_self();
    sem_post(&self->has_stopped);
    while (sem_wait(&self->may_go) != 0 && errno == EINTR) {}
    sem_post(&self->has_gone);
  }
  errno = saved_errno;
}

// Fills the table; returns the number of threads but this one.
static int list_threads(pid_t own) {
  DIR *directory = opendir("/proc/self/task");
  if (directory == NULL) return 0;
  int count = 0;
  for (struct dirent *entry; count < threads_max && (entry = readdir(directory)) != NULL;) {
    pid_t tid = (pid_t)atol(entry->d_name);
    if (tid == 0 || tid == own) continue;
    struct stopped *thread = &table[count++];
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/comm", tid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, thread->name, sizeof thread->name - 1);
    thread->name[length > 0 ? length - 1 : 0] = 0;
    if (file >= 0) close(file);
    sem_init(&thread->has_stopped, 0, 0);
    sem_init(&thread->may_go, 0, 0);
    sem_init(&thread->has_gone, 0, 0);
    thread->frame_count = 0;
    thread->tid = tid;
  }
  closedir(directory);
  return count;
}

static _Bool wait_until(sem_t *semaphore, const struct timespec *deadline) {
  int code;
  while ((code = sem_timedwait(semaphore, deadline)) != 0 && errno == EINTR) {}
  return code == 0;
}

static void stop(int count) {
  for (int i = 0; i < count; i++) {
    if (syscall(SYS_tgkill, getpid(), table[i].tid, SIGPROF) != 0) table[i].tid = 0;
  }
  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += 1;
  for (int i = 0; i < count; i++) {
    if (table[i].tid != 0 && !wait_until(&table[i].has_stopped, &deadline)) table[i].tid = 0;
  }
}

static void walk(struct stopped *thread) {
  thread->frames[thread->frame_count++] = thread->pc;
  uintptr_t fp = thread->fp, low = thread->sp;
  while (thread->frame_count < frames_max && fp >= low && (fp & 7) == 0 &&
         fp + 2 * sizeof fp <= thread->end) {
    const uintptr_t *frame = (const uintptr_t *)fp;
    if (frame[1] == 0) break;
    thread->frames[thread->frame_count++] = frame[1];
    low = fp + 2 * sizeof fp;
    fp = frame[0];
  }
}

static void let_go(int count) {
  for (int i = 0; i < count; i++) {
    if (table[i].tid != 0) sem_post(&table[i].may_go);
  }
  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += 1;
  for (int i = 0; i < count; i++) {
    if (table[i].tid != 0) wait_until(&table[i].has_gone, &deadline);
  }
}

static void write_samples(FILE *output, int count, const struct timespec *time) {
  for (int i = 0; i < count; i++) {
    if (table[i].frame_count == 0) continue;
    fprintf(output, "thread %d %s %lld.%09ld\n", table[i].tid, table[i].name,
            (long long)time->tv_sec, time->tv_nsec);
    for (int frame = 0; frame < table[i].frame_count; frame++) {
      fprintf(output, "0x%lx\n", (unsigned long)table[i].frames[frame]);
    }
  }
}

static void *sample(void *argument) {
  long hz = atol(getenv("STOP_ALL_HZ"));
  FILE *output = fopen(getenv("STOP_ALL_OUTPUT"), "we");
  if (hz < 1 || output == NULL) return argument;
  pid_t own = (pid_t)syscall(SYS_gettid);
  for (;;) {
    int count = list_threads(own);
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    stop(count);
    for (int i = 0; i < count; i++) {
      if (table[i].tid != 0) walk(&table[i]);
    }
    let_go(count);
    write_samples(output, count, &time);
    for (int i = 0; i < count; i++) table[i].tid = 0;
    usleep((useconds_t)(1000000 / hz));
  }
}

__attribute__((constructor)) static void begin(void) {
  if (getenv("STOP_ALL_HZ") == NULL || getenv("STOP_ALL_OUTPUT") == NULL) return;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(SIGPROF, &action, NULL);
  pthread_t thread;
  if (pthread_create(&thread, NULL, sample, NULL) == 0) pthread_setname_np(thread, "stop-all");
}
