#include "trace_debuginfod.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

// As declared by <elfutils/debuginfod.h>; the soname implies these types.
typedef struct debuginfod_client debuginfod_client;
typedef int (*find_function)(debuginfod_client *, const unsigned char *, int, char **);
typedef int (*progress_function)(debuginfod_client *, long, long);

static struct {
  debuginfod_client *(*begin)(void);
  void (*end)(debuginfod_client *);
  find_function find_debuginfo, find_executable;
  void (*set_progress)(debuginfod_client *, progress_function);
  void (*set_user_data)(debuginfod_client *, void *);
  void *(*user_data)(debuginfod_client *);
  const char *(*url)(debuginfod_client *);
} library;

static pthread_once_t loaded = PTHREAD_ONCE_INIT;
static bool is_installed = false;

static void load(void) {
  void *handle = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) return;
  // In POSIX, dlsym returns functions as data pointers.
#define FUNCTION(member, name) *(void **)&library.member = dlsym(handle, name)
  FUNCTION(begin, "debuginfod_begin");
  FUNCTION(end, "debuginfod_end");
  FUNCTION(find_debuginfo, "debuginfod_find_debuginfo");
  FUNCTION(find_executable, "debuginfod_find_executable");
  FUNCTION(set_progress, "debuginfod_set_progressfn");
  FUNCTION(set_user_data, "debuginfod_set_user_data");
  FUNCTION(user_data, "debuginfod_get_user_data");
  FUNCTION(url, "debuginfod_get_url");
#undef FUNCTION
  // All of them exist since elfutils 0.180.
  is_installed = library.begin && library.end && library.find_debuginfo &&
                 library.find_executable && library.set_progress && library.set_user_data &&
                 library.user_data && library.url;
}

struct transfer {
  trace_debuginfod_progress progress;
  void *context;
};

static int report(debuginfod_client *client, long bytes, long total) {
  struct transfer *transfer = library.user_data(client);
  if (transfer == NULL) return 0;
  // Before a server answers, the library passes its own iteration count here, not bytes.
  uint64_t here = total > 0 && bytes > 0 ? (uint64_t)bytes : 0;
  return transfer->progress(transfer->context, here, total > 0 ? (uint64_t)total : 0) ? 0 : 1;
}

bool trace_debuginfod_is_installed(void) {
  pthread_once(&loaded, load);
  return is_installed;
}

void *trace_debuginfod_begin(void) {
  return trace_debuginfod_is_installed() ? library.begin() : NULL;
}

int trace_debuginfod_find(
    void *client, bool is_executable, const uint8_t *build_id, int build_id_size,
    trace_debuginfod_progress progress, void *context, char **path) {
  struct transfer transfer = {progress, context};
  library.set_user_data(client, &transfer);
  library.set_progress(client, report);
  find_function find = is_executable ? library.find_executable : library.find_debuginfo;
  *path = NULL;
  int descriptor = find(client, build_id, build_id_size, path);
  library.set_user_data(client, NULL);
  if (descriptor < 0) return -descriptor;
  close(descriptor);
  return *path == NULL ? ENOENT : 0;
}

const char *trace_debuginfod_url(void *client) { return library.url(client); }

void trace_debuginfod_end(void *client) { library.end(client); }
