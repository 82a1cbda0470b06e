// Emits EVENTS events in each of THREADS threads, ROUNDS times, and prints for each round the
// nanoseconds per event, averaged over the threads, one number per line.
#define LTTNG_UST_TRACEPOINT_DEFINE
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#include "storm_tracepoint.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static pthread_barrier_t barrier;
static uint64_t events;

struct worker {
  pthread_t thread;
  uint32_t id;
  double ns_per_event;
};

static double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

static void *emit(void *argument) {
  struct worker *self = argument;
  pthread_barrier_wait(&barrier);
  double start = now_ns();
  // Eight places emit in turn, as in event-storm.
  uint64_t sequence = 1, last = events;
  for (; sequence + 7 <= last; sequence += 8) {
    lttng_ust_tracepoint(storm, counter, sequence, self->id);
    lttng_ust_tracepoint(storm, counter, sequence + 1, self->id);
    lttng_ust_tracepoint(storm, counter, sequence + 2, self->id);
    lttng_ust_tracepoint(storm, counter, sequence + 3, self->id);
    lttng_ust_tracepoint(storm, counter, sequence + 4, self->id);
    lttng_ust_tracepoint(storm, counter, sequence + 5, self->id);
    lttng_ust_tracepoint(storm, counter, sequence + 6, self->id);
    lttng_ust_tracepoint(storm, counter, sequence + 7, self->id);
  }
  for (; sequence <= last; sequence++) {
    lttng_ust_tracepoint(storm, counter, sequence, self->id);
  }
  self->ns_per_event = (now_ns() - start) / events;
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 4) {
    fprintf(stderr, "usage: storm EVENTS THREADS ROUNDS\n");
    return 64;
  }
  events = strtoull(arguments[1], NULL, 10);
  int threads = atoi(arguments[2]);
  int rounds = atoi(arguments[3]);
  if (events == 0 || threads < 1 || threads > 64) return 64;

  for (int round = 0; round < rounds; round++) {
    struct worker workers[64] = {0};
    pthread_barrier_init(&barrier, NULL, threads);
    for (int i = 0; i < threads; i++) {
      workers[i].id = i;
      pthread_create(&workers[i].thread, NULL, emit, &workers[i]);
    }
    double sum = 0;
    for (int i = 0; i < threads; i++) {
      pthread_join(workers[i].thread, NULL);
      sum += workers[i].ns_per_event;
    }
    pthread_barrier_destroy(&barrier);
    printf("%.3f\n", sum / threads);
    fflush(stdout);
    // Time for the consumer to empty the buffers, so that no events are lost.
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
  }
  return 0;
}
