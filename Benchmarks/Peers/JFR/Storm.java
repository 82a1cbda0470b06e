import java.nio.file.Path;
import java.util.concurrent.CyclicBarrier;
import jdk.jfr.Event;
import jdk.jfr.Name;
import jdk.jfr.Recording;
import jdk.jfr.StackTrace;

/**
 * Emits EVENTS events in each of THREADS threads, ROUNDS times, and prints for each round the
 * nanoseconds per event, averaged over the threads, one number per line. With a fourth argument,
 * records into that file.
 */
public final class Storm {
  @Name("storm.Counter")
  @StackTrace(false)
  static final class Counter extends Event {
    long sequence;
    int worker;
  }

  public static void main(String[] arguments) throws Exception {
    long events = Long.parseLong(arguments[0]);
    int threads = Integer.parseInt(arguments[1]);
    int rounds = Integer.parseInt(arguments[2]);
    Recording recording = null;
    if (arguments.length > 3) {
      recording = new Recording();
      recording.enable(Counter.class).withoutThreshold().withoutStackTrace();
      recording.setDestination(Path.of(arguments[3]));
      recording.start();
    }
    // Enough iterations for the compiler to compile the loop.
    for (int i = 0; i < 20; i++) emit(20_000, 0);
    for (int i = 0; i < rounds; i++) System.out.printf("%.3f%n", round(events, threads));
    if (recording != null) {
      recording.stop();
      recording.close();
    }
  }

  static double round(long events, int threads) throws Exception {
    double[] costs = new double[threads];
    CyclicBarrier barrier = new CyclicBarrier(threads);
    Thread[] workers = new Thread[threads];
    for (int i = 0; i < threads; i++) {
      int worker = i;
      workers[i] = new Thread(() -> {
        try {
          barrier.await();
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
        long start = System.nanoTime();
        emit(events, worker);
        costs[worker] = (double) (System.nanoTime() - start) / events;
      });
      workers[i].start();
    }
    double sum = 0;
    for (int i = 0; i < threads; i++) {
      workers[i].join();
      sum += costs[i];
    }
    return sum / threads;
  }

  static void emit(long events, int worker) {
    for (long sequence = 1; sequence <= events; sequence++) {
      Counter event = new Counter();
      event.sequence = sequence;
      event.worker = worker;
      event.commit();
    }
  }
}
