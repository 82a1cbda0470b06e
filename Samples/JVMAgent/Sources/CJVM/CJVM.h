// The JDK's tool interface, and two related declarations that Swift cannot import.
#ifndef CJVM_H
#define CJVM_H

#include <elf.h>
#include <jvmti.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Enables or disables an event for all threads. Swift does not import variadic function pointers.
static inline jvmtiError cjvm_set_event(jvmtiEnv *_Nonnull tool, jvmtiEvent event, int enable) {
  return (*tool)->SetEventNotificationMode(
      tool, enable ? JVMTI_ENABLE : JVMTI_DISABLE, event, (jthread)0);
}

/// Creates a file in memory, closed on exec; returns -1 and sets errno on failure.
static inline int cjvm_memory_file(const char *_Nonnull name) {
  return (int)syscall(SYS_memfd_create, name, 1u);
}

/// Releases the memory of a file's first bytes, which then read as zeros; the file's size is
/// unchanged.
static inline void cjvm_discard(int file, long count) {
  if (syscall(SYS_fallocate, file, 3, 0L, count) != 0) return;
}

/// The calling thread's id.
static inline unsigned cjvm_thread_id(void) { return (unsigned)syscall(SYS_gettid); }

/// Names the calling thread.
static inline void cjvm_name_thread(const char *_Nonnull name) {
  if (syscall(SYS_prctl, 15L, name, 0L, 0L, 0L) != 0) return;
}

// As in <link.h>, which has them only with _GNU_SOURCE; that would give this module another fd_set
// than Swift's Glibc has.
struct dl_phdr_info {
  Elf64_Addr dlpi_addr;
  const char *_Nullable dlpi_name;
  const Elf64_Phdr *_Nullable dlpi_phdr;
  Elf64_Half dlpi_phnum;
  unsigned long long dlpi_adds;
  unsigned long long dlpi_subs;
  size_t dlpi_tls_modid;
  void *_Nullable dlpi_tls_data;
};

int dl_iterate_phdr(
    int (*_Nonnull body)(struct dl_phdr_info *_Nonnull, size_t, void *_Nullable),
    void *_Nullable context);

#endif
