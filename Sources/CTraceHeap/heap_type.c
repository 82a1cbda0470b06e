// The types of Swift's objects.
//
// swift_allocObject(metadata, ...) calls malloc, and keeps the metadata on its stack or in a
// register that its callees save. Where it is then, counted from the frame of the function that
// swift_allocObject calls, differs from runtime to runtime, and is learned by calls with words that
// are known. The runtime's pointer for instruments (_swift_allocObject) is not used: replacing it
// makes each retain and release take a slower way, and programs crash there in Swift 6.3.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>

#include "heap.h"

enum {
  // The words that are looked at: callee-saved registers and locals.
  words_below = 12,
  words_above = 12,
  steps_max = 4,
  frame_bytes_max = 4096,
  lesson_count = 8,
};

// Of the program's runtime: swift_allocObject's code, and where the metadata is. `low` is stored
// last.
static _Atomic uintptr_t low;
static uintptr_t code_bytes;
static intptr_t place;

// MARK: The metadata of an allocation

// The frame of the function that swift_allocObject called, or null.
static const uintptr_t *find_frame(const void *frame, uintptr_t from, uintptr_t bytes) {
  const uintptr_t *at = frame;
  for (int step = 0; step < steps_max; step++) {
    if (at[1] - from < bytes) return at;
    uintptr_t next = at[0];
    if (next <= (uintptr_t)at || next - (uintptr_t)at > frame_bytes_max) return NULL;
    if (next % sizeof next != 0) return NULL;
    at = (const uintptr_t *)next;
  }
  return NULL;
}

const char *heap_type_of(const struct trace_heap_sample *sample, const void *frame) {
  uintptr_t from = atomic_load_explicit(&low, memory_order_acquire);
  if (from == 0) return NULL;
  bool is_object = false;
  for (uint32_t number = 0; number < sample->depth && number < steps_max; number++) {
    is_object |= sample->frames[number] - from < code_bytes;
  }
  const uintptr_t *callee = is_object ? find_frame(frame, from, code_bytes) : NULL;
  return callee ? heap_type_name(callee[place]) : NULL;
}

// MARK: Learning

static struct {
  uintptr_t from, bytes, word;
  // A bit for each place which had the word each time.
  uint64_t places;
  uint32_t calls;
} lesson;

SLOW void heap_learn(const void *frame) {
  const uintptr_t *callee = find_frame(frame, lesson.from, lesson.bytes);
  if (!callee) return;
  uint64_t places = 0;
  for (int number = -words_below; number < words_above; number++) {
    if (callee[number] == lesson.word) places |= (uint64_t)1 << (number + words_below);
  }
  lesson.places &= places;
  lesson.calls += 1;
}

static void *find_symbol(const char *name) {
  void *found = dlsym(RTLD_DEFAULT, name);
  if (found) return found;
  // Loaded by dlopen, out of the program's scope.
  void *runtime = dlopen("libswiftCore.so", RTLD_LAZY | RTLD_NOLOAD);
  if (!runtime) return NULL;
  found = dlsym(runtime, name);
  dlclose(runtime);
  return found;
}

static struct heap_swift find_runtime(void) {
  struct heap_swift found = {0};
  void *code = find_symbol("swift_allocObject");
  Dl_info own;
  const ElfW(Sym) *symbol = NULL;
  if (!code) {
    heap_find_static(&found);
  } else if (dladdr1(code, &own, (void **)&symbol, RTLD_DL_SYMENT) && symbol) {
    found.code = (uintptr_t)code;
    found.bytes = symbol->st_size;
    found.pointer = (uintptr_t)find_symbol("_swift_allocObject");
  }
  return found;
}

// Another library that replaced the pointer is not called with words that are no metadata.
static bool is_replaced(struct heap_swift runtime) {
  Dl_info own, other;
  return !dladdr((void *)runtime.code, &own) || !dladdr(*(void **)runtime.pointer, &other) ||
         own.dli_fbase != other.dli_fbase;
}

static void learn(struct heap_swift runtime) {
  static const uintptr_t words[lesson_count] = {0};
  struct heap_thread *me = &heap_this_thread;
  uint64_t left = me->left;
  void *(*allocate)(const void *, size_t, size_t);
  *(uintptr_t *)&allocate = runtime.code;
  lesson.from = runtime.code;
  lesson.bytes = runtime.bytes;
  lesson.places = ~(uint64_t)0;
  lesson.calls = 0;
  for (uint32_t number = 0; number < lesson_count; number++) {
    lesson.word = (uintptr_t)&words[number];
    me->left = 0;
    me->is_learning = true;
    atomic_signal_fence(memory_order_seq_cst);
    // Alternately by malloc and by posix_memalign.
    void *object = allocate(&words[number], 64, number % 2 == 0 ? 15 : 31);
    atomic_signal_fence(memory_order_seq_cst);
    me->is_learning = false;
    free(object);
  }
  me->left = left;
  if (lesson.calls != lesson_count || lesson.places == 0) return;
  code_bytes = lesson.bytes;
  place = __builtin_ctzll(lesson.places) - words_below;
  atomic_store_explicit(&low, lesson.from, memory_order_release);
}

void trace_heap_find_swift(void) {
  static _Atomic bool is_looking;
  if (atomic_load(&low) != 0 || atomic_exchange(&is_looking, true)) return;
  struct heap_swift runtime = find_runtime();
  if (runtime.code && runtime.bytes && runtime.pointer && !is_replaced(runtime)) learn(runtime);
  atomic_store(&is_looking, false);
}
