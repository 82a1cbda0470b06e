import java.util.ArrayDeque;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Allocates much more than the heap can hold, on two threads, including some large blocks. Keeps
 * part of it alive for a while, and requests collections, so that every kind of pause occurs.
 */
public final class Allocations {
  public static void main(String[] arguments) throws InterruptedException {
    long bytes = Long.getLong("megabytes", 600) << 20;
    Thread[] threads = new Thread[2];
    for (int t = 0; t < threads.length; t++) {
      threads[t] = new Thread(() -> allocate(bytes / threads.length));
      threads[t].start();
    }
    for (Thread thread : threads) thread.join();
    for (int i = 0; i < 3; i++) System.gc();
  }

  static void allocate(long limit) {
    ArrayDeque<byte[]> alive = new ArrayDeque<>();
    long kept = 0;
    for (long total = 0; total < limit; ) {
      int size = ThreadLocalRandom.current().nextInt(64, 16 << 10);
      if (ThreadLocalRandom.current().nextInt(2000) == 0) size = 1 << 20;
      byte[] block = new byte[size];
      total += size;
      alive.add(block);
      kept += size;
      while (kept > 14 << 20) kept -= alive.remove().length;
    }
  }
}
