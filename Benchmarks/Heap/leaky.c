// A server that forgets sessions: README finds the leak. Handles requests for some seconds.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct session {
  char *user;
  char *history;
};

static struct session *sessions[64];
static char *cache[256];

static char *copy(const char *text, size_t room) {
  char *result = malloc(room);
  snprintf(result, room, "%s", text);
  return result;
}

static void load_cache(void) {
  for (int i = 0; i < 256; i++) cache[i] = copy("a page that is kept", 32 << 10);
}

static void open_session(int number) {
  struct session *session = malloc(sizeof *session);
  session->user = copy("ada", 64);
  session->history = copy("what she did", 4000);
  sessions[number % 64] = session;
}

static void close_session(int number) {
  struct session *session = sessions[number % 64];
  if (!session) return;
  free(session->user);
  // The history is forgotten.
  free(session);
  sessions[number % 64] = NULL;
}

static void answer(int number) {
  char *page = copy(cache[number % 256], 20000);
  free(page);
}

int main(int count, char **arguments) {
  int seconds = count > 1 ? atoi(arguments[1]) : 6;
  load_cache();
  time_t end = time(NULL) + seconds;
  for (int number = 0; time(NULL) < end; number++) {
    open_session(number);
    answer(number);
    close_session(number);
    usleep(100);
  }
  return 0;
}
