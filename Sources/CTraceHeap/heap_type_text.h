// What the files that write the names of types share.
#ifndef HEAP_TYPE_TEXT_H
#define HEAP_TYPE_TEXT_H

#include "heap.h"

enum { heap_type_depth_max = 24, heap_type_parts_max = 16 };

// Kinds of context descriptors and their flags, of Swift's ABI.
enum {
  context_module = 0, context_extension = 1, context_anonymous = 2, context_protocol = 3,
  context_class = 16, context_struct = 17, context_enum = 18,
};
enum { is_generic = 1 << 7, has_negative_members = 1 << 28, has_resilient_superclass = 1 << 29 };

struct text {
  char *bytes;
  size_t length, limit;
  uint32_t reads, depth;
  // There was no room for the rest.
  bool is_cut;
};

// heap_type_context.c
void heap_put(struct text *text, const char *word);
// Copies memory of this process, which may be unmapped. Reads are limited in number.
bool heap_get(struct text *text, uintptr_t address, void *into, size_t bytes);
// Writes a qualified name; returns the number of generic parameters.
uint32_t heap_put_context(struct text *text, uintptr_t descriptor, uintptr_t arguments);
// What a relative pointer points at; if it is odd, at a pointer to that.
uintptr_t heap_follow(struct text *text, uintptr_t address);

// heap_type_name.c
void heap_put_type(struct text *text, uintptr_t metadata);

// Reads a number; 0 if it cannot be read.
#define HEAP_READ(type, name)                                         \
  static inline type name(struct text *text, uintptr_t address) {     \
    type value;                                                       \
    return heap_get(text, address, &value, sizeof value) ? value : 0; \
  }
HEAP_READ(uintptr_t, word_at)
HEAP_READ(uint32_t, number_at)
HEAP_READ(int32_t, offset_at)
HEAP_READ(uint16_t, short_at)
HEAP_READ(uint8_t, byte_at)

#endif
