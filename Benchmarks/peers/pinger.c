// Another client of the server: a GET each half millisecond, whatever has been answered so far, so that
// a pause of the server delays every GET that falls into it and not only the first.
//
//   pinger SOCKET KEY FILE      until SIGTERM; FILE gets (CLOCK_MONOTONIC ns when sent, ns to its answer)
//                               as pairs of 64-bit integers
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PERIOD = 500000, WINDOW = 1 << 16 };

static volatile sig_atomic_t stopped;
static void stop(int number) { (void)number; stopped = 1; }

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  struct sigaction action = {.sa_handler = stop};
  sigaction(SIGTERM, &action, NULL);
  prctl(PR_SET_TIMERSLACK, 1000);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[1]);
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof address) != 0) fail("pinger");
  FILE *file = fopen(argv[3], "wb");
  if (file == NULL) fail(argv[3]);
  char request[512];
  int length = snprintf(
    request, sizeof request, "*2\r\n$3\r\nGET\r\n$%zu\r\n%s\r\n", strlen(argv[2]), argv[2]);
  // One answer first: they are all of its size.
  static char buffer[1 << 16];
  if (send(server, request, (size_t)length, 0) != length) fail("pinger: send");
  ssize_t answer = recv(server, buffer, sizeof buffer, 0);
  if (answer < 6 || buffer[0] != '$' || buffer[1] == '-') {
    fprintf(stderr, "pinger: no value under %s\n", argv[2]);
    return 1;
  }
  static int64_t sent[WINDOW];
  uint64_t head = 0, tail = 0;
  ssize_t rest = 0;
  int64_t next = now();
  while (!stopped) {
    int64_t time = now();
    while (next <= time) {
      if (head - tail == WINDOW) {
        fprintf(stderr, "pinger: no answer for half a minute\n");
        return 1;
      }
      sent[head++ % WINDOW] = now();
      if (send(server, request, (size_t)length, 0) != length) fail("pinger: send");
      next += PERIOD;
    }
    struct pollfd watched = {.fd = server, .events = POLLIN};
    int64_t left = next - now();
    struct timespec pause = {.tv_nsec = left > 0 ? left : 0};
    int ready = ppoll(&watched, 1, &pause, NULL);
    if (ready < 0 && errno != EINTR) fail("pinger: poll");
    if (ready <= 0) continue;
    ssize_t count = recv(server, buffer, sizeof buffer, 0);
    if (count <= 0) fail("pinger: recv");
    int64_t arrived = now();
    for (rest += count; rest >= answer && tail < head; rest -= answer) {
      int64_t pair[2] = {sent[tail % WINDOW], arrived - sent[tail % WINDOW]};
      tail++;
      fwrite(pair, sizeof pair, 1, file);
    }
  }
  return fclose(file) == 0 ? 0 : 1;
}
