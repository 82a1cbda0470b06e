import java.lang.reflect.InvocationTargetException;

/**
 * Throws exceptions in every possible way, each a known number of times and with a separate type.
 * Prints one line of JSON for each type: how many were constructed, thrown and caught.
 */
public final class KnownExceptions {
  static class Plain extends Exception {
    Plain(String message) { super(message); }
  }
  static final class Local extends Plain { Local(String m) { super(m); } }
  static final class Deep extends Plain { Deep(String m) { super(m); } }
  static final class NeverThrown extends Plain { NeverThrown(String m) { super(m); } }
  static final class OneObject extends Plain { OneObject(String m) { super(m); } }
  static final class ThroughFinally extends Plain { ThroughFinally(String m) { super(m); } }
  static final class Rethrown extends Plain { Rethrown(String m) { super(m); } }
  static final class Wrapped extends Plain { Wrapped(String m) { super(m); } }
  static final class Uncaught extends RuntimeException { Uncaught(String m) { super(m); } }
  static final class FromThreads extends Plain { FromThreads(String m) { super(m); } }
  static final class OwnError extends Error { OwnError(String m) { super(m); } }

  static final int ROUNDS = Integer.getInteger("rounds", 20_000);
  static int sink;

  public static void main(String[] arguments) throws Exception {
    local();
    deep();
    neverThrown();
    oneObject();
    throughFinally();
    rethrown();
    wrapped();
    uncaught();
    fromThreads();
    ownError();
    implicit();
  }

  /** `thrown` counts executions of a throw, `caught` those of a handler, including `finally`. */
  static void tell(Class<?> type, int constructed, int thrown, int caught) {
    System.out.printf(
        "{\"type\":\"%s\",\"constructed\":%d,\"thrown\":%d,\"caught\":%d}%n",
        type.getName(), constructed, thrown, caught);
  }

  static void local() {
    for (int i = 0; i < ROUNDS; i++) {
      try {
        throw new Local("Local-" + i);
      } catch (Local e) {
        sink++;
      }
    }
    tell(Local.class, ROUNDS, ROUNDS, ROUNDS);
  }

  static void deep() {
    for (int i = 0; i < ROUNDS; i++) {
      try {
        descend(i, 5);
      } catch (Deep e) {
        sink++;
      }
    }
    tell(Deep.class, ROUNDS, ROUNDS, ROUNDS);
  }

  static void descend(int i, int depth) throws Deep {
    if (depth == 0) throw new Deep("Deep-" + i);
    descend(i, depth - 1);
    sink++;
  }

  static void neverThrown() {
    for (int i = 0; i < ROUNDS; i++) sink += new NeverThrown("NeverThrown-" + i).hashCode();
    tell(NeverThrown.class, ROUNDS, 0, 0);
  }

  static void oneObject() {
    OneObject object = new OneObject("OneObject-0");
    for (int i = 0; i < ROUNDS; i++) {
      try {
        throw object;
      } catch (OneObject e) {
        sink++;
      }
    }
    tell(OneObject.class, 1, ROUNDS, ROUNDS);
  }

  static void throughFinally() {
    for (int i = 0; i < ROUNDS; i++) {
      try {
        withFinally(i);
      } catch (ThroughFinally e) {
        sink++;
      }
    }
    tell(ThroughFinally.class, ROUNDS, 2 * ROUNDS, 2 * ROUNDS);
  }

  static void withFinally(int i) throws ThroughFinally {
    try {
      throw new ThroughFinally("ThroughFinally-" + i);
    } finally {
      sink++;
    }
  }

  static void rethrown() {
    for (int i = 0; i < ROUNDS; i++) {
      try {
        catching(i);
      } catch (Rethrown e) {
        sink++;
      }
    }
    tell(Rethrown.class, ROUNDS, 2 * ROUNDS, 2 * ROUNDS);
  }

  static void catching(int i) throws Rethrown {
    try {
      throw new Rethrown("Rethrown-" + i);
    } catch (Rethrown e) {
      sink++;
      throw e;
    }
  }

  public static void target(Integer i) throws Wrapped {
    throw new Wrapped("Wrapped-" + i);
  }

  /** Reflection catches its target's exceptions in native code at first, and in Java code later. */
  static void wrapped() throws Exception {
    var method = KnownExceptions.class.getMethod("target", Integer.class);
    int rounds = 10;
    for (int i = 0; i < rounds; i++) {
      try {
        method.invoke(null, i);
      } catch (InvocationTargetException e) {
        sink++;
      }
    }
    tell(Wrapped.class, rounds, rounds, -1);
  }

  static void uncaught() throws InterruptedException {
    Thread thread = new Thread(() -> { throw new Uncaught("Uncaught-0"); });
    thread.setUncaughtExceptionHandler((t, e) -> sink++);
    thread.start();
    thread.join();
    tell(Uncaught.class, 1, 1, 0);
  }

  static void fromThreads() throws InterruptedException {
    Thread[] threads = new Thread[4];
    for (int t = 0; t < threads.length; t++) {
      int number = t;
      threads[t] = new Thread(() -> {
        for (int i = 0; i < ROUNDS; i++) {
          try {
            throw new FromThreads("FromThreads-" + (number * ROUNDS + i));
          } catch (FromThreads e) {
            sink++;
          }
        }
      });
      threads[t].start();
    }
    for (Thread thread : threads) thread.join();
    int count = threads.length * ROUNDS;
    tell(FromThreads.class, count, count, count);
  }

  static void ownError() {
    for (int i = 0; i < ROUNDS; i++) {
      try {
        throw new OwnError("OwnError-" + i);
      } catch (OwnError e) {
        sink++;
      }
    }
    tell(OwnError.class, ROUNDS, ROUNDS, ROUNDS);
  }

  /** The JVM throws these itself; compiled code may throw a single object repeatedly. */
  static void implicit() {
    int[] none = null;
    int[] short_ = new int[1];
    int zero = sink - sink;
    for (int i = 0; i < ROUNDS; i++) {
      try {
        sink += none[i];
      } catch (NullPointerException e) {
        sink++;
      }
      try {
        sink += short_[i + 1];
      } catch (ArrayIndexOutOfBoundsException e) {
        sink++;
      }
      try {
        sink += i / zero;
      } catch (ArithmeticException e) {
        sink++;
      }
    }
    tell(NullPointerException.class, -1, ROUNDS, ROUNDS);
    tell(ArrayIndexOutOfBoundsException.class, -1, ROUNDS, ROUNDS);
    tell(ArithmeticException.class, -1, ROUNDS, ROUNDS);
  }
}
