#define _GNU_SOURCE
#include "trace_image.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct search {
  uintptr_t address;
  _Bool is_first, is_found, is_program;
  char path[4096];
};

// The program is the first object, and has no name.
static int look(struct dl_phdr_info *object, size_t size, void *context) {
  struct search *search = context;
  (void)size;
  _Bool is_first = search->is_first;
  search->is_first = 0;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_W)) continue;
    uintptr_t start = object->dlpi_addr + segment->p_vaddr;
    if (search->address < start || search->address - start >= segment->p_memsz) continue;
    size_t length = strlen(object->dlpi_name);
    search->is_program = is_first;
    search->is_found = is_first || (length > 0 && length < sizeof search->path);
    if (search->is_found && !is_first) memcpy(search->path, object->dlpi_name, length + 1);
    return 1;
  }
  return 0;
}

_Bool trace_pin_image(const void *address) {
  // Not initialized as a whole: the path would be cleared on every registration.
  struct search search;
  search.address = (uintptr_t)address;
  search.is_first = 1;
  search.is_found = search.is_program = 0;
  dl_iterate_phdr(look, &search);
  if (!search.is_found || search.is_program) return search.is_found;
  // The handle is never closed, and the flag keeps the library loaded even if others close theirs.
  return dlopen(search.path, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) != NULL;
}
