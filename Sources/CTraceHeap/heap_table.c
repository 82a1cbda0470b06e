// The live samples. Nothing here locks or allocates, so a signal handler or a forked child can find
// it in any state.
//
//     filter   4 MiB; a byte for each KiB of the heap: how many samples are there (255: many)
//     slots    2^18 of 16 bytes, in sets of 8: address ─▶ number of its sample
//     samples  2^17 of 432 bytes, dense: those freed last are used first
//
// The last two are 60 MB of address space; memory is used for samples that exist.
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "heap.h"

enum {
  slot_bits = 18,
  slot_count = 1 << slot_bits,
  set_slots = 8,
  // An address is in one of this many sets.
  probes = 4,
  // In place of an address: the slot is being changed.
  changing = 1,
};

struct slot {
  _Atomic uint64_t address;
  _Atomic uint64_t sample;
};

// An unused sample's address is the number of the next unused one.
struct table {
  struct slot slots[slot_count];
  struct trace_heap_sample samples[TRACE_HEAP_SAMPLES];
};

_Atomic uint8_t heap_filter[heap_filter_bytes];
static _Atomic(struct table *) table;
static _Atomic uint32_t used;
// Number of the first unused sample + 1, below a count of changes.
static _Atomic uint64_t unused;

static struct table *get_table(void) {
  struct table *known = atomic_load_explicit(&table, memory_order_acquire);
  if (LIKELY(known != NULL)) return known;
  void *fresh = mmap(NULL, sizeof *known, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (fresh == MAP_FAILED) return NULL;
  // Samples are few and scattered in the slots: huge pages would make them expensive.
  madvise(fresh, sizeof *known, MADV_NOHUGEPAGE);
  if (!atomic_compare_exchange_strong(&table, &known, (struct table *)fresh)) {
    munmap(fresh, sizeof *known);
    return known;
  }
  return fresh;
}

static _Atomic uint64_t *id_of(struct trace_heap_sample *sample) {
  return (_Atomic uint64_t *)&sample->id;
}

static _Atomic uint64_t *link_of(struct trace_heap_sample *sample) {
  return (_Atomic uint64_t *)&sample->address;
}

struct trace_heap_sample *heap_take_sample(void) {
  struct table *all = get_table();
  if (!all) return NULL;
  uint64_t first = atomic_load(&unused);
  while ((uint32_t)first != 0) {
    struct trace_heap_sample *sample = &all->samples[(uint32_t)first - 1];
    uint64_t next = (uint32_t)atomic_load(link_of(sample)) | ((first >> 32) + 1) << 32;
    if (atomic_compare_exchange_weak(&unused, &first, next)) return sample;
  }
  uint32_t place = atomic_load(&used);
  while (place < TRACE_HEAP_SAMPLES) {
    if (atomic_compare_exchange_weak(&used, &place, place + 1)) return &all->samples[place];
  }
  return NULL;
}

void heap_give_back(struct trace_heap_sample *sample) {
  struct table *all = get_table();
  uint64_t number = (uint64_t)(sample - all->samples) + 1;
  atomic_store(id_of(sample), 0);
  uint64_t first = atomic_load(&unused), next;
  do {
    atomic_store(link_of(sample), (uint32_t)first);
    next = number | ((first >> 32) + 1) << 32;
  } while (!atomic_compare_exchange_weak(&unused, &first, next));
}

// The slot at a place of those that an address may be in.
static struct slot *slot_at(struct table *all, uintptr_t address, uint32_t place) {
  uint64_t hash = (address >> 4) * 0x9e3779b97f4a7c15;
  uint32_t set = (uint32_t)(hash >> (64 - slot_bits)) / set_slots + place / set_slots;
  return &all->slots[(set * set_slots + place % set_slots) & (slot_count - 1)];
}

static void change_filter(uintptr_t address, int change) {
  _Atomic uint8_t *counter = &heap_filter[heap_filter_index(address)];
  uint8_t count = atomic_load(counter);
  // A full counter stays full.
  while (count != UINT8_MAX &&
         !atomic_compare_exchange_weak(counter, &count, (uint8_t)(count + change))) {}
  heap_count_elsewhere(address, change);
}

void heap_mark(const void *address) {
  atomic_store(&heap_filter[heap_filter_index((uintptr_t)address)], UINT8_MAX);
}

bool heap_enter(struct trace_heap_sample *sample, uint64_t id) {
  struct table *all = get_table();
  uintptr_t address = sample->address;
  for (uint32_t place = 0; place < set_slots * probes; place++) {
    struct slot *slot = slot_at(all, address, place);
    uint64_t empty = 0;
    if (atomic_load(&slot->address) != 0) continue;
    if (!atomic_compare_exchange_strong(&slot->address, &empty, changing)) continue;
    atomic_store(id_of(sample), id);
    change_filter(address, 1);
    atomic_store(&slot->sample, (uint64_t)(sample - all->samples));
    atomic_store(&slot->address, address);
    return true;
  }
  heap_end(sample);
  return false;
}

struct trace_heap_sample *heap_remove(uintptr_t address, uint64_t *id) {
  struct table *all = atomic_load(&table);
  if (!all) return NULL;
  for (uint32_t place = 0; place < set_slots * probes; place++) {
    struct slot *slot = slot_at(all, address, place);
    uint64_t found = address;
    if (atomic_load_explicit(&slot->address, memory_order_relaxed) != address) continue;
    if (!atomic_compare_exchange_strong(&slot->address, &found, changing)) continue;
    struct trace_heap_sample *sample = &all->samples[atomic_load(&slot->sample)];
    // Before the caller reports the end, so that a walk which saw the sample sees that, too.
    *id = atomic_exchange(id_of(sample), 0);
    atomic_store(&slot->address, 0);
    change_filter(address, -1);
    return sample;
  }
  return NULL;
}

EXPORTED void trace_heap_walk(
    void (*body)(const struct trace_heap_sample *, void *),
    void (*freed)(uint64_t, uint64_t, void *), void *context) {
  struct table *all = atomic_load(&table);
  uint32_t count = atomic_load(&used);
  if (!all) return;
  for (uint32_t number = 0; number < count && number < TRACE_HEAP_SAMPLES; number++) {
    struct trace_heap_sample *sample = &all->samples[number];
    uint64_t id = atomic_load(id_of(sample));
    if (id == 0) continue;
    struct trace_heap_sample copy = *sample;
    atomic_thread_fence(memory_order_acquire);
    if (atomic_load(id_of(sample)) != id) continue;
    copy.id = id;
    if (copy.depth > TRACE_HEAP_FRAMES) copy.depth = TRACE_HEAP_FRAMES;
    body(&copy, context);
    if (freed && atomic_load(id_of(sample)) != id) freed(id, copy.address, context);
  }
}
