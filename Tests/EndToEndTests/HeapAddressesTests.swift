import TestSupport
import Testing

extension EndToEnd {
  /// Each sample is found again, wherever the allocator put it, and the memory is what the program
  /// may expect.
  @Suite(.needs(.program("gcc"))) struct HeapAddressesTests {
    /// Allocates in three threads in every way, sees what the memory has, and frees it; prints
    /// what was wrong, the live samples, how many of them are not where samples are put, and how
    /// many were not found when they were freed.
    private static let source = """
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <errno.h>
      #include <malloc.h>
      #include <pthread.h>
      #include <stdint.h>
      #include <stdio.h>
      #include <stdlib.h>
      #include <string.h>
      #include <unistd.h>
      struct sample { uint64_t id, address, size; double weight; };
      typedef void body(const struct sample *, void *);
      static void count(const struct sample *one, void *counts) {
        ((uint64_t *)counts)[(one->address & 0x1e0) == 0 ? 0 : 1] += 1;
      }
      static void (*walk)(body *, void *, void *);
      enum { thread_count = 3, slot_count = 400 };
      static _Atomic long failures;
      static void expect(int is_true, const char *what, size_t size) {
        if (is_true) return;
        if (failures++ < 5) printf("%s of %zu is wrong\\n", what, size);
      }
      struct slot { unsigned char *start; size_t size; unsigned char fill; };
      static struct slot slots[thread_count][slot_count];
      // Looks at each byte of the last page, and at some of those before.
      static int has(const struct slot *slot, size_t size, unsigned char fill) {
        for (size_t i = 0; i < size; i += i + 4096 < size ? 509 : 1) {
          if (slot->start[i] != fill) return 0;
        }
        return 1;
      }
      static size_t next_size(unsigned *seed) {
        int kind = rand_r(seed) % 100;
        return rand_r(seed) % (kind == 0 ? 2000000 : kind < 3 ? 150000 : 3000);
      }
      static void renew(struct slot *slot, unsigned *seed) {
        size_t size = next_size(seed);
        size_t alignment = (size_t)16 << rand_r(seed) % 10;
        void *fresh = NULL;
        int way = rand_r(seed) % 8;
        errno = 77;
        if (way < 3) {
          unsigned char *grown = realloc(slot->start, size + 1);
          size_t kept = slot->size < size ? slot->size : size;
          slot->start = grown;
          expect(grown && (kept == 0 || has(slot, kept, slot->fill)), "realloc", size);
          size += 1;
        } else {
          free(slot->start);
          switch (way) {
          case 3: fresh = calloc(1, size); break;
          case 4:
            expect(posix_memalign(&fresh, alignment, size) == 0, "posix_memalign", size);
            break;
          case 5: fresh = aligned_alloc(alignment, size); break;
          case 6: fresh = memalign(alignment, size); break;
          default: fresh = malloc(size);
          }
          slot->start = fresh;
          expect(fresh && errno == 77, "errno", size);
          if (way == 3) expect(has(slot, size, 0), "calloc", size);
          if (way >= 4 && way <= 6 && size > 0) {
            expect((uintptr_t)fresh % alignment == 0, "alignment", alignment);
          }
        }
        slot->size = size;
        slot->fill = (unsigned char)rand_r(seed) | 1;
        memset(slot->start, slot->fill, size);
      }
      static void *work(void *argument) {
        struct slot *mine = slots[(long)argument];
        unsigned seed = (unsigned)(long)argument + 1;
        for (int round = 0; round < 60000; round++) renew(&mine[rand_r(&seed) % slot_count], &seed);
        return NULL;
      }
      static void *begin(void *argument) { return argument; }
      static void run(void *(*body)(void *)) {
        pthread_t threads[thread_count];
        for (long i = 0; i < thread_count; i++) pthread_create(&threads[i], NULL, body, (void *)i);
        for (int i = 0; i < thread_count; i++) pthread_join(threads[i], NULL);
      }
      static long resident(void) {
        long pages = 0;
        FILE *file = fopen("/proc/self/statm", "r");
        if (!file || fscanf(file, "%*d %ld", &pages) != 1) abort();
        fclose(file);
        return pages * getpagesize();
      }
      int main(int arguments, char **words) {
        walk = dlsym(RTLD_DEFAULT, "trace_heap_walk");
        if (!walk) return 3;
        uint64_t before[2] = {0}, live[2] = {0}, after[2] = {0};
        void *volatile wrong = NULL;
        void *aligned = NULL;
        volatile size_t huge = SIZE_MAX / 4;
        if (arguments > 1) {
          // Memory that is zero already is not touched.
          long small = resident();
          void *volatile sparse = calloc(1, 200 << 20);
          expect(resident() - small < 20 << 20, words[1], 200 << 20);
          free(sparse);
        }
        errno = 0;
        wrong = malloc(huge);
        expect(!wrong && errno == ENOMEM, "malloc", huge);
        for (int i = 0; i < 5000; i++) {
          expect(posix_memalign(&aligned, 24, 5000) == EINVAL, "posix_memalign", 24);
        }
        // What the C library keeps for threads is allocated.
        run(begin);
        walk(count, NULL, before);
        run(work);
        walk(count, NULL, live);
        // Each thread's memory is freed by another.
        for (int i = 0; i < thread_count; i++) {
          for (int j = 0; j < slot_count; j++) free(slots[i][j].start);
        }
        walk(count, NULL, after);
        printf("failures %ld live %lu elsewhere %lu left %ld\\n", failures, live[0] + live[1],
               live[1], (long)(after[0] + after[1] - before[0] - before[1]));
        return 0;
      }
      """

    private func run(under library: String = "", interval: Int) throws -> [String: Double] {
      let path = try #require(
        CompiledProgram.path(of: Self.source, name: "heap-addresses-\(interval)-" + library))
      let child = try ChildProcess(
        path, library.isEmpty ? ["sparse"] : [],
        environment: ChildProcess.environment(with: [
          "LD_PRELOAD": HeapProgram.library + ":" + library, "TRACE_DISABLE": "1",
          "TRACE_HEAP_INTERVAL": String(interval), "TRACE_HEAP_SEED": "7",
        ]))
      try child.succeed(seconds: 120)
      let numbers = HeapProgram.numbers(in: child.output)
      #expect(numbers["failures"] == 0, "\(child.output)")
      #expect(numbers["left"] == 0, "\(child.output)")
      return numbers
    }

    /// With a long interval, nearly all samples are where free knows them by their address.
    private func runAligned(under library: String = "") throws {
      let numbers = try run(under: library, interval: 131_072)
      let live = try #require(numbers["live"]), elsewhere = try #require(numbers["elsewhere"])
      #expect(live >= 15 && elsewhere <= live / 3, "\(numbers)")
    }

    @Test func glibc() throws { try runAligned() }

    @Test(.needs(.program("gcc"), .library("libtcmalloc_minimal.so.4"))) func tcmalloc() throws {
      try runAligned(under: "libtcmalloc_minimal.so.4")
    }

    /// jemalloc has a function that believes the size of what it frees: samples are anywhere.
    @Test(.needs(.program("gcc"), .library("libjemalloc.so.2"))) func jemalloc() throws {
      let numbers = try run(under: "libjemalloc.so.2", interval: 131_072)
      #expect(try #require(numbers["elsewhere"]) > 10, "\(numbers)")
    }

    /// With short intervals, samples are anywhere.
    @Test(arguments: [1, 600]) func shortIntervals(_ interval: Int) throws {
      let numbers = try run(interval: interval)
      #expect(try #require(numbers["live"]) > 800, "\(numbers)")
    }
  }
}
