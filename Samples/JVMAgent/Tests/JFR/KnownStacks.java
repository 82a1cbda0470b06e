import java.io.InputStream;

/**
 * Throws exceptions from interpreted and compiled methods, and from classes that are repeatedly
 * loaded and unloaded. Prints the message and the Java stack of each, as one line of JSON.
 */
public final class KnownStacks {
  static final int ROUNDS = Integer.getInteger("rounds", 300);
  static Object kept;

  public static class First implements Runnable {
    @Override public void run() { fail(2); }
    void fail(int depth) {
      if (depth == 0) throw new IllegalStateException("First-" + System.nanoTime());
      fail(depth - 1);
    }
  }

  public static class Second implements Runnable {
    int sum;
    @Override public void run() {
      sum++;
      other(3);
    }
    void other(int value) {
      for (int i = 0; i < value; i++) sum += i;
      throw new IllegalStateException("Second-" + System.nanoTime());
    }
  }

  /** Defines new copies of the program's classes, and can be collected together with them. */
  static final class Fresh extends ClassLoader {
    @Override protected Class<?> loadClass(String name, boolean resolve)
        throws ClassNotFoundException {
      if (!name.startsWith("KnownStacks$")) return super.loadClass(name, resolve);
      try (InputStream input = KnownStacks.class.getResourceAsStream(name + ".class")) {
        byte[] bytes = input.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (java.io.IOException e) {
        throw new ClassNotFoundException(name);
      }
    }
  }

  public static void main(String[] arguments) throws Exception {
    StringBuilder told = new StringBuilder();
    Runnable[] same = {new First(), new Second()};
    for (int round = 0; round < ROUNDS; round++) {
      for (Runnable one : same) tell(one, told);
      String name = round % 2 == 0 ? "KnownStacks$First" : "KnownStacks$Second";
      Class<?> type = new Fresh().loadClass(name, true);
      tell((Runnable) type.getDeclaredConstructor().newInstance(), told);
      if (round % 50 == 49) System.gc();
      kept = new byte[64 << 10];
    }
    System.out.print(told);
  }

  static void tell(Runnable work, StringBuilder told) {
    try {
      work.run();
    } catch (IllegalStateException e) {
      told.append("{\"message\":\"").append(e.getMessage()).append("\",\"stack\":[");
      String separator = "";
      for (StackTraceElement frame : e.getStackTrace()) {
        told.append(separator).append('"').append(frame.getClassName()).append('.')
            .append(frame.getMethodName()).append(':').append(frame.getLineNumber()).append('"');
        separator = ",";
      }
      told.append("]}\n");
    }
  }
}
