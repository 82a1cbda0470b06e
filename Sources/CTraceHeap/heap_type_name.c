// Names of Swift's types, read from their metadata: swift_getTypeName takes locks that the thread
// may hold, and allocates. The metadata is read by the kernel, so that nothing in it can crash the
// program: a layout of another version gives no name or a wrong one.
#include <errno.h>
#include <string.h>

#include "heap_type_text.h"

// Kinds of metadata, of Swift's ABI.
enum {
  kind_struct = 0x200, kind_enum = 0x201, kind_optional = 0x202, kind_foreign = 0x203,
  kind_tuple = 0x301, kind_function = 0x302, kind_existential = 0x303, kind_metatype = 0x304,
  kind_local = 0x400, kind_box = 0x500, kind_error = 0x501, kind_task = 0x502, kind_job = 0x503,
};

// Where the generic arguments of a class are.
static uintptr_t class_arguments(struct text *text, uintptr_t metadata, uintptr_t descriptor) {
  uint32_t flags = number_at(text, descriptor);
  if (!(flags & is_generic)) return 0;
  if (flags & has_resilient_superclass) {
    uintptr_t bounds = heap_follow(text, descriptor + 24);
    return bounds ? metadata + word_at(text, bounds) : 0;
  }
  int64_t words = flags & has_negative_members
                      ? -(int64_t)number_at(text, descriptor + 24)
                      : (int64_t)number_at(text, descriptor + 28) -
                            (int64_t)number_at(text, descriptor + 32);
  return metadata + (uintptr_t)(words * (int64_t)sizeof metadata);
}

static void put_tuple(struct text *text, uintptr_t metadata) {
  uintptr_t count = word_at(text, metadata + 8);
  heap_put(text, "(");
  for (uintptr_t number = 0; number < count && number < heap_type_parts_max; number++) {
    if (number > 0) heap_put(text, ", ");
    heap_put_type(text, word_at(text, metadata + 24 + number * 16));
  }
  heap_put(text, count > heap_type_parts_max ? ", ...)" : ")");
}

static void put_existential(struct text *text, uintptr_t metadata) {
  uint32_t flags = number_at(text, metadata + 8), count = number_at(text, metadata + 12);
  bool has_superclass = flags & 1u << 30;
  if (count == 0 && !has_superclass) return heap_put(text, flags >> 31 ? "Any" : "Swift.AnyObject");
  if (has_superclass) heap_put_type(text, word_at(text, metadata + 16));
  for (uint32_t number = 0; number < count && number < heap_type_parts_max; number++) {
    if (number > 0 || has_superclass) heap_put(text, " & ");
    uintptr_t at = metadata + 16 + (number + has_superclass) * sizeof metadata;
    heap_put_context(text, word_at(text, at) & ~(uintptr_t)1, 0);
  }
}

static void put_known(struct text *text, uintptr_t kind, uintptr_t metadata) {
  switch (kind) {
    case kind_struct:
    case kind_enum:
    case kind_optional:
      heap_put_context(text, word_at(text, metadata + 8), metadata + 16);
      return;
    case kind_foreign: heap_put_context(text, word_at(text, metadata + 8), 0); return;
    case kind_tuple: put_tuple(text, metadata); return;
    case kind_function: heap_put(text, "function"); return;
    case kind_existential: put_existential(text, metadata); return;
    case kind_metatype:
      heap_put_type(text, word_at(text, metadata + 8));
      heap_put(text, ".Type");
      return;
    case kind_local: heap_put(text, "closure context or box"); return;
    case kind_box: heap_put(text, "box"); return;
    case kind_error: heap_put(text, "error"); return;
    case kind_task: heap_put(text, "task"); return;
    case kind_job: heap_put(text, "job"); return;
    default: heap_put(text, "?");
  }
}

void heap_put_type(struct text *text, uintptr_t metadata) {
  uintptr_t kind;
  if (text->depth >= heap_type_depth_max) return heap_put(text, "...");
  if (!heap_get(text, metadata, &kind, sizeof kind)) return heap_put(text, "?");
  text->depth += 1;
  if (kind == 0) {
    uintptr_t descriptor = word_at(text, metadata + 40);
    if ((number_at(text, descriptor) & 0x1f) == context_class) {
      heap_put_context(text, descriptor, class_arguments(text, metadata, descriptor));
    } else {
      heap_put(text, "?");
    }
  } else {
    put_known(text, kind, metadata);
  }
  text->depth -= 1;
}

size_t heap_write_type(uintptr_t metadata, char *bytes, size_t limit) {
  static const char rest[] = "...";
  struct text text = {.bytes = bytes, .limit = limit - sizeof rest};
  int error = errno;
  heap_put_type(&text, metadata);
  errno = error;
  if (text.is_cut) {
    text.is_cut = false;
    text.limit = limit;
    heap_put(&text, rest);
  }
  return text.length == 1 && bytes[0] == '?' ? 0 : text.length;
}
