// A cache of a million small objects, which are replaced in random order: the heap is larger
// than the processor's caches.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { object_count = 1000000 };
static uint32_t *objects[object_count];

int main(int count, char **arguments) {
  long rounds = count > 1 ? atol(arguments[1]) : 2000000;
  uint64_t state = 1, sum = 0;
  for (long round = 0; round < object_count + rounds; round++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    long place = round < object_count ? round : (long)((state >> 33) % object_count);
    if (objects[place]) sum += *objects[place];
    free(objects[place]);
    objects[place] = malloc(40 + (state >> 60) * 8);
    *objects[place] = (uint32_t)round;
  }
  printf("%llu\n", (unsigned long long)sum);
}
