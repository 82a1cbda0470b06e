import java.util.ArrayList;
import java.util.List;

/** Threads that wait for the locks of objects and for their notifications. */
public final class Monitors {
  static final class Shelf {}

  static final class Till {}

  static final class Bell {}

  private static final Shelf[] shelves = {new Shelf(), new Shelf(), new Shelf()};
  private static final Till till = new Till();
  private static final Bell bell = new Bell();
  private static int rung;

  public static void main(String[] arguments) throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      int number = i;
      threads.add(new Thread(() -> shop(number), "customer-" + i));
    }
    threads.add(new Thread(Monitors::waitForBell, "waiter"));
    for (Thread thread : threads) thread.start();
    for (int i = 0; i < 40; i++) {
      Thread.sleep(5);
      synchronized (bell) {
        rung++;
        bell.notifyAll();
      }
    }
    for (Thread thread : threads) thread.join();
  }

  private static void shop(int number) {
    for (int round = 0; round < 60; round++) {
      synchronized (shelves[(number + round) % shelves.length]) {
        pause(1);
      }
      pay(round % 10 == 0 ? 8 : 1);
    }
  }

  private static void pay(int milliseconds) {
    synchronized (till) {
      pause(milliseconds);
    }
  }

  private static void waitForBell() {
    try {
      synchronized (bell) {
        while (rung < 40) bell.wait();
        for (int i = 0; i < 5; i++) bell.wait(20);
      }
    } catch (InterruptedException exception) {
      throw new IllegalStateException(exception);
    }
  }

  private static void pause(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException exception) {
      throw new IllegalStateException(exception);
    }
  }
}
