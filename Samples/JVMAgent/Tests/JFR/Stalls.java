import java.util.ArrayList;
import java.util.List;

/** Threads that allocate faster than a concurrent collector can free memory of a small heap. */
public final class Stalls {
  private static final int THREADS = 4;
  private static final int ROUNDS = 1000;
  private static final int KEPT = 3;
  private static volatile Object sink;

  public static void main(String[] arguments) throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int number = 0; number < THREADS; number++) {
      // A name that resembles part of a line of the log.
      threads.add(new Thread(Stalls::allocate, "worker (" + number + ") 1.000ms"));
    }
    for (Thread thread : threads) thread.start();
    for (Thread thread : threads) thread.join();
  }

  private static void allocate() {
    List<byte[]> kept = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      byte[] block = new byte[1 << 20];
      sink = block;
      kept.add(block);
      if (kept.size() > KEPT) kept.remove(0);
    }
  }
}
