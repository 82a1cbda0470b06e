// The names of types by their metadata. Nothing here locks, or allocates with malloc: names are
// made where a sample is taken, and kept for as long as the process lives.
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "heap.h"

enum {
  word_bytes = 8,
  names_max = 1 << 12,
  probes = 16,
  arena_bytes = 1 << 20,
};

static struct {
  _Atomic uintptr_t word;
  _Atomic(const char *) name;
} names[names_max];
static _Atomic(char *) arena;
static _Atomic size_t arena_used;

static const char *keep(const char *name, size_t length) {
  char *all = atomic_load(&arena);
  if (!all) {
    void *fresh = mmap(NULL, arena_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (fresh == MAP_FAILED) return NULL;
    if (atomic_compare_exchange_strong(&arena, &all, (char *)fresh)) all = fresh;
    else munmap(fresh, arena_bytes);
  }
  size_t at = atomic_load(&arena_used);
  do {
    if (at + length + 1 > arena_bytes) return NULL;
  } while (!atomic_compare_exchange_weak(&arena_used, &at, at + length + 1));
  memcpy(all + at, name, length);
  return all + at;
}

const char *heap_type_name(uintptr_t word) {
  if (word == 0 || word % word_bytes != 0) return NULL;
  size_t first = (size_t)((word >> 3) * 0x9e3779b97f4a7c15 >> 40);
  for (size_t probe = 0; probe < probes; probe++) {
    size_t number = (first + probe) % names_max;
    uintptr_t found = atomic_load(&names[number].word);
    if (found == 0 && atomic_compare_exchange_strong(&names[number].word, &found, word)) {
      found = word;
    }
    if (found != word) continue;
    const char *name = atomic_load(&names[number].name);
    if (name) return name;
    // Several threads may do this at the same time: they find the same.
    char text[TRACE_HEAP_TYPE_BYTES];
    size_t length = heap_write_type(word, text, sizeof text);
    const char *kept = length > 0 ? keep(text, length) : "";
    if (!kept) return NULL;
    return atomic_compare_exchange_strong(&names[number].name, &name, kept) ? kept : name;
  }
  return NULL;
}
