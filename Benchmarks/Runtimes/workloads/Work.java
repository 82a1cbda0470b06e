/** CPU-bound work in several methods, for a number of seconds: java Work 5 */
public class Work {
  static int fannkuch(int n) {
    int[] p = new int[n], q = new int[n], count = new int[n];
    for (int i = 0; i < n; i++) p[i] = i;
    int flips = 0, r = n;
    while (true) {
      for (; r != 1; r--) count[r - 1] = r;
      System.arraycopy(p, 0, q, 0, n);
      int here = 0, k;
      while ((k = q[0]) != 0) {
        for (int i = 0, j = k; i < j; i++, j--) { int t = q[i]; q[i] = q[j]; q[j] = t; }
        here++;
      }
      if (here > flips) flips = here;
      while (true) {
        if (r == n) return flips;
        int first = p[0];
        for (int i = 0; i < r; i++) p[i] = p[i + 1];
        p[r] = first;
        if (--count[r] > 0) break;
        r++;
      }
    }
  }

  static double spectral(int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) sum += 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
    }
    return sum;
  }

  static int mandelbrot(int size) {
    int inside = 0;
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        double cr = 2.0 * x / size - 1.5, ci = 2.0 * y / size - 1, zr = 0, zi = 0;
        int i = 0;
        while (i < 50 && zr * zr + zi * zi < 4) {
          double t = zr * zr - zi * zi + cr;
          zi = 2 * zr * zi + ci;
          zr = t;
          i++;
        }
        if (i == 50) inside++;
      }
    }
    return inside;
  }

  static int sieve(int n) {
    byte[] composite = new byte[n + 1];
    int primes = 0;
    for (int i = 2; i <= n; i++) {
      if (composite[i] != 0) continue;
      primes++;
      for (int j = i * 2; j <= n; j += i) composite[j] = 1;
    }
    return primes;
  }

  static int collatz(int n) {
    int longest = 0;
    for (int i = 1; i < n; i++) {
      int steps = 0;
      for (long v = i; v != 1; steps++) v = v % 2 == 0 ? v / 2 : 3 * v + 1;
      if (steps > longest) longest = steps;
    }
    return longest;
  }

  public static void main(String[] arguments) {
    long end = System.nanoTime() + (long) (1e9 * Double.parseDouble(arguments[0]));
    int rounds = 0;
    double check = 0;
    while (System.nanoTime() < end) {
      check = fannkuch(8) + Math.round(spectral(400)) + mandelbrot(110) + sieve(120000) + collatz(7000);
      rounds++;
    }
    System.out.println("check " + check + ", " + rounds + " rounds");
  }
}
