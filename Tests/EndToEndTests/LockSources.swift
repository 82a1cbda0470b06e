/// Programs whose waits for locks are known. C, compiled with frame pointers.
enum LockSources {
  static let common = #"""
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <errno.h>
    #include <linux/futex.h>
    #include <pthread.h>
    #include <semaphore.h>
    #include <stdint.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/syscall.h>
    #include <sys/wait.h>
    #include <time.h>
    #include <unistd.h>

    static uint64_t now(void) {
      struct timespec t;
      clock_gettime(CLOCK_MONOTONIC, &t);
      return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
    }
    static void pause_us(long us) { struct timespec t = {0, us * 1000}; nanosleep(&t, NULL); }
    static struct timespec later(clockid_t clock, long us) {
      struct timespec t;
      clock_gettime(clock, &t);
      t.tv_nsec += us * 1000;
      if (t.tv_nsec >= 1000000000) { t.tv_sec += 1; t.tv_nsec -= 1000000000; }
      return t;
    }
    struct stack { double count; uint64_t total; uint32_t kind, depth; uint64_t frames[48]; };
    static void (*walk)(int, void (*)(const struct stack *, void *), void *);
    static void find_walk(void) { *(void **)&walk = dlsym(RTLD_DEFAULT, "trace_lock_walk"); }

    """#

  /// One thread holds, another waits, for each kind of lock. Prints for each kind what the waiter
  /// measured, and what the store has: `mutex_ns 1 mutex_waits 1 mutex_stored_ns 1 …`. Arguments:
  /// the length of a hold in microseconds, the number of rounds, and the only kind.
  static let schedule =
    common + #"""
      static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
      static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
      static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
      static sem_t semaphore;
      static uint32_t word;
      static int start[2], done[2];
      static long hold_us;
      enum { Mutex, Timed, Read, Write, Condition, Expired, Semaphore, Futex, ways };
      static const int kinds[ways] = {0, 0, 1, 2, 3, 3, 4, 5};
      static uint64_t measured[6], waits[6], stored[8], charged[8];
      static double counts[8];

      static void tell(int pipe) { if (write(pipe, "x", 1) != 1) abort(); }
      static void hear(int pipe) { char c; if (read(pipe, &c, 1) != 1) abort(); }

