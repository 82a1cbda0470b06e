// The places that allocate, with estimates of all that they allocated and freed since the program's
// start. A place is a stack and a class of sizes; it is never removed. Nothing here locks or
// allocates, as in heap_table.c.
//
//     index    2^16 words: the upper half of a stack's hash, and the number of its place + 1
//     sites    2^15 of 432 bytes; the first is for those for which there is no room
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "heap.h"

enum {
  index_bits = 16,
  index_count = 1 << index_bits,
  site_max = 1 << 15,
  // A place is in one of this many words.
  probes = 64,
};

struct sites {
  _Atomic uint64_t index[index_count];
  struct trace_heap_site sites[site_max];
};

static _Atomic(struct sites *) sites;
// Number of sites in use, without the first.
static _Atomic uint32_t used;
// A site that was filled in while another thread entered the same; 0 if there is none.
static _Atomic uint32_t spare;

static struct sites *get_sites(void) {
  struct sites *known = atomic_load_explicit(&sites, memory_order_acquire);
  if (LIKELY(known != NULL)) return known;
  void *fresh = mmap(NULL, sizeof *known, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (fresh == MAP_FAILED) return NULL;
  madvise(fresh, sizeof *known, MADV_NOHUGEPAGE);
  if (!atomic_compare_exchange_strong(&sites, &known, (struct sites *)fresh)) {
    munmap(fresh, sizeof *known);
    return known;
  }
  return fresh;
}

// Four classes for each doubling: a stack whose objects grow has few places.
static uint32_t class_of(uint64_t size) {
  if (size < 8) return (uint32_t)size;
  uint32_t bits = 63 - (uint32_t)__builtin_clzll(size);
  return bits * 4 + (uint32_t)(size >> (bits - 2) & 3);
}

static uint64_t hash_of(const struct trace_heap_sample *sample, uint32_t size_class) {
  uint64_t hash = size_class + 1;
  for (uint32_t number = 0; number < sample->depth; number++) {
    hash = (hash ^ sample->frames[number]) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
  }
  return (hash ^ hash >> 32) * 0xbf58476d1ce4e5b9;
}

static bool is_same(
    const struct trace_heap_site *site, const struct trace_heap_sample *sample, uint64_t hash,
    uint32_t size_class) {
  return site->hash == hash && site->size_class == size_class && site->depth == sample->depth &&
         memcmp(site->frames, sample->frames, sample->depth * sizeof *site->frames) == 0;
}

// Returns the number of a site that no other thread uses, filled in; 0 if there is none.
static uint32_t make_site(
    struct sites *all, const struct trace_heap_sample *sample, uint64_t hash,
    uint32_t size_class) {
  uint32_t number = atomic_exchange(&spare, 0);
  if (number == 0) {
    uint32_t count = atomic_load(&used);
    do {
      if (count + 1 >= site_max) return 0;
    } while (!atomic_compare_exchange_weak(&used, &count, count + 1));
    number = count + 1;
  }
  struct trace_heap_site *site = &all->sites[number];
  site->hash = hash;
  site->size_class = size_class;
  site->depth = sample->depth;
  memcpy(site->frames, sample->frames, sample->depth * sizeof *site->frames);
  return number;
}

uint32_t heap_site_of(const struct trace_heap_sample *sample) {
  struct sites *all = get_sites();
  if (!all) return 0;
  uint32_t size_class = class_of(sample->size);
  uint64_t hash = hash_of(sample, size_class);
  uint64_t tag = hash & ~(uint64_t)UINT32_MAX;
  uint32_t fresh = 0, result = 0;
  for (uint32_t probe = 0; probe < probes; probe++) {
    _Atomic uint64_t *word = &all->index[(hash + probe) & (index_count - 1)];
    uint64_t found = atomic_load_explicit(word, memory_order_acquire);
    if (found == 0) {
      if (fresh == 0) fresh = make_site(all, sample, hash, size_class);
      if (fresh == 0) break;
      if (atomic_compare_exchange_strong(word, &found, tag | (fresh + 1))) return fresh;
    }
    uint32_t number = (uint32_t)found - 1;
    if ((found & ~(uint64_t)UINT32_MAX) == tag &&
        is_same(&all->sites[number], sample, hash, size_class)) {
      result = number;
      break;
    }
  }
  if (fresh != 0) atomic_store(&spare, fresh);
  return result;
}

// MARK: Totals

static uint64_t objects_of(const struct trace_heap_sample *sample) {
  return (uint64_t)(sample->weight * 65536 + 0.5);
}

static uint64_t bytes_of(const struct trace_heap_sample *sample) {
  double bytes = (double)sample->size * sample->weight + 0.5;
  return bytes < 0x1p62 ? (uint64_t)bytes : (uint64_t)1 << 62;
}

static void add(uint64_t *total, uint64_t amount) {
  __atomic_fetch_add(total, amount, __ATOMIC_RELEASE);
}

void heap_count_allocated(const struct trace_heap_sample *sample) {
  struct sites *all = atomic_load(&sites);
  if (!all) return;
  struct trace_heap_site *site = &all->sites[sample->site];
  add(&site->allocated_objects, objects_of(sample));
  add(&site->allocated_bytes, bytes_of(sample));
}

void heap_count_freed(const struct trace_heap_sample *sample) {
  struct sites *all = atomic_load(&sites);
  if (!all) return;
  struct trace_heap_site *site = &all->sites[sample->site];
  add(&site->freed_objects, objects_of(sample));
  add(&site->freed_bytes, bytes_of(sample));
}

static void tell(
    const struct trace_heap_site *site, trace_heap_site_body body, void *context) {
  struct trace_heap_site copy = *site;
  // What was freed comes first: no more of it than was allocated.
  copy.freed_objects = __atomic_load_n(&site->freed_objects, __ATOMIC_ACQUIRE);
  copy.freed_bytes = __atomic_load_n(&site->freed_bytes, __ATOMIC_ACQUIRE);
  copy.allocated_objects = __atomic_load_n(&site->allocated_objects, __ATOMIC_ACQUIRE);
  copy.allocated_bytes = __atomic_load_n(&site->allocated_bytes, __ATOMIC_ACQUIRE);
  if (copy.depth > TRACE_HEAP_FRAMES) copy.depth = TRACE_HEAP_FRAMES;
  body(&copy, context);
}

EXPORTED int trace_heap_sites(uint32_t site_bytes, trace_heap_site_body body, void *context) {
  if (site_bytes != sizeof(struct trace_heap_site)) return EINVAL;
  struct sites *all = atomic_load(&sites);
  if (!all) return 0;
  tell(&all->sites[0], body, context);
  for (uint32_t place = 0; place < index_count; place++) {
    uint64_t found = atomic_load_explicit(&all->index[place], memory_order_acquire);
    if (found != 0) tell(&all->sites[(uint32_t)found - 1], body, context);
  }
  return 0;
}
