// The worst case: nothing but malloc and free of the same size.
#include <stdio.h>
#include <stdlib.h>

static void *volatile last;

int main(int count, char **arguments) {
  long rounds = count > 1 ? atol(arguments[1]) : 60000000;
  for (long round = 0; round < rounds; round++) {
    last = malloc(64);
    free(last);
  }
  printf("%ld\n", rounds);
}
