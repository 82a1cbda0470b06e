// CPU-bound work in several functions, for a number of seconds: work 5
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OWN __attribute__((noinline))

OWN static int fannkuch(int n) {
  int p[16], q[16], count[16], flips = 0, r = n;
  for (int i = 0; i < n; i++) p[i] = i;
  for (;;) {
    for (; r != 1; r--) count[r - 1] = r;
    for (int i = 0; i < n; i++) q[i] = p[i];
    int here = 0, k;
    while ((k = q[0]) != 0) {
      for (int i = 0, j = k; i < j; i++, j--) {
        int t = q[i];
        q[i] = q[j];
        q[j] = t;
      }
      here++;
    }
    if (here > flips) flips = here;
    for (;;) {
      if (r == n) return flips;
      int first = p[0];
      for (int i = 0; i < r; i++) p[i] = p[i + 1];
      p[r] = first;
      if (--count[r] > 0) break;
      r++;
    }
  }
}

OWN static double spectral(int n) {
  double sum = 0;
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) sum += 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
  return sum;
}

OWN static int mandelbrot(int size) {
  int inside = 0;
  for (int y = 0; y < size; y++) {
    for (int x = 0; x < size; x++) {
      double cr = 2.0 * x / size - 1.5, ci = 2.0 * y / size - 1, zr = 0, zi = 0;
      int i = 0;
      for (; i < 50 && zr * zr + zi * zi < 4; i++) {
        double t = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = t;
      }
      if (i == 50) inside++;
    }
  }
  return inside;
}

static int ascending(const void *a, const void *b) {
  int left = *(const int *)a, right = *(const int *)b;
  return left < right ? -1 : left > right;
}

// Spends most of its time in the C library, which has no frame pointers.
OWN static int sorting(int n) {
  int *numbers = malloc(n * sizeof *numbers);
  unsigned seed = 1;
  for (int i = 0; i < n; i++) numbers[i] = (seed = seed * 1664525 + 1013904223) >> 8;
  qsort(numbers, n, sizeof *numbers, ascending);
  int middle = numbers[n / 2];
  free(numbers);
  return middle;
}

OWN static int collatz(int n) {
  int longest = 0;
  for (int i = 1; i < n; i++) {
    int steps = 0;
    for (long v = i; v != 1; steps++) v = v % 2 == 0 ? v / 2 : 3 * v + 1;
    if (steps > longest) longest = steps;
  }
  return longest;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
  double end = now() + (count > 1 ? atof(arguments[1]) : 5), check = 0;
  int rounds = 0;
  while (now() < end) {
    check = fannkuch(8) + spectral(400) + mandelbrot(110) + sorting(20000) + collatz(7000);
    rounds++;
  }
  printf("check %f, %d rounds\n", check, rounds);
}
