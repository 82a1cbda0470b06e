// The JDK's tool interface, and two related declarations that Swift cannot import.
#ifndef CJVM_H
#define CJVM_H

#include <elf.h>
#include <jvmti.h>
#include <stddef.h>

/// Enables or disables an event for all threads. Swift does not import variadic function pointers.
static inline jvmtiError cjvm_set_event(jvmtiEnv *_Nonnull tool, jvmtiEvent event, int enable) {
  return (*tool)->SetEventNotificationMode(
      tool, enable ? JVMTI_ENABLE : JVMTI_DISABLE, event, (jthread)0);
}

// As in <link.h>, which declares them only with _GNU_SOURCE; that would give this module a
// different fd_set than Swift's Glibc.
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
