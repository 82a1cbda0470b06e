// Anonymous memory that the program maps itself, with mmap(2). What an allocator maps is counted
// when it hands it out.
#define _GNU_SOURCE
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "heap.h"

// The code of the next allocator.
static uintptr_t allocator_start, allocator_end;

static int look_at(struct dl_phdr_info *object, size_t size, void *address) {
  (void)size;
  for (int index = 0; index < object->dlpi_phnum; index++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[index];
    uintptr_t start = object->dlpi_addr + segment->p_vaddr;
    if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X)) continue;
    if ((uintptr_t)address - start >= segment->p_memsz) continue;
    allocator_start = start;
    allocator_end = start + segment->p_memsz;
    return 1;
  }
  return 0;
}

void heap_find_allocator(void) {
  // The first malloc replaces the pointer that looks for it.
  free(malloc(1));
  dl_iterate_phdr(look_at, *(void **)&heap_next.malloc);
}

static bool is_of_allocator(const void *caller) {
  return (uintptr_t)caller - allocator_start < allocator_end - allocator_start;
}

// Reserved memory that cannot be written is not in use.
static bool is_counted(int protection, int flags) {
  return (flags & MAP_ANONYMOUS) && (protection & PROT_WRITE);
}

// Takes out the sample of a mapping that ends or is moved.
static struct trace_heap_sample *take(const void *address, uint64_t *id) {
  if (LIKELY(!address || !heap_is_marked(address))) return NULL;
  return heap_remove((uintptr_t)address, id);
}

static SLOW void ended(struct trace_heap_sample *sample, uint64_t id) {
  uintptr_t address = sample->address;
  heap_end(sample);
  heap_report_free(&heap_this_thread, id, address);
}

static void began(
    void *address, size_t length, const void *caller, const void *frame) {
  struct heap_thread *me = &heap_this_thread;
  if (!heap_counts_down(length) && heap_takes(me, length) && !is_of_allocator(caller)) {
    heap_record(me, address, length, frame);
  }
}

EXPORTED void *mmap(
    void *address, size_t length, int protection, int flags, int file, off_t offset) {
  void *result = heap_next.mmap(address, length, protection, flags, file, offset);
  if (result == MAP_FAILED) return result;
  // What was mapped here before has been replaced, or unmapped as a part of more.
  uint64_t id;
  struct trace_heap_sample *old = take(result, &id);
  if (UNLIKELY(old != NULL)) ended(old, id);
  if (is_counted(protection, flags)) {
    began(result, length, __builtin_return_address(0), __builtin_frame_address(0));
  }
  return result;
}

EXPORTED void *mmap64(
    void *address, size_t length, int protection, int flags, int file, off_t offset)
    __attribute__((alias("mmap")));

// The table is changed before the address can belong to another thread.
EXPORTED int munmap(void *address, size_t length) {
  uint64_t id;
  struct trace_heap_sample *old = take(address, &id);
  int code = heap_next.munmap(address, length);
  if (UNLIKELY(old != NULL)) {
    if (code == 0) ended(old, id); else heap_enter(old, id);
  }
  return code;
}

// The C library's function takes the last argument only with a flag.
EXPORTED void *heap_mremap(void *, size_t, size_t, int, void *) __asm__("mremap");

void *heap_mremap(void *address, size_t length, size_t resized, int flags, void *place) {
  uint64_t id, other;
  struct trace_heap_sample *old = take(address, &id);
  void *result = heap_next.mremap(address, length, resized, flags, place);
  if (result == MAP_FAILED) {
    if (old) heap_enter(old, id);
    return result;
  }
  struct trace_heap_sample *replaced = take(result, &other);
  if (UNLIKELY(replaced != NULL)) ended(replaced, other);
  if (UNLIKELY(old != NULL)) heap_move(&heap_this_thread, old, id, result, resized);
  return result;
}
