import Foundation
import TestSupport

/// A program whose threads wait in known ways. Each prints what it measured: its id, the reason of
/// its waits, their number if exact, their time, its life, the kernel's own statistics of its
/// running and runnable time (schedstat), in nanoseconds, and of its voluntary and involuntary
/// switches (getrusage).
enum WaitingProgram {
  /// The program's path; nil if it cannot be compiled.
  static let path = CompiledProgram.path(of: source, name: "waits")

  private static let source = #"""
    #define _GNU_SOURCE
    #include <fcntl.h>
    #include <pthread.h>
    #include <sched.h>
    #include <poll.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/resource.h>
    #include <sys/socket.h>
    #include <sys/syscall.h>
    #include <time.h>
    #include <unistd.h>
    #include <stdint.h>

    static uint64_t now(clockid_t clock) {
      struct timespec t;
      clock_gettime(clock, &t);
      return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
    }
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static pthread_barrier_t begin;
    static int pipes[2], sockets[2], polled[2];

    static void pause_ns(long ns) { struct timespec t = {0, ns}; nanosleep(&t, NULL); }

    static void tell(const char *reason, int count, uint64_t waited, uint64_t start) {
      uint64_t life = now(CLOCK_MONOTONIC) - start;
      unsigned long long running = 0, runnable = 0;
      sched_yield(); /* the statistics are updated at a tick, or here */
      FILE *file = fopen("/proc/thread-self/schedstat", "r");
      if (file == NULL || fscanf(file, "%llu %llu", &running, &runnable) != 2) abort();
      fclose(file);
      struct rusage used;
      getrusage(RUSAGE_THREAD, &used);
      printf("%ld %s %d %llu %llu %llu %llu %ld %ld\n", syscall(SYS_gettid), reason, count,
             (unsigned long long)waited, (unsigned long long)life, running, runnable,
             used.ru_nvcsw, used.ru_nivcsw);
      pause_ns(1); /* perf sched does not count a thread's last wait */
    }
    #define ROUNDS 40
    #define MEASURE(call)                   \
      do {                                  \
        uint64_t t = now(CLOCK_MONOTONIC);  \
        call;                               \
        waited += now(CLOCK_MONOTONIC) - t; \
      } while (0)
    static void pause_ms(long ms) { pause_ns(ms * 1000000); }

    static void *sleeper(void *arg) {
      uint64_t waited = 0, start = now(CLOCK_MONOTONIC);
      pthread_setname_np(pthread_self(), "sleeper");
      for (int i = 0; i < ROUNDS; i++) MEASURE(pause_ms(10));
      tell("sleep", ROUNDS, waited, start);
      return arg;
    }
    static void *holder(void *arg) {
      uint64_t waited = 0, start = now(CLOCK_MONOTONIC);
      pthread_setname_np(pthread_self(), "holder");
      pthread_barrier_wait(&begin);
      for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        pause_ms(8);
        pthread_mutex_unlock(&lock);
        MEASURE(pause_ms(4));
      }
      tell("-", 0, waited, start);
      return arg;
    }
    static void *locker(void *arg) {
      uint64_t waited = 0, start = now(CLOCK_MONOTONIC);
      pthread_setname_np(pthread_self(), "locker");
      MEASURE(pthread_barrier_wait(&begin));
      for (int i = 0; i < ROUNDS; i++) {
        MEASURE(pthread_mutex_lock(&lock));
        pthread_mutex_unlock(&lock);
        usleep(1000);
      }
      tell("futex", 0, waited, start);
      return arg;
    }
    static void *reader(void *arg) {
      uint64_t waited = 0, start = now(CLOCK_MONOTONIC);
      char byte;
      pthread_setname_np(pthread_self(), "reader");
      for (int i = 0; i < ROUNDS; i++) MEASURE(if (read(pipes[0], &byte, 1) != 1) abort());
      tell("pipe", ROUNDS, waited, start);
      return arg;
    }
    static void *receiver(void *arg) {
      uint64_t waited = 0, start = now(CLOCK_MONOTONIC);
      char byte;
      pthread_setname_np(pthread_self(), "receiver");
      for (int i = 0; i < ROUNDS; i++) MEASURE(if (recv(sockets[0], &byte, 1, 0) != 1) abort());
      tell("network", ROUNDS, waited, start);
      return arg;
    }
    static void *poller(void *arg) {
      uint64_t waited = 0, start = now(CLOCK_MONOTONIC);
      char byte;
      pthread_setname_np(pthread_self(), "poller");
      for (int i = 0; i < ROUNDS; i++) {
        struct pollfd p = {.fd = polled[0], .events = POLLIN};
        MEASURE(poll(&p, 1, -1));
        if (read(polled[0], &byte, 1) != 1) abort();
      }
      tell("poll", ROUNDS, waited, start);
      return arg;
    }
    static void *writer(void *arg) {
      uint64_t waited = 0, start = now(CLOCK_MONOTONIC);
      pthread_setname_np(pthread_self(), "writer");
      for (int i = 0; i < ROUNDS; i++) {
        MEASURE(pause_ms(10));
        if (write(pipes[1], "x", 1) != 1) abort();
        if (send(sockets[1], "x", 1, 0) != 1) abort();
        if (write(polled[1], "x", 1) != 1) abort();
      }
      tell("sleep", ROUNDS, waited, start);
      return arg;
    }
    static void *worker(void *arg) {
      uint64_t start = now(CLOCK_MONOTONIC), end = start + 300000000;
      pthread_setname_np(pthread_self(), "worker");
      volatile unsigned sum = 0;
      while (now(CLOCK_MONOTONIC) < end) for (int i = 0; i < 100000; i++) sum += (unsigned)i;
      tell("-", 0, 0, start);
      return arg;
    }
    int main(void) {
      void *(*all[])(void *) = {sleeper, holder, locker, reader, receiver,
                                poller,  writer, worker, worker};
      pthread_t threads[9];
      setvbuf(stdout, NULL, _IOLBF, 0);
      pthread_barrier_init(&begin, NULL, 2);
      if (pipe(pipes) || pipe(polled)) return 1;
      if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets)) return 1;
      for (int i = 0; i < 9; i++) pthread_create(&threads[i], NULL, all[i], NULL);
      for (int i = 0; i < 9; i++) pthread_join(threads[i], NULL);
      return 0;
    }
    """#
}
