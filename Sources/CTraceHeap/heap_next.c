// Finds the allocator that the program would use without this library.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "heap.h"

// dlsym may allocate while the allocator is being looked for. Its memory has addresses as samples
// have.
enum { early_bytes = 1 << 16, early_step = 512, early_header = 16 };
static _Alignas(early_step) char early[early_bytes];
static _Atomic size_t early_used;

bool heap_is_early(const void *address) {
  return (uintptr_t)address - (uintptr_t)early < early_bytes;
}

size_t heap_early_size(const void *address) {
  size_t size;
  memcpy(&size, (const char *)address - early_header, sizeof size);
  return size;
}

static void *early_malloc(size_t size) {
  if (size > early_bytes) return NULL;
  size_t room = (early_header + size + early_step - 1) & ~(size_t)(early_step - 1);
  size_t place = atomic_fetch_add(&early_used, room);
  if (place + room > early_bytes) return NULL;
  memcpy(early + place, &size, sizeof size);
  heap_mark(early + place + early_header);
  return early + place + early_header;
}

static _Atomic int is_looking;

// Several threads may do this at the same time: they find the same.
static void look(void) {
  struct heap_next found;
  atomic_fetch_add(&is_looking, 1);
#define FIND(name) *(void **)&found.name = dlsym(RTLD_NEXT, #name)
  FIND(malloc);
  FIND(free);
  FIND(calloc);
  FIND(realloc);
  FIND(posix_memalign);
  FIND(aligned_alloc);
  FIND(memalign);
  FIND(valloc);
  FIND(pvalloc);
  FIND(mmap);
  FIND(munmap);
  FIND(mremap);
  *(void **)&found.create = dlsym(RTLD_NEXT, "pthread_create");
  if (!found.malloc || !found.free || !found.calloc || !found.realloc || !found.posix_memalign ||
      !found.mmap || !found.munmap || !found.mremap) {
    static const char text[] = "libtraceheap.so: the program has no C library's malloc\n";
    if (write(2, text, sizeof text - 1)) {}
    _exit(127);
  }
  // Such a function believes the size, and with another alignment the memory is of a larger one.
  if (dlsym(RTLD_NEXT, "sdallocx") || dlsym(RTLD_NEXT, "free_sized")) heap_put_anywhere();
  // The bits may be changed meanwhile.
  enum { start = offsetof(struct heap_next, malloc) };
  memcpy((char *)&heap_next + start, (char *)&found + start, sizeof found - start);
  atomic_fetch_sub(&is_looking, 1);
}

// Constructors of other libraries may allocate before this one's.
static bool find(void) {
  if (atomic_load(&is_looking) > 0) return false;
  look();
  return true;
}

static void *first_malloc(size_t size) {
  return find() ? heap_next.malloc(size) : early_malloc(size);
}

static void first_free(void *address) {
  if (address && find()) heap_next.free(address);
}

static void *first_calloc(size_t count, size_t size) {
  size_t bytes;
  if (find()) return heap_next.calloc(count, size);
  // Static memory is zero, and is used once.
  return __builtin_mul_overflow(count, size, &bytes) ? NULL : early_malloc(bytes);
}

static void *first_realloc(void *address, size_t size) {
  if (find()) return heap_next.realloc(address, size);
  void *result = early_malloc(size);
  if (result && address) {
    size_t old = heap_early_size(address);
    memcpy(result, address, old < size ? old : size);
  }
  return result;
}

static int first_posix_memalign(void **result, size_t alignment, size_t size) {
  return find() ? heap_next.posix_memalign(result, alignment, size) : ENOMEM;
}

static void *first_aligned_alloc(size_t alignment, size_t size) {
  return find() ? heap_next.aligned_alloc(alignment, size) : NULL;
}

static void *first_memalign(size_t alignment, size_t size) {
  return find() ? heap_next.memalign(alignment, size) : NULL;
}

static void *first_valloc(size_t size) { return find() ? heap_next.valloc(size) : NULL; }
static void *first_pvalloc(size_t size) { return find() ? heap_next.pvalloc(size) : NULL; }

// The kernel's own functions serve until the C library's are known.
static void *first_mmap(
    void *address, size_t length, int protection, int flags, int file, off_t offset) {
  return (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}

static int first_munmap(void *address, size_t length) {
  return (int)syscall(SYS_munmap, address, length);
}

static void *first_mremap(void *address, size_t length, size_t resized, int flags, void *place) {
  return (void *)syscall(SYS_mremap, address, length, resized, flags, place);
}

static int first_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
  return find() ? heap_next.create(thread, attributes, body, argument) : EAGAIN;
}

struct heap_next heap_next = {
    heap_sample_bits,
    first_malloc,        first_free,     first_calloc, first_realloc, first_posix_memalign,
    first_aligned_alloc, first_memalign, first_valloc, first_pvalloc,
    first_mmap,          first_munmap,   first_mremap, first_create,
};
