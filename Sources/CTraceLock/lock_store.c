// The waits by stack: for each profile an open hash table that only grows. Nothing here locks or
// allocates, so a signal handler or a forked child can find it in any state.
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "lock.h"

enum {
  probes = 32,
  kinds = TRACE_LOCK_KIND_IO + 1,
  // Binary places of counts below the point.
  count_bits = 16,
};

enum state { empty, changing, full };

struct entry {
  _Atomic uint32_t state;
  uint32_t kind;
  uint64_t hash;
  _Atomic uint64_t count, total_ns;
  uint32_t depth;
  uint64_t frames[TRACE_LOCK_FRAMES];
};

struct table {
  struct entry entries[TRACE_LOCK_STACKS];
  // What had no room, by kind.
  struct entry rest[kinds];
  _Atomic uint64_t events, without_stack;
};

// One for each profile: 3.5 MB of address space, which become memory as stacks are entered.
static _Atomic(struct table *) tables;

static struct table *get_table(enum trace_lock_profile profile) {
  struct table *known = atomic_load_explicit(&tables, memory_order_acquire);
  if (LIKELY(known != NULL)) return known + profile;
  void *fresh = mmap(NULL, 2 * sizeof *known, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (fresh == MAP_FAILED) return NULL;
  if (!atomic_compare_exchange_strong(&tables, &known, (struct table *)fresh)) {
    munmap(fresh, 2 * sizeof *known);
    return known + profile;
  }
  return (struct table *)fresh + profile;
}

static uint64_t hash_of(const struct trace_lock_event *event) {
  uint64_t hash = event->kind + 1;
  for (uint32_t index = 0; index < event->depth; index++) {
    hash = (hash ^ event->frames[index]) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
  }
  return hash;
}

static bool is_of(const struct entry *entry, const struct trace_lock_event *event, uint64_t hash) {
  return entry->hash == hash && entry->kind == event->kind && entry->depth == event->depth &&
         memcmp(entry->frames, event->frames, event->depth * sizeof *event->frames) == 0;
}

static struct entry *find(struct table *table, const struct trace_lock_event *event) {
  uint64_t hash = hash_of(event);
  for (uint32_t probe = 0; probe < probes; probe++) {
    struct entry *entry = &table->entries[(hash + probe) % TRACE_LOCK_STACKS];
    uint32_t state = atomic_load_explicit(&entry->state, memory_order_acquire);
    if (state == full && is_of(entry, event, hash)) return entry;
    if (state != empty) continue;
    if (!atomic_compare_exchange_strong(&entry->state, &state, changing)) continue;
    entry->hash = hash;
    entry->kind = event->kind;
    entry->depth = event->depth;
    memcpy(entry->frames, event->frames, event->depth * sizeof *event->frames);
    atomic_store_explicit(&entry->state, full, memory_order_release);
    return entry;
  }
  atomic_fetch_add(&table->without_stack, 1);
  return &table->rest[event->kind < kinds ? event->kind : 0];
}

void lock_store_add(enum trace_lock_profile profile, const struct trace_lock_event *event) {
  struct table *table = get_table(profile);
  if (!table) return;
  struct entry *entry = find(table, event);
  double total = event->weight * (double)event->duration_ns;
  atomic_fetch_add(&entry->count, (uint64_t)(event->weight * (1 << count_bits) + 0.5));
  atomic_fetch_add(&entry->total_ns, (uint64_t)(total + 0.5));
  atomic_fetch_add(&table->events, 1);
}

void lock_store_forget(void) {
  struct table *known = atomic_load(&tables);
  if (known) madvise(known, 2 * sizeof *known, MADV_DONTNEED);
}

static void show(
    struct entry *entry, uint32_t kind, void (*body)(const struct trace_lock_stack *, void *),
    void *context) {
  struct trace_lock_stack stack = {
      .count = (double)atomic_load(&entry->count) / (1 << count_bits),
      .total_ns = atomic_load(&entry->total_ns),
      .kind = kind,
      .depth = entry->depth,
  };
  memcpy(stack.frames, entry->frames, stack.depth * sizeof *stack.frames);
  if (stack.count > 0) body(&stack, context);
}

EXPORTED void trace_lock_walk(
    enum trace_lock_profile profile, void (*body)(const struct trace_lock_stack *, void *),
    void *context) {
  if ((unsigned)profile > TRACE_LOCK_MUTEX) return;
  struct table *table = get_table(profile);
  if (!table) return;
  for (uint32_t index = 0; index < TRACE_LOCK_STACKS; index++) {
    struct entry *entry = &table->entries[index];
    if (atomic_load_explicit(&entry->state, memory_order_acquire) != full) continue;
    show(entry, entry->kind, body, context);
  }
  for (uint32_t kind = 0; kind < kinds; kind++) show(&table->rest[kind], kind, body, context);
}

HIDDEN void lock_store_count(struct trace_lock_counts *counts) {
  struct table *block = get_table(TRACE_LOCK_BLOCK), *mutex = get_table(TRACE_LOCK_MUTEX);
  if (!block || !mutex) return;
  counts->waits = atomic_load(&block->events);
  counts->releases = atomic_load(&mutex->events);
  counts->without_stack =
      atomic_load(&block->without_stack) + atomic_load(&mutex->without_stack);
}
