// The locks that threads wait for now, and for how long they have waited in all since the lock was
// last let go of:
//
//     sum over the waiters of (now - max(begin, last release)) = waiters * now - sum
//
// Nothing here waits for a lock that an interrupted or ended thread may hold.
#define _GNU_SOURCE
#include <sched.h>
#include <string.h>

#include "lock.h"
#include "trace_thread.h"

enum {
  slot_count = 1 << 10,
  // A lock is in one of this many neighboring slots.
  probes = 4,
  // Number of attempts to change a slot that another thread changes.
  attempts_max = 1000,
};

struct lock_slot {
  _Atomic uint32_t guard;
  uint32_t waiters;
  // 0 while nobody waits.
  _Atomic uintptr_t lock;
  uint64_t sum;
  uint64_t released;
  uint32_t releaser;
} __attribute__((aligned(64)));

_Atomic uint32_t lock_waiters;
_Atomic uint32_t lock_filter[lock_filter_count];
static struct lock_slot slots[slot_count];

uint64_t lock_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static bool take(struct lock_slot *slot) {
  for (int attempt = 0; attempt < attempts_max; attempt++) {
    if (atomic_exchange_explicit(&slot->guard, 1, memory_order_acquire) == 0) return true;
    relax();
  }
  return false;
}

static void give_back(struct lock_slot *slot) {
  atomic_store_explicit(&slot->guard, 0, memory_order_release);
}

static void change_filter(uintptr_t lock, uint32_t change) {
  atomic_fetch_add(&lock_waiters, change);
  atomic_fetch_add(&lock_filter[((lock >> 3) ^ (lock >> 15)) & (lock_filter_count - 1)], change);
}

static struct lock_slot *slot_at(uintptr_t lock, uint32_t place) {
  uint64_t hash = (lock >> 3) * 0x9e3779b97f4a7c15;
  return &slots[((hash >> 40) + place) & (slot_count - 1)];
}

// Takes the slot whose lock is `content` now.
static struct lock_slot *take_slot(uintptr_t lock, uintptr_t content) {
  for (uint32_t place = 0; place < probes; place++) {
    struct lock_slot *slot = slot_at(lock, place);
    if (atomic_load_explicit(&slot->lock, memory_order_relaxed) != content) continue;
    if (!take(slot)) continue;
    if (atomic_load_explicit(&slot->lock, memory_order_relaxed) == content) return slot;
    give_back(slot);
  }
  return NULL;
}

struct lock_slot *lock_join(const void *lock, uint64_t *start) {
  uintptr_t address = (uintptr_t)lock;
  struct lock_slot *slot = take_slot(address, address);
  if (!slot) slot = take_slot(address, 0);
  *start = lock_now();
  if (!slot) return NULL;
  if (slot->waiters == 0) {
    slot->sum = slot->released = 0;
    slot->releaser = 0;
    atomic_store_explicit(&slot->lock, address, memory_order_relaxed);
  }
  slot->waiters += 1;
  slot->sum += *start;
  change_filter(address, 1);
  give_back(slot);
  return slot;
}

uint64_t lock_leave(struct lock_slot *slot, const void *lock, uint64_t start, uint32_t *releaser) {
  uintptr_t address = (uintptr_t)lock;
  *releaser = 0;
  // This thread cannot be inside of it: it would not have joined.
  while (!take(slot)) sched_yield();
  // A child may have been forked meanwhile, by a signal handler.
  if (atomic_load_explicit(&slot->lock, memory_order_relaxed) == address && slot->waiters > 0) {
    if (slot->released >= start) *releaser = slot->releaser;
    slot->sum -= slot->released > start ? slot->released : start;
    slot->waiters -= 1;
    if (slot->waiters == 0) atomic_store_explicit(&slot->lock, 0, memory_order_relaxed);
    change_filter(address, -1u);
  }
  give_back(slot);
  return lock_now();
}

uint64_t lock_charge(const void *lock, uint32_t *waiters) {
  uint64_t charge = 0;
  *waiters = 0;
  // Two threads that began to wait at the same moment may have entered the lock twice.
  for (uint32_t place = 0; place < probes; place++) {
    struct lock_slot *slot = slot_at((uintptr_t)lock, place);
    if (atomic_load_explicit(&slot->lock, memory_order_relaxed) != (uintptr_t)lock) continue;
    if (!take(slot)) continue;
    if (atomic_load_explicit(&slot->lock, memory_order_relaxed) == (uintptr_t)lock) {
      uint64_t now = lock_now();
      int64_t waited = (int64_t)(slot->waiters * now - slot->sum);
      if (waited > 0) charge += (uint64_t)waited;
      *waiters += slot->waiters;
      slot->sum = slot->waiters * now;
      slot->released = now;
      slot->releaser = trace_thread_id();
    }
    give_back(slot);
  }
  return charge;
}

void lock_forget_waiters(void) {
  atomic_store(&lock_waiters, 0);
  memset(slots, 0, sizeof slots);
  memset((void *)lock_filter, 0, sizeof lock_filter);
}
