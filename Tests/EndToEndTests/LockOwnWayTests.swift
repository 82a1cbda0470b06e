import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// libtracelock.so takes locks in the C library's way, unless it finds that way to be another.
  @Suite(.needs(.program("gcc"))) struct LockOwnWayTests {
    /// Counts what the program asks of the C library. With OTHER_WORDS, its locks have other words.
    private static let counting = #"""
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <pthread.h>
      #include <semaphore.h>
      #include <stdio.h>
      #include <stdlib.h>

      static long tries[3];
      __attribute__((destructor)) static void tell(void) {
        fprintf(stderr, "tries_mutex %ld tries_read %ld tries_semaphore %ld\n", tries[0],
                tries[1], tries[2]);
      }
      #define NEXT(name) __typeof__(name) *next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
      #define COUNTED(name, type, place) \
        int name(type *lock) { \
          NEXT(name); \
          __atomic_fetch_add(&tries[place], 1, __ATOMIC_RELAXED); \
          return next(lock); \
        }
      COUNTED(pthread_mutex_trylock, pthread_mutex_t, 0)
      COUNTED(pthread_rwlock_tryrdlock, pthread_rwlock_t, 1)
      COUNTED(sem_trywait, sem_t, 2)

      // A byte of each that the C library does not use.
      #define WORDS(name, type, place) \
        int name(type *lock) { \
          NEXT(name); \
          int code = next(lock); \
          if (code == 0 && getenv("OTHER_WORDS")) ((char *)lock)[place] ^= 1; \
          return code; \
        }
      WORDS(pthread_mutex_lock, pthread_mutex_t, sizeof(pthread_mutex_t) - 1)
      WORDS(pthread_rwlock_rdlock, pthread_rwlock_t, sizeof(pthread_rwlock_t) - 1)
      WORDS(sem_wait, sem_t, sizeof(sem_t) - 1)
      """#

    /// Locks a hundred times what nobody else wants, from two threads in turn.
    private static let taking = #"""
      #define _GNU_SOURCE
      #include <pthread.h>
      #include <semaphore.h>
      #include <stdio.h>

      static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
      static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
      static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
      static sem_t semaphore;
      static long failures;
      #define CHECK(x) do { if (!(x)) { failures += 1; printf("%s ", #x); } } while (0)

      static void *take(void *argument) {
        for (int round = 0; round < 100; round++) {
          CHECK(pthread_mutex_lock(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0);
          CHECK(pthread_mutex_lock(&recursive) == 0 && pthread_mutex_lock(&recursive) == 0);
          CHECK(pthread_mutex_unlock(&recursive) == 0 && pthread_mutex_unlock(&recursive) == 0);
          CHECK(pthread_mutex_unlock(&recursive) != 0);
          CHECK(pthread_rwlock_rdlock(&rwlock) == 0 && pthread_rwlock_rdlock(&rwlock) == 0);
          CHECK(pthread_rwlock_trywrlock(&rwlock) != 0);
          CHECK(pthread_rwlock_unlock(&rwlock) == 0 && pthread_rwlock_unlock(&rwlock) == 0);
          CHECK(sem_wait(&semaphore) == 0 && sem_trywait(&semaphore) != 0);
          CHECK(sem_post(&semaphore) == 0);
        }
        CHECK(pthread_rwlock_wrlock(&rwlock) == 0 && pthread_rwlock_rdlock(&rwlock) != 0);
        CHECK(pthread_rwlock_unlock(&rwlock) == 0);
        return argument;
      }

      int main(void) {
        pthread_t thread;
        sem_init(&semaphore, 0, 1);
        take(NULL);
        pthread_create(&thread, NULL, take, NULL);
        pthread_join(thread, NULL);
        printf("failures %ld\n", failures);
      }
      """#

    /// A thread that is canceled while it may take a semaphore ends, and does not take it.
    private static let canceled = #"""
      #include <pthread.h>
      #include <semaphore.h>
      #include <stdio.h>

      static sem_t semaphore, go;
      static void *take(void *argument) {
        while (sem_trywait(&go) != 0) {}
        sem_wait(&semaphore);
        return argument;
      }

      int main(void) {
        pthread_t thread;
        void *result;
        int value, failures = 0;
        sem_init(&semaphore, 0, 1);
        sem_init(&go, 0, 0);
        for (int round = 0; round < 20; round++) {
          pthread_create(&thread, NULL, take, NULL);
          pthread_cancel(thread);
          sem_post(&go);
          pthread_join(thread, &result);
          sem_getvalue(&semaphore, &value);
          failures += result != PTHREAD_CANCELED || value != 1;
        }
        printf("failures %d\n", failures);
      }
      """#

    private func run(
      _ source: String, _ name: String, _ variables: [String: String], below: String = ""
    ) throws -> [String: Double] {
      let path = try #require(CompiledProgram.path(of: source, name: name))
      let preload = "LD_PRELOAD=\(Tools.directory)/libtracelock.so \(below)"
      let child = try ChildProcess(
        "env", [preload, path],
        environment: ChildProcess.environment(
          with: variables.merging(["TRACE_DISABLE": "1"]) { $1 }),
        isMerged: true)
      try child.succeed()
      return HeapProgram.numbers(in: child.output)
    }

    /// The usual way asks the C library for nothing. Where the locks have other words, or
    /// TRACE_LOCK_OWN is 0, each lock is the C library's own, and the program works as well.
    @Test(arguments: [
      [:], ["TRACE_LOCK_OWN": "0"], ["OTHER_WORDS": "1"],
    ])
    func takesLocks(_ variables: [String: String]) throws {
      let scratch = try Scratch()
      let source = scratch.path("counting.c"), library = scratch.path("counting.so")
      try Self.counting.write(toFile: source, atomically: true, encoding: .utf8)
      try ChildProcess("gcc", ["-shared", "-fPIC", "-O1", "-o", library, source]).succeed()
      let numbers = try run(Self.taking, "lock-taking", variables, below: library)
      #expect(numbers["failures"] == 0, "\(numbers)")
      for (kind, locks) in [("mutex", 400.0), ("read", 400), ("semaphore", 400)] {
        let tries = try #require(numbers["tries_" + kind])
        // The program itself tries each semaphore 200 times; a thread's first lock is tried.
        let own: Double = kind == "semaphore" ? 200 : 0
        if variables.isEmpty {
          #expect(tries <= own + 12, "\(kind): \(numbers)")
        } else {
          #expect(tries >= locks, "\(kind): \(numbers)")
        }
      }
    }

    /// Without its own way, the library measures waits as it does with it.
    @Test func measuresWithoutOwnWay() throws {
      let numbers = try run(LockSources.schedule, "lock-other-way", ["TRACE_LOCK_OWN": "0"])
      for kind in ["mutex", "read", "write", "semaphore"] {
        let own = try #require(numbers[kind + "_ns"])
        let stored = try #require(numbers[kind + "_stored_ns"])
        #expect(own > 4e7 && abs(stored / own - 1) < 0.03, "\(kind): \(stored) of \(own)")
      }
    }

    @Test(arguments: ["0", "1"]) func canceledThreadsTakeNothing(_ own: String) throws {
      let numbers = try run(Self.canceled, "lock-canceled", ["TRACE_LOCK_OWN": own])
      #expect(numbers["failures"] == 0, "\(numbers)")
    }
  }
}
