import Foundation
import TestSupport

/// A program whose threads wait for a mutex and a condition on a known schedule. It prints the name
/// of the thread that waits for the mutex, the number of its waits, and their time in nanoseconds.
enum MutexProgram {
  /// The program's path; nil if it cannot be compiled.
  static let path = CompiledProgram.path(of: source, name: "mutex")

  private static let source = #"""
    #define _GNU_SOURCE
    #include <pthread.h>
    #include <stdint.h>
    #include <stdio.h>
    #include <time.h>

    #define ROUNDS 30
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static pthread_mutex_t bell = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t rung = PTHREAD_COND_INITIALIZER;
    static int turn;
    static uint64_t waited;

    static uint64_t now(void) {
      struct timespec t;
      clock_gettime(CLOCK_MONOTONIC, &t);
      return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
    }
    static void pause_ms(long ms) { struct timespec t = {0, ms * 1000000}; nanosleep(&t, NULL); }
    static void await(int value) {
      pthread_mutex_lock(&bell);
      while (turn != value) pthread_cond_wait(&rung, &bell);
      pthread_mutex_unlock(&bell);
    }
    static void ring(int value) {
      pthread_mutex_lock(&bell);
      turn = value;
      pthread_cond_broadcast(&rung);
      pthread_mutex_unlock(&bell);
    }
    __attribute__((noinline)) static void hold(void) {
      pthread_mutex_lock(&lock);
      ring(1);
      pause_ms(10);
      pthread_mutex_unlock(&lock);
    }
    __attribute__((noinline)) static void acquire(void) {
      uint64_t t = now();
      pthread_mutex_lock(&lock);
      waited += now() - t;
      pthread_mutex_unlock(&lock);
    }
    static void *holder(void *arg) {
      pthread_setname_np(pthread_self(), "holder");
      for (int i = 0; i < ROUNDS; i++) {
        hold();
        await(0);
      }
      return arg;
    }
    static void *taker(void *arg) {
      pthread_setname_np(pthread_self(), "taker");
      for (int i = 0; i < ROUNDS; i++) {
        await(1);
        acquire();
        pause_ms(2);
        ring(0);
      }
      return arg;
    }
    int main(void) {
      pthread_t threads[2];
      pthread_create(&threads[0], NULL, holder, NULL);
      pthread_create(&threads[1], NULL, taker, NULL);
      for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
      printf("taker %d %llu\n", ROUNDS, (unsigned long long)waited);
      return 0;
    }
    """#
}
