// The time of an uncontended lock and unlock, in nanoseconds: the lowest of many batches.
//
//     pairs [mutex|recursive|read|write|semaphore] [threads]
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { batches = 2000, pairs = 5000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphore;

static void *sleeper(void *argument) {
  pause();
  return argument;
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

#define MEASURE(lock, unlock)                       \
  for (int batch = 0; batch < batches; batch++) {   \
    uint64_t start = now();                         \
    for (int pair = 0; pair < pairs; pair++) {      \
      lock;                                         \
      unlock;                                       \
    }                                               \
    uint64_t length = now() - start;                \
    if (length < best) best = length;               \
  }

int main(int count, char **arguments) {
  const char *kind = count > 1 ? arguments[1] : "mutex";
  int threads = count > 2 ? atoi(arguments[2]) : 2;
  uint64_t best = UINT64_MAX;
  pthread_t thread;
  for (int other = 1; other < threads; other++) pthread_create(&thread, NULL, sleeper, NULL);
  sem_init(&semaphore, 0, 1);
  if (strcmp(kind, "mutex") == 0) {
    MEASURE(pthread_mutex_lock(&mutex), pthread_mutex_unlock(&mutex))
  } else if (strcmp(kind, "recursive") == 0) {
    MEASURE(pthread_mutex_lock(&recursive), pthread_mutex_unlock(&recursive))
  } else if (strcmp(kind, "read") == 0) {
    MEASURE(pthread_rwlock_rdlock(&rwlock), pthread_rwlock_unlock(&rwlock))
  } else if (strcmp(kind, "write") == 0) {
    MEASURE(pthread_rwlock_wrlock(&rwlock), pthread_rwlock_unlock(&rwlock))
  } else {
    MEASURE(sem_wait(&semaphore), sem_post(&semaphore))
  }
  printf("%.2f\n", (double)best / pairs);
}
