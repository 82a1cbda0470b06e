extension LockSources {
  /// Locks in constructors, threads that exit, signal handlers, forked children, canceled threads,
  /// recursive and error-checking mutexes, and libraries that are unloaded; `rounds` times each.
  static let everywhere =
    common + #"""
      #include <signal.h>
      #include <sys/time.h>
      static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
      static pthread_mutex_t handled = PTHREAD_MUTEX_INITIALIZER;
      static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
      static pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
      static pthread_mutex_t adaptive = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
      static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
      static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
      static pthread_key_t key;
      static sem_t semaphore;
      static int failures;
      static long counter, inner;
      static void expect(int is_true, int line) {
        if (!is_true) { __atomic_add_fetch(&failures, 1, 0); printf("line %d\n", line); }
      }
      #define EXPECT(x) expect(x, __LINE__)
      __attribute__((constructor(101))) static void construct(void) {
        for (int i = 0; i < 100; i++) {
          EXPECT(pthread_mutex_lock(&plain) == 0);
          EXPECT(pthread_mutex_unlock(&plain) == 0);
        }
      }
      __attribute__((destructor)) static void destruct(void) { construct(); }
      static void at_exit(void *value) {
        (void)value;
        pthread_mutex_lock(&plain);
        counter += 1;
        pthread_mutex_unlock(&plain);
      }
      static void *work(void *argument) {
        pthread_setspecific(key, argument);
        for (int i = 0; i < 2000; i++) {
          EXPECT(pthread_mutex_lock(&plain) == 0);
          counter += 1;
          EXPECT(pthread_mutex_unlock(&plain) == 0);
          EXPECT(pthread_mutex_lock(&recursive) == 0);
          EXPECT(pthread_mutex_lock(&recursive) == 0);
          inner += 1;
          EXPECT(pthread_mutex_unlock(&recursive) == 0);
          EXPECT(pthread_mutex_unlock(&recursive) == 0);
          EXPECT(pthread_mutex_unlock(&recursive) == EPERM);
          EXPECT(pthread_mutex_lock(&checking) == 0);
          EXPECT(pthread_mutex_lock(&checking) == EDEADLK);
          EXPECT(pthread_mutex_unlock(&checking) == 0);
          pthread_mutex_lock(&adaptive);
          pthread_mutex_unlock(&adaptive);
          if (i % 8 == 0) pthread_rwlock_wrlock(&rwlock); else pthread_rwlock_rdlock(&rwlock);
          pthread_rwlock_unlock(&rwlock);
          if (i % 100 == 0) { sem_post(&semaphore); sem_wait(&semaphore); }
        }
        return NULL;
      }
      static void clean_up(void *mutex) { pthread_mutex_unlock(mutex); }
      static void *canceled(void *argument) {
        pthread_mutex_lock(&plain);
        pthread_cleanup_push(clean_up, &plain);
        for (;;) pthread_cond_wait(&never, &plain);
        pthread_cleanup_pop(1);
        return argument;
      }
      // Not permitted, but done.
      static void handle(int number) {
        (void)number;
        if (pthread_mutex_trylock(&handled) == 0) pthread_mutex_unlock(&handled);
        pthread_mutex_lock(&recursive);
        pthread_mutex_unlock(&recursive);
      }
      static int child(void) {
        pthread_t threads[2];
        for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, work, NULL);
        for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
        return failures != 0;
      }
      int main(int count, char **arguments) {
        int rounds = count > 1 ? atoi(arguments[1]) : 2;
        pthread_key_create(&key, at_exit);
        sem_init(&semaphore, 0, 0);
        for (int round = 0; round < rounds; round++) {
          pid_t pid = fork();
          if (pid == 0) _exit(child());
          int status = 1;
          waitpid(pid, &status, 0);
          EXPECT(status == 0);
          long before = counter;
          pthread_t threads[8], last;
          for (long i = 0; i < 8; i++) pthread_create(&threads[i], NULL, work, (void *)(i + 1));
          for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
          EXPECT(counter == before + 8 * 2001);
          pthread_create(&last, NULL, canceled, NULL);
          pause_us(1000);
          pthread_cancel(last);
          void *result = NULL;
          pthread_join(last, &result);
          EXPECT(result == PTHREAD_CANCELED && pthread_mutex_trylock(&plain) == 0);
          pthread_mutex_unlock(&plain);
          struct timespec soon = later(CLOCK_REALTIME, 1000);
          EXPECT(sem_timedwait(&semaphore, &soon) == -1 && errno == ETIMEDOUT);
          void *other = dlopen("liblzma.so.5", RTLD_NOW | RTLD_LOCAL);
          if (other) dlclose(other);
          signal(SIGALRM, handle);
          struct itimerval often = {{0, 200}, {0, 200}}, stop = {{0, 0}, {0, 0}};
          setitimer(ITIMER_REAL, &often, NULL);
          for (volatile int i = 0; i < 2000000; i++) {}
          setitimer(ITIMER_REAL, &stop, NULL);
        }
        printf("failures %d\n", failures);
        return failures != 0;
      }
      """#
}
