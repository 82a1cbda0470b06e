/** Works, throws and allocates until its input ends; prints "warm" when `hot` is compiled. */
public final class LongRunning {
  static volatile Object kept;
  static int sink;

  public static void main(String[] arguments) throws Exception {
    Thread worker = new Thread(() -> {
      for (long i = 0; ; i++) kept = new byte[hot(i)];
    });
    worker.setDaemon(true);
    worker.start();
    Thread.sleep(500);
    System.out.println("warm");
    while (System.in.read() >= 0) { }
  }

  static int hot(long i) {
    int sum = 0;
    for (int k = 0; k < 100; k++) sum += (int) (i ^ k) & 31;
    try {
      if (i % 1000 == 0) throw new IllegalStateException("LongRunning-" + i);
    } catch (IllegalStateException e) {
      sink++;
    }
    return sum;
  }
}
