/// Programs in C whose heap is sampled.
enum HeapSources {
  /// Allocates by a fixed schedule with 200 seeds of the sampler; prints the truth, its judges, and
  /// the mean of the estimates. The arguments are the interval, and a factor for all sizes.
  static let schedule = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <malloc.h>
    #include <stdint.h>
    #include <stdio.h>
    #include <stdlib.h>
    struct sample { uint64_t id, address, size; double weight; };
    typedef void body(const struct sample *, void *);
    static void add(const struct sample *one, void *sums) {
      ((double *)sums)[0] += one->weight * one->size;
      ((double *)sums)[1] += one->weight;
    }
    struct site {
      uint64_t allocated_objects, freed_objects, allocated_bytes, freed_bytes, hash;
      uint32_t size_class, depth;
      uint64_t frames[48];
    };
    typedef void site_body(const struct site *, void *);
    static void add_site(const struct site *one, void *sums) {
      ((double *)sums)[0] += one->allocated_bytes - one->freed_bytes;
      ((double *)sums)[1] += (one->allocated_objects - one->freed_objects) / 65536.0;
    }
    enum { count = 20000, seeds = 200 };
    static void *volatile live[count];
    static uint64_t state;
    static size_t factor = 1;
    static size_t next_size(void) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      size_t range = (state >> 33) % 100 == 0 ? 40000 : 300;
      return (state >> 40) % range * factor;
    }
    static void *get(int way, size_t size) {
      void *result = NULL;
      switch (way) {
      case 0: return malloc(size);
      case 1: return calloc(1, size);
      case 2: return realloc(malloc(size / 2), size + 1);
      case 3: return posix_memalign(&result, 64, size) ? NULL : result;
      case 4: return aligned_alloc(64, size);
      case 5: return reallocarray(malloc(9000), size + 1, 1);
      default: return memalign(128, size);
      }
    }
    int main(int arguments, char **words) {
      uint64_t interval = arguments > 1 ? strtoull(words[1], NULL, 10) : 2048;
      if (arguments > 2) factor = strtoull(words[2], NULL, 10);
      void (*walk)(body *, void *, void *) = dlsym(RTLD_DEFAULT, "trace_heap_walk");
      void (*restart)(uint64_t, uint64_t) = dlsym(RTLD_DEFAULT, "trace_heap_restart");
      int (*sites)(uint32_t, site_body, void *) = dlsym(RTLD_DEFAULT, "trace_heap_sites");
      if (!walk || !restart || !sites) return 3;
      if (sites(1, add_site, NULL) == 0) return 4;
      double places[2] = {0}, at_end[2] = {0};
      double bytes = 0, objects = 0, sums[2] = {0}, base[2] = {0}, left[2] = {0};
      // What was sampled before main.
      walk(add, NULL, base);
      size_t usable = 0, used = 0;
      for (int seed = 1; seed <= seeds; seed++) {
        restart(seed * 7919, interval);
        state = 12345;
        bytes = objects = usable = 0;
        struct mallinfo2 before = mallinfo2();
        for (int i = 0; i < count; i++) {
          size_t size = next_size();
          live[i] = get(i % 7, size);
          if (i % 7 == 2 || i % 7 == 5) size += 1;
          if (i % 3 == 0) {
            free(live[i]);
            live[i] = NULL;
          } else {
            bytes += size;
            objects += 1;
            usable += malloc_usable_size(live[i]);
          }
        }
        struct mallinfo2 after = mallinfo2();
        used = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
        walk(add, NULL, sums);
        if (sites(sizeof(struct site), add_site, places) != 0) return 5;
        for (int i = 0; i < count; i++) free(live[i]);
        free(NULL);
        walk(add, NULL, left);
      }
      sites(sizeof(struct site), add_site, at_end);
      printf("bytes %f objects %f usable %zu used %zu left %f\\n", bytes, objects, usable, used,
             left[1] - seeds * base[1]);
      printf("estimated_bytes %f estimated_objects %f\\n", sums[0] / seeds - base[0],
             sums[1] / seeds - base[1]);
      printf("all_bytes %f all_objects %f place_bytes %f place_objects %f place_left %f\\n",
             sums[0], sums[1], places[0], places[1], at_end[1] - base[1]);
    }
    """

  /// Leaks in two functions, keeps in a third, and frees in a fourth.
  static let leaks = """
    #include <stdlib.h>
    #include <unistd.h>
    static void *volatile last;
    static void *volatile kept[50];
    __attribute__((noinline)) static void leak_small(void) { last = malloc(1000); last = NULL; }
    __attribute__((noinline)) static void leak_big(void) { last = calloc(3, 30000); last = NULL; }
    __attribute__((noinline)) static void keep(int i) { kept[i] = malloc(500); }
    __attribute__((noinline)) static void use(void) { last = malloc(70000); free(last); }
    int main(int count, char **arguments) {
      int pause = count > 1 ? atoi(arguments[1]) : 0;
      for (int i = 0; i < 50; i++) keep(i);
      for (int i = 0; i < 100; i++) {
        leak_small();
        if (i % 10 == 0) leak_big();
        use();
        if (pause) usleep(pause);
      }
      return 0;
    }
    """

  /// Maps memory in functions that keep it, unmap it, resize it, only reserve it, and replace it.
  static let maps = """
    #define _GNU_SOURCE
    #include <stdlib.h>
    #include <sys/mman.h>
    enum { anonymous = MAP_PRIVATE | MAP_ANONYMOUS, both = PROT_READ | PROT_WRITE };
    static void *volatile last;
    #define NEW(size, protection) mmap(NULL, size, protection, anonymous, -1, 0)
    __attribute__((noinline)) static void map_keep(void) { last = NEW(300000, both); }
    __attribute__((noinline)) static void map_drop(void) {
      void *memory = NEW(300000, both);
      if (munmap(memory, 300000) != 0) abort();
    }
    __attribute__((noinline)) static void map_grow(void) {
      last = mremap(NEW(4096, both), 4096, 8 << 20, MREMAP_MAYMOVE);
      if (last == MAP_FAILED) abort();
    }
    __attribute__((noinline)) static void map_reserve(void) { last = NEW(1 << 30, PROT_NONE); }
    __attribute__((noinline)) static void map_replace(void) {
      void *memory = NEW(40960, both);
      last = mmap(memory, 40960, both, anonymous | MAP_FIXED, -1, 0);
      if (last != memory) abort();
    }
    __attribute__((noinline)) static void map_wrongly(void) {
      if (munmap((void *)1, 300000) == 0 || NEW(0, both) != MAP_FAILED) abort();
    }
    int main(void) {
      for (int i = 0; i < 20; i++) { map_keep(); map_drop(); map_replace(); map_wrongly(); }
      map_grow();
      map_reserve();
      return 0;
    }
    """

  /// Allocates in constructors, threads that exit, signal handlers, forked children and libraries
  /// that are unloaded; `rounds` times each.
  static let everywhere = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <pthread.h>
    #include <signal.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/time.h>
    #include <sys/wait.h>
    #include <unistd.h>
    static void *early[100];
    static __thread void *of_thread;
    static pthread_key_t key;
    static volatile int stopped, failures;
    __attribute__((constructor(101))) static void construct(void) {
      for (int i = 0; i < 100; i++) early[i] = malloc(100 + i);
    }
    __attribute__((destructor)) static void destruct(void) {
      for (int i = 0; i < 100; i++) free(early[i]);
    }
    static void at_exit(void *address) { free(address); free(malloc(2000)); }
    static void *work(void *argument) {
      unsigned seed = (unsigned)(size_t)argument;
      void *slots[32] = {0};
      pthread_setspecific(key, malloc(3000));
      of_thread = malloc(100);
      for (int i = 0; i < 3000; i++) {
        int place = rand_r(&seed) % 32;
        size_t size = rand_r(&seed) % 4000;
        if (rand_r(&seed) % 3 == 0) slots[place] = realloc(slots[place], size + 1);
        else { free(slots[place]); slots[place] = malloc(size); }
        if (slots[place]) memset(slots[place], i, size);
      }
      for (int i = 0; i < 32; i++) free(slots[i]);
      free(of_thread);
      return NULL;
    }
    // Not permitted, but done: the sampler must not make it worse. The interrupted code below does
    // not allocate.
    static void handle(int number) { (void)number; free(malloc(1500)); }
    int main(int count, char **arguments) {
      int rounds = count > 1 ? atoi(arguments[1]) : 5;
      pthread_key_create(&key, at_exit);
      for (int round = 0; round < rounds; round++) {
        pthread_t threads[8];
        for (long i = 0; i < 8; i++) pthread_create(&threads[i], NULL, work, (void *)(i + 1));
        for (int i = 0; i < 3; i++) {
          pid_t child = fork();
          if (child == 0) {
            for (int j = 0; j < 500; j++) free(malloc(j * 10));
            _exit(0);
          }
          int status = 1;
          waitpid(child, &status, 0);
          if (status != 0) failures++;
        }
        for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
        void *library = dlopen("libm.so.6", RTLD_NOW);
        void *other = dlopen(count > 2 ? arguments[2] : "liblzma.so.5", RTLD_NOW | RTLD_LOCAL);
        if (other) dlclose(other);
        if (library) dlclose(library);
        signal(SIGALRM, handle);
        struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
        setitimer(ITIMER_REAL, &often, NULL);
        for (volatile int i = 0; i < 2000000; i++) {}
        setitimer(ITIMER_REAL, &never, NULL);
      }
      printf("failures %d\\n", failures);
      return failures != 0;
    }
    """
}
