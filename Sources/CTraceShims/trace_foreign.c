#define _GNU_SOURCE
#include "trace_foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

// MARK: Rights

/// A thread's rights before it took others.
struct own_rights {
  int are_others;
  uint32_t user, group;
  uint32_t *groups;
  int group_count;
  struct __user_cap_data_struct capabilities[_LINUX_CAPABILITY_U32S_3];
};

static struct __user_cap_header_struct capability_header(void) {
  return (struct __user_cap_header_struct){.version = _LINUX_CAPABILITY_VERSION_3};
}

/// No user has this id: setting it changes nothing and returns the current one.
static uint32_t file_user(void) { return (uint32_t)setfsuid((uid_t)-1); }
static uint32_t file_group(void) { return (uint32_t)setfsgid((gid_t)-1); }

static int read_groups(struct own_rights *own) {
  int count = (int)syscall(SYS_getgroups, 0, NULL);
  if (count < 0) return 0;
  own->groups = malloc(((size_t)count + 1) * sizeof *own->groups);
  if (!own->groups) return 0;
  own->group_count = (int)syscall(SYS_getgroups, count, own->groups);
  return own->group_count >= 0;
}

static void give_back(struct own_rights *own) {
  if (own->are_others) {
    struct __user_cap_header_struct header = capability_header();
    syscall(SYS_capset, &header, own->capabilities);
    setfsuid(own->user);
    setfsgid(own->group);
    syscall(SYS_setgroups, own->group_count, own->groups);
    // Changing the file system user id dropped capabilities; this restores them.
    syscall(SYS_capset, &header, own->capabilities);
  }
  free(own->groups);
}

/// Takes the other rights; returns whether the thread now has them, and no capability.
static int take(const struct trace_rights *rights, struct own_rights *own) {
  memset(own, 0, sizeof *own);
  own->user = file_user();
  own->group = file_group();
  struct __user_cap_header_struct header = capability_header();
  if (syscall(SYS_capget, &header, own->capabilities) != 0 || !read_groups(own)) return 0;
  if (syscall(SYS_setgroups, rights->group_count, rights->groups) != 0) return 0;
  own->are_others = 1;
  setfsgid(rights->group);
  setfsuid(rights->user);
  struct __user_cap_data_struct fewer[_LINUX_CAPABILITY_U32S_3];
  memcpy(fewer, own->capabilities, sizeof fewer);
  for (int word = 0; word < _LINUX_CAPABILITY_U32S_3; word++) fewer[word].effective = 0;
  return syscall(SYS_capset, &header, fewer) == 0 && file_user() == rights->user &&
         file_group() == rights->group;
}

/// Checks a file's mode, if the thread cannot take the other rights.
static int mode_admits(const struct stat *status, const struct trace_rights *rights) {
  if (rights->user == 0) return 1;
  if (status->st_uid == rights->user) return (status->st_mode & S_IRUSR) != 0;
  int is_member = status->st_gid == rights->group;
  for (int i = 0; i < rights->group_count; i++) is_member |= status->st_gid == rights->groups[i];
  return (status->st_mode & (is_member ? S_IRGRP : S_IROTH)) != 0;
}

// MARK: Finding

// openat2(2) and its struct, which installed headers may lack.
enum { openat2_number = 437 };
enum {
  resolve_no_mounts = 0x01,
  resolve_no_magic_links = 0x02,
  resolve_no_links = 0x04,
  resolve_in_root = 0x10,
};
struct open_how_v0 {
  uint64_t flags, mode, resolve;
};

