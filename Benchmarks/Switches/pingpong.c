/* Two threads pass a byte back and forth through pipes: PER_SECOND switches a second for SECONDS.
   Prints the number of round trips, and in microseconds the time spent in them and the CPU time. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static int there[2], back[2];

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

__attribute__((noinline)) static void answer(char *byte) {
  if (write(back[1], byte, 1) != 1) abort();
}

static void *echo(void *arg) {
  char byte;
  while (read(there[0], &byte, 1) == 1) answer(&byte);
  return arg;
}

__attribute__((noinline)) static void ask(void) {
  char byte = 'x';
  if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) abort();
}

int main(int argc, char **argv) {
  if (argc != 3 || pipe(there) != 0 || pipe(back) != 0) return 2;
  /* A round trip has two waits, each of which is one switch away from a thread and one to it. */
  uint64_t interval = 2000000000 / strtoull(argv[1], NULL, 10);
  uint64_t end = strtoull(argv[2], NULL, 10) * 1000000000;
  pthread_t thread;
  pthread_create(&thread, NULL, echo, NULL);
  uint64_t start = now(), trips = 0, spent = 0;
  for (uint64_t t = now(); t - start < end; t = now()) {
    if (t - start < trips * interval) continue;
    ask();
    spent += now() - t;
    trips++;
  }
  close(there[1]);
  pthread_join(thread, NULL);
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  printf("%llu %llu %llu\n", (unsigned long long)trips, (unsigned long long)(spent / 1000),
         (unsigned long long)((used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000
                              + used.ru_utime.tv_usec + used.ru_stime.tv_usec));
  return 0;
}