      static void wait_once(int way) {
        struct timespec far = later(CLOCK_REALTIME, 900000), soon = later(CLOCK_REALTIME, hold_us);
        uint64_t t = now();
        switch (way) {
          case Mutex: pthread_mutex_lock(&mutex); break;
          case Timed: if (pthread_mutex_timedlock(&mutex, &far) != 0) abort(); break;
          case Read: pthread_rwlock_rdlock(&rwlock); break;
          case Write: pthread_rwlock_wrlock(&rwlock); break;
          case Condition: case Expired:
            pthread_mutex_lock(&mutex);
            t = now();
            if (way == Condition) pthread_cond_wait(&condition, &mutex);
            else if (pthread_cond_timedwait(&condition, &mutex, &soon) != ETIMEDOUT) abort();
            break;
          case Semaphore: sem_wait(&semaphore); break;
          case Futex:
            syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
            break;
        }
        // A waiter that is late on a busy machine does not wait.
        uint64_t length = now() - t;
        measured[kinds[way]] += length;
        waits[kinds[way]] += length >= 100000;
        if (way == Mutex || way == Timed || way == Condition || way == Expired) {
          pthread_mutex_unlock(&mutex);
        }
        if (way == Read || way == Write) pthread_rwlock_unlock(&rwlock);
      }
      __attribute__((noinline)) static void hold(int way) {
        if (way == Mutex || way == Timed) pthread_mutex_lock(&mutex);
        if (way == Read || way == Write) pthread_rwlock_wrlock(&rwlock);
        tell(start[1]);
        pause_us(hold_us);
        if (way == Mutex || way == Timed) pthread_mutex_unlock(&mutex);
        if (way == Read || way == Write) pthread_rwlock_unlock(&rwlock);
        if (way == Condition) {
          pthread_mutex_lock(&mutex);
          pthread_cond_signal(&condition);
          pthread_mutex_unlock(&mutex);
        }
        if (way == Semaphore) sem_post(&semaphore);
        while (way == Futex && syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 0)
          sched_yield();
      }
      struct task { int way, rounds; };
      static void *waiter(void *argument) {
        struct task *task = argument;
        for (int i = 0; i < task->rounds; i++) {
          hear(start[0]);
          wait_once(task->way);
          tell(done[1]);
        }
        return NULL;
      }
      static void add(const struct stack *stack, void *profile) {
        if (profile) { charged[stack->kind] += stack->total; return; }
        stored[stack->kind] += stack->total;
        counts[stack->kind] += stack->count;
      }
      int main(int count, char **arguments) {
        hold_us = count > 1 ? atol(arguments[1]) : 10000;
        int rounds = count > 2 ? atoi(arguments[2]) : 5;
        int first = count > 3 ? atoi(arguments[3]) : 0, last = count > 3 ? first : ways - 1;
        sem_init(&semaphore, 0, 0);
        if (pipe(start) || pipe(done)) abort();
        for (int way = first; way <= last; way++) {
          struct task task = {way, rounds};
          pthread_t thread;
          pthread_create(&thread, NULL, waiter, &task);
          for (int i = 0; i < rounds; i++) { hold(way); hear(done[0]); }
          pthread_join(thread, NULL);
        }
        find_walk();
        if (walk) { walk(0, add, NULL); walk(1, add, arguments); }
        const char *names[] = {"mutex", "read", "write", "condition", "semaphore", "futex"};
        for (int kind = 0; kind < 6; kind++) {
          const char *name = names[kind];
          printf("%s_ns %lu %s_waits %lu %s_stored_ns %lu %s_stored_waits %f %s_charged_ns %lu\n",
                 name, measured[kind], name, waits[kind], name, stored[kind], name, counts[kind],
                 name, charged[kind]);
        }
        return 0;
      }
      """#

  /// Two functions hold a mutex, one four times as long as the other, while two threads wait.
  /// Prints what these measured: `waited_ns 1`.
  static let holders =
    common + #"""
      static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
      static _Atomic int waiting, is_over;
      static _Atomic uint64_t waited;
      __attribute__((noinline)) static void take(void) {
        uint64_t t = now();
        waiting += 1;
        pthread_mutex_lock(&mutex);
        waiting -= 1;
        waited += now() - t;
        pthread_mutex_unlock(&mutex);
      }
      static void *taker(void *argument) {
        while (!is_over) { take(); pause_us(300); }
        return argument;
      }
      static uint64_t hold(long us) {
        while (waiting > 0) pause_us(50);
        pthread_mutex_lock(&mutex);
        while (waiting < 2) pause_us(50);
        pause_us(us);
        return now();
      }
      __attribute__((noinline)) static void hold_long(void) {
        hold(20000);
        pthread_mutex_unlock(&mutex);
        __asm__ volatile("");
      }
      __attribute__((noinline)) static void hold_short(void) {
        hold(5000);
        pthread_mutex_unlock(&mutex);
        __asm__ volatile("");
      }
      int main(void) {
        pthread_t threads[2];
        for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, taker, NULL);
        for (int i = 0; i < 10; i++) { hold_long(); hold_short(); }
        is_over = 1;
        for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
        printf("waited_ns %lu\n", waited);
        return 0;
      }
      """#
}

extension LockSources {
  /// One thread holds a Swift Mutex for 10 ms ten times while another waits.
  /// Prints what the other measured: `mutex_ns 1 mutex_waits 1`.
  static let swift = #"""
    import Glibc
    import Synchronization

    enum State {
      static let mutex = Mutex(0)
      static let turn = Atomic<Int>(0)
      static let done = Atomic<Int>(0)
      static let waited = Atomic<UInt64>(0)
    }
    func now() -> UInt64 {
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
    @inline(never) func take() {
      let start = now()
      State.mutex.withLock { $0 += 1 }
      State.waited.add(now() - start, ordering: .relaxed)
    }
    @inline(never) func hold(_ round: Int) {
      State.mutex.withLock { _ in
        State.turn.store(round, ordering: .releasing)
        usleep(10_000)
      }
    }
    @main struct Program {
      static func main() {
        var thread = pthread_t()
        pthread_create(&thread, nil, { _ in
          for round in 1...10 {
            while State.turn.load(ordering: .acquiring) != round { usleep(10) }
            take()
            State.done.store(round, ordering: .releasing)
          }
          return nil
        }, nil)
        for round in 1...10 {
          hold(round)
          while State.done.load(ordering: .acquiring) != round { usleep(10) }
        }
        pthread_join(thread, nil)
        print("mutex_ns \(State.waited.load(ordering: .relaxed)) mutex_waits 10")
      }
    }
    """#
}
