/**
 * Four methods with the same work, one of which can be made slower by a factor in percent. As
 * Samples/MiniVM/programs/phases.mini.
 */
public final class SlowPhases {
  static int parse(int count) {
    int sum = 0;
    for (int i = 0; i < count; i++) sum = (sum * 31 + i) % 1000003;
    return sum;
  }

  static int layout(int count) {
    int sum = 0;
    for (int i = 0; i < count; i++) sum = (sum * 31 + i) % 1000003;
    return sum;
  }

  static int paint(int count) {
    int sum = 0;
    for (int i = 0; i < count; i++) sum = (sum * 31 + i) % 1000003;
    return sum;
  }

  static int store(int count) {
    int sum = 0;
    for (int i = 0; i < count; i++) sum = (sum * 31 + i) % 1000003;
    return sum;
  }

  public static void main(String[] arguments) {
    int rounds = Integer.parseInt(arguments[0]);
    int slowness = Integer.parseInt(arguments[1]);
    long sum = 0;
    for (int i = 0; i < rounds; i++) {
      sum += parse(1000) + layout(10 * slowness) + paint(1000) + store(1000);
    }
    System.out.println(sum);
  }
}
