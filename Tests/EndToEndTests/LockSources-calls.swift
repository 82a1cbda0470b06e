extension LockSources {
  /// Sleeps by each function, and waits for a socket by each. Prints what it measured and what the
  /// store has: `sleep_ns 1 sleep_waits 1 sleep_stored_ns 1 sleep_stored_waits 1 io_ns …`. Calls
  /// that do not wait are not counted.
  static let calls =
    common + #"""
      #include <poll.h>
      #include <sys/epoll.h>
      #include <sys/select.h>
      #include <sys/socket.h>
      #include <sys/uio.h>

      static uint64_t measured[2], waits[2], stored[8];
      static double counts[8];
      static int ends[2];

      static void add(const struct stack *stack, void *unused) {
        stored[stack->kind] += stack->total;
        counts[stack->kind] += stack->count;
      }
      static void *feed(void *argument) {
        for (int round = 0; round < 7; round++) {
          struct timespec time = {0, 20000000};
          syscall(SYS_nanosleep, &time, NULL);
          if (send(ends[1], "x", 1, 0) != 1) abort();
        }
        return argument;
      }
      #define WAIT(kind, call) \
        do { \
          uint64_t start = now(); \
          if ((call) < 0) abort(); \
          measured[kind] += now() - start; \
          waits[kind] += 1; \
        } while (0)

      int main(void) {
        struct timespec time = {0, 20000000};
        char byte;
        pthread_t thread;
        find_walk();
        for (int round = 0; round < 5; round++) {
          WAIT(0, usleep(20000));
          WAIT(0, nanosleep(&time, NULL));
          WAIT(0, clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL));
        }
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
        struct pollfd one = {ends[0], POLLIN, 0};
        struct epoll_event event = {EPOLLIN, {0}};
        int set = epoll_create1(0);
        epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event);
        pthread_create(&thread, NULL, feed, NULL);
        WAIT(1, read(ends[0], &byte, 1));
        WAIT(1, recv(ends[0], &byte, 1, 0));
        WAIT(1, poll(&one, 1, 1000));
        if (read(ends[0], &byte, 1) != 1) return 2;
        WAIT(1, epoll_wait(set, &event, 1, 1000));
        if (read(ends[0], &byte, 1) != 1) return 2;
        fd_set readable;
        FD_ZERO(&readable);
        FD_SET(ends[0], &readable);
        WAIT(1, select(ends[0] + 1, &readable, NULL, NULL, NULL));
        if (read(ends[0], &byte, 1) != 1) return 2;
        WAIT(1, recvfrom(ends[0], &byte, 1, 0, NULL, NULL));
        struct iovec part = {&byte, 1};
        WAIT(1, readv(ends[0], &part, 1));
        pthread_join(thread, NULL);
        // What fails keeps its error.
        errno = 0;
        if (read(-1, &byte, 1) != -1 || errno != EBADF) return 3;
        walk(0, add, NULL);
        const char *names[] = {"sleep", "io"};
        for (int kind = 0; kind < 2; kind++) {
          printf("%s_ns %lu %s_waits %lu %s_stored_ns %lu %s_stored_waits %f\n", names[kind],
                 measured[kind], names[kind], waits[kind], names[kind], stored[6 + kind],
                 names[kind], counts[6 + kind]);
        }
      }
      """#
}
