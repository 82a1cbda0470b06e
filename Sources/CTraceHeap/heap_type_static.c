// Finds the Swift runtime of a program that is linked with it statically, by the symbol table of
// the program's file.
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heap.h"

struct file {
  const char *bytes;
  size_t size;
};

// `count` structures of a file, or null if they are not all in it.
static const void *part(struct file file, uint64_t offset, uint64_t count, size_t bytes) {
  if (offset > file.size || offset % 8 != 0 || count > (file.size - offset) / bytes) return NULL;
  return file.bytes + offset;
}

// A string of a section of strings; empty if it is not in it.
static const char *string(struct file file, const Elf64_Shdr *section, uint32_t offset) {
  if (section->sh_offset > file.size || section->sh_size > file.size - section->sh_offset) {
    return "";
  }
  const char *start = file.bytes + section->sh_offset;
  if (offset >= section->sh_size || !memchr(start + offset, 0, section->sh_size - offset)) {
    return "";
  }
  return start + offset;
}

static int take_base(struct dl_phdr_info *info, size_t size, void *base) {
  (void)size;
  *(uintptr_t *)base = info->dlpi_addr;
  // The first is the program.
  return 1;
}

static void search(struct file file, struct heap_swift *found) {
  const Elf64_Ehdr *header = part(file, 0, 1, sizeof *header);
  if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return;
  if (header->e_ident[EI_CLASS] != ELFCLASS64) return;
  uint32_t count = header->e_shnum;
  const Elf64_Shdr *sections = part(file, header->e_shoff, count, sizeof *sections);
  if (!sections || header->e_shstrndx >= count) return;
  const Elf64_Shdr *names = &sections[header->e_shstrndx], *table = NULL;
  bool is_swift = false;
  for (uint32_t number = 0; number < count; number++) {
    is_swift |= strncmp(string(file, names, sections[number].sh_name), "swift5_", 7) == 0;
    if (sections[number].sh_type == SHT_SYMTAB) table = &sections[number];
  }
  if (!is_swift || !table || table->sh_link >= count) return;
  uint64_t symbol_count = table->sh_size / sizeof(Elf64_Sym);
  const Elf64_Sym *symbols = part(file, table->sh_offset, symbol_count, sizeof *symbols);
  uintptr_t base = 0;
  dl_iterate_phdr(take_base, &base);
  for (uint64_t number = 0; symbols && number < symbol_count; number++) {
    const Elf64_Sym *symbol = &symbols[number];
    uint8_t type = ELF64_ST_TYPE(symbol->st_info);
    if (symbol->st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_OBJECT)) continue;
    const char *name = string(file, &sections[table->sh_link], symbol->st_name);
    if (type == STT_FUNC && strcmp(name, "swift_allocObject") == 0) {
      found->code = base + symbol->st_value;
      found->bytes = symbol->st_size;
    } else if (type == STT_OBJECT && strcmp(name, "_swift_allocObject") == 0) {
      found->pointer = base + symbol->st_value;
    }
  }
}

SLOW void heap_find_static(struct heap_swift *found) {
  int descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  struct stat status;
  if (fstat(descriptor, &status) == 0 && status.st_size > 0) {
    struct file file = {.size = (size_t)status.st_size};
    void *bytes = mmap(NULL, file.size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (bytes != MAP_FAILED) {
      file.bytes = bytes;
      search(file, found);
      munmap(bytes, file.size);
    }
  }
  close(descriptor);
}