static int open_resolved(int directory, const char *path, int flags, uint64_t resolve) {
  struct open_how_v0 how = {.flags = (uint64_t)flags, .resolve = resolve};
  long fd = -1;
  // EAGAIN: a component was renamed meanwhile.
  for (int attempt = 0; attempt < 8; attempt++) {
    fd = syscall(openat2_number, directory, path, &how, sizeof how);
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  if (fd >= 0) return (int)fd;
  // ENOSYS: before Linux 5.6; EPERM: a seccomp filter that does not know the call. The rights still
  // apply.
  if (errno != ENOSYS && errno != EPERM) return -errno;
  while ((resolve & resolve_in_root) && *path == '/') path++;
  fd = openat(directory, *path ? path : ".", flags);
  return fd >= 0 ? (int)fd : -errno;
}

/// Returns an O_PATH descriptor, because opening a device may have side effects.
static int find(int directory, const char *path, int how) {
  const int flags = O_PATH | O_CLOEXEC;
  const uint64_t inside = resolve_in_root | resolve_no_magic_links;
  const uint64_t resolve = how & trace_foreign_in_root ? inside : 0;
  if (!(how & trace_foreign_plain_name)) return open_resolved(directory, path, flags, resolve);
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  char parent[PATH_MAX] = ".";
  if (slash) {
    const size_t length = (size_t)(slash - path) + 1;
    if (length >= sizeof parent) return -ENAMETOOLONG;
    memcpy(parent, path, length);
    parent[length] = 0;
  }
  int within = open_resolved(directory, parent, flags | O_DIRECTORY, resolve);
  if (within < 0) return within;
  int found = open_resolved(within, name, flags | O_NOFOLLOW,
                            resolve_no_mounts | resolve_no_magic_links | resolve_no_links);
  close(within);
  return found;
}

/// Whether the file is in a file system whose contents are generated by the kernel and depend on
/// the reader, not on the opener.
static int is_answer_of_kernel(int place) {
  static const uint32_t kinds[] = {
      0x9fa0 /* proc */,      0x62656572 /* sys */,        0x64626720 /* debug */,
      0x74726163 /* trace */, 0x73636673 /* security */,   0x27e0eb /* cgroup */,
      0x63677270 /* cgroup2 */, 0x6165676c /* pstore */,   0xde5e81e4 /* efivars */,
      0xcafe4a11 /* bpf */,   0xf97cff8c /* selinux */,    0x62656570 /* config */,
  };
  struct statfs system;
  if (fstatfs(place, &system) != 0) return 0;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if ((uint32_t)system.f_type == kinds[i]) return 1;
  }
  return 0;
}

/// Opens the found file for reading.
static int read_place(int place, const struct stat *status, int directory, const char *path) {
  const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  char name[32];
  snprintf(name, sizeof name, "/proc/self/fd/%d", place);
  int fd = open(name, flags);
  if (fd >= 0) return fd;
  if (errno != ENOENT || access("/proc/self", F_OK) == 0) return -errno;
  // Without /proc: opened by path again; it must still be the same file.
  fd = openat(directory, path, flags | O_NOFOLLOW);
  if (fd < 0) return -errno;
  struct stat again;
  if (fstat(fd, &again) == 0 && again.st_dev == status->st_dev && again.st_ino == status->st_ino) {
    return fd;
  }
  close(fd);
  return -ENOENT;
}

static int judge(int place, int how, struct stat *status) {
  if (fstat(place, status) != 0) return -errno;
  if (S_ISLNK(status->st_mode)) return -ELOOP;
  if (!S_ISREG(status->st_mode) || is_answer_of_kernel(place)) return -ENXIO;
  const mode_t executable = status->st_mode & (S_IXUSR | S_IXGRP | S_IXOTH);
  const mode_t readable = status->st_mode & (S_IRUSR | S_IRGRP | S_IROTH);
  return (how & trace_foreign_readable) && (executable & ~(readable >> 2)) ? -EACCES : 0;
}

int trace_open_foreign(int directory, const char *path, const struct trace_rights *rights,
                       int how) {
  const int is_found_first = how & trace_foreign_own_lookup;
  int place = is_found_first ? find(directory, path, how) : -1;
  if (is_found_first && place < 0) return place;
  struct own_rights own = {0};
  const int must_change = rights && rights->user != file_user();
  const int have_changed = must_change && take(rights, &own);
  if (!is_found_first) place = find(directory, path, how);
  struct stat status;
  int result = place < 0 ? place : judge(place, how, &status);
  if (result == 0 && must_change && !have_changed && !mode_admits(&status, rights)) {
    result = -EACCES;
  }
  if (result == 0) result = read_place(place, &status, directory, path);
  give_back(&own);
  if (place >= 0) close(place);
  return result;
}

int64_t trace_birth_ns(int file) {
  struct statx status;
  if (statx(file, "", AT_EMPTY_PATH, STATX_BTIME, &status) != 0) return 0;
  if (!(status.stx_mask & STATX_BTIME)) return 0;
  return status.stx_btime.tv_sec * INT64_C(1000000000) + status.stx_btime.tv_nsec;
}

int trace_shares_memory(int32_t one, int32_t other) {
  // KCMP_VM of <linux/kcmp.h>, a header that some C libraries lack.
  const int address_space = 1;
  long order = syscall(SYS_kcmp, one, other, address_space, 0, 0);
  return order < 0 ? -1 : order == 0;
}
