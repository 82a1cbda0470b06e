// The qualified names of Swift's types, from the descriptors of their contexts.
#define _GNU_SOURCE
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "heap_type_text.h"

enum { reads_max = 500, name_max = 128, page_bytes = 4096 };

void heap_put(struct text *text, const char *word) {
  size_t length = strlen(word), room = text->limit - text->length;
  if (text->is_cut) return;
  if (length > room) {
    // Not in the middle of a character.
    for (length = room; length > 0 && (word[length] & 0xc0) == 0x80; length--) {}
    text->is_cut = true;
  }
  memcpy(text->bytes + text->length, word, length);
  text->length += length;
}

bool heap_get(struct text *text, uintptr_t address, void *into, size_t bytes) {
  if (text->reads++ >= reads_max) return false;
  struct iovec to = {into, bytes}, from = {(void *)address, bytes};
  return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)bytes;
}

// What a relative pointer points at; if it is odd, at a pointer to that.
uintptr_t heap_follow(struct text *text, uintptr_t address) {
  int32_t offset = offset_at(text, address);
  if (offset == 0) return 0;
  uintptr_t target = address + (uintptr_t)(intptr_t)(offset & ~1);
  return offset & 1 ? word_at(text, target) : target;
}

static void put_name(struct text *text, uintptr_t descriptor) {
  int32_t offset = offset_at(text, descriptor + 8);
  if (offset == 0) return heap_put(text, "?");
  uintptr_t address = descriptor + 8 + (uintptr_t)(intptr_t)offset;
  char name[name_max + 1];
  size_t length = 0;
  while (length < name_max) {
    size_t room = page_bytes - address % page_bytes;
    if (room > name_max - length) room = name_max - length;
    if (!heap_get(text, address, name + length, room)) break;
    size_t used = strnlen(name + length, room);
    length += used;
    address += room;
    if (used < room) break;
  }
  name[length] = 0;
  for (size_t at = 0; at < length; at++) {
    if ((unsigned char)name[at] < ' ') name[at] = '?';
  }
  heap_put(text, name);
}

// MARK: Contexts

// Writes the arguments of the generic parameters that a type adds to those of its context.
static void put_arguments(
    struct text *text, uintptr_t parameters, uint32_t first, uint32_t count, uintptr_t arguments) {
  uint8_t kinds[heap_type_parts_max];
  bool is_plain = arguments != 0 && count <= heap_type_parts_max &&
                  heap_get(text, parameters, kinds, count);
  for (uint32_t number = 0; is_plain && number < count; number++) {
    if ((kinds[number] & 0x3f) != 0) is_plain = false;
  }
  if (!is_plain) return heap_put(text, "<...>");
  uint32_t key = 0;
  for (uint32_t number = 0; number < count; number++) {
    bool is_key = kinds[number] & 0x80;
    if (number >= first) {
      heap_put(text, number == first ? "<" : ", ");
      if (is_key) heap_put_type(text, word_at(text, arguments + key * sizeof arguments));
      else heap_put(text, "_");
    }
    key += is_key;
  }
  heap_put(text, ">");
}

// Writes a qualified name; returns the number of generic parameters.
uint32_t heap_put_context(struct text *text, uintptr_t descriptor, uintptr_t arguments) {
  if (descriptor == 0 || text->depth >= heap_type_depth_max) return 0;
  text->depth += 1;
  uint32_t flags = number_at(text, descriptor), kind = flags & 0x1f, count = 0;
  if (kind == context_module) {
    put_name(text, descriptor);
  } else if (kind == context_extension) {
    // The extended type, as a reference to its descriptor in a mangled name.
    uintptr_t name = heap_follow(text, descriptor + 8);
    uint8_t form = name ? byte_at(text, name) : 0;
    uintptr_t type = form == 1 || form == 2
                         ? name + 1 + (uintptr_t)(intptr_t)offset_at(text, name + 1) : 0;
    if (form == 2) type = word_at(text, type);
    count = heap_put_context(text, type ? type : heap_follow(text, descriptor + 4), arguments);
  } else if (kind == context_anonymous) {
    count = heap_put_context(text, heap_follow(text, descriptor + 4), arguments);
    if (flags & is_generic) count = short_at(text, descriptor + 8);
  } else if (kind == context_protocol || (kind >= context_class && kind <= context_enum)) {
    size_t before = text->length;
    count = heap_put_context(text, heap_follow(text, descriptor + 4), arguments);
    if (text->length > before) heap_put(text, ".");
    put_name(text, descriptor);
    if (kind != context_protocol && flags & is_generic) {
      uintptr_t header = descriptor + (kind == context_class ? 52 : 36);
      uint32_t first = count;
      count = short_at(text, header);
      if (count > first) put_arguments(text, header + 8, first, count, arguments);
    }
  }
  text->depth -= 1;
  return count;
}
