extension LockSources {
  /// 64 threads that allocate, lock, wait, fork and exit; `rounds` times. Prints `failures 0`, the
  /// number of the threads' steps, and the memory in use at the end: `steps 1 kept 1`.
  static let storm =
    common + #"""
      #include <malloc.h>
      enum { threads_max = 64, slots = 16 };
      static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
      static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
      static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
      static sem_t semaphore;
      static pthread_key_t key;
      static long steps, ended;
      static _Atomic int failures;
      static void fail(int line) { failures += 1; printf("line %d\n", line); }
      static void leave(void *memory) {
        free(memory);
        pthread_mutex_lock(&mutex);
        ended += 1;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
      }
      static void spin(unsigned *seed) {
        void *memory[slots] = {0};
        for (int i = 0; i < 40; i++) {
          int place = rand_r(seed) % slots;
          if (rand_r(seed) % 2) memory[place] = realloc(memory[place], rand_r(seed) % 9000 + 1);
          else { free(memory[place]); memory[place] = calloc(1, rand_r(seed) % 3000); }
          if (i % 4 == 0) {
            pthread_mutex_lock(&mutex);
            steps += 1;
            if (rand_r(seed) % 200 == 0) pause_us(200);
            pthread_mutex_unlock(&mutex);
          }
          if (i % 8 == 0) pthread_rwlock_rdlock(&rwlock); else pthread_rwlock_wrlock(&rwlock);
          pthread_rwlock_unlock(&rwlock);
          if (i % 16 == 0) { sem_wait(&semaphore); sem_post(&semaphore); }
        }
        for (int i = 0; i < slots; i++) free(memory[i]);
      }
      static void *work(void *argument) {
        unsigned seed = (unsigned)(size_t)argument;
        pthread_setspecific(key, malloc(500));
        spin(&seed);
        if ((size_t)argument % 32 == 0) {
          // Others may hold the lock in the parent, so the child uses locks of its own.
          pid_t child = fork();
          if (child == 0) {
            pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
            for (int i = 0; i < 50; i++) {
              pthread_mutex_lock(&own);
              free(malloc(i * 100));
              pthread_mutex_unlock(&own);
            }
            _exit(7);
          }
          int status = 0;
          if (child < 0 || waitpid(child, &status, 0) != child) fail(__LINE__);
          else if (!WIFEXITED(status) || WEXITSTATUS(status) != 7) fail(__LINE__);
        }
        return NULL;
      }
      int main(int count, char **arguments) {
        int rounds = count > 1 ? atoi(arguments[1]) : 5;
        pthread_key_create(&key, leave);
        sem_init(&semaphore, 0, 8);
        size_t first = 0, last = 0;
        for (int round = 0; round < rounds; round++) {
          pthread_t threads[threads_max];
          ended = 0;
          for (size_t i = 0; i < threads_max; i++) {
            if (pthread_create(&threads[i], NULL, work, (void *)(round * 64 + i + 1))) {
              fail(__LINE__);
            }
          }
          pthread_mutex_lock(&mutex);
          while (ended < threads_max) pthread_cond_wait(&condition, &mutex);
          pthread_mutex_unlock(&mutex);
          for (int i = 0; i < threads_max; i++) pthread_join(threads[i], NULL);
          last = mallinfo2().uordblks;
          if (round == 1) first = last;
        }
        if (steps != (long)rounds * threads_max * 10) fail(__LINE__);
        printf("failures %d steps %ld kept %ld\n", failures, steps, (long)last - (long)first);
        return failures != 0;
      }
      """#
}
