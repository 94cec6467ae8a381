// Linux calls that Glibc's Swift overlay leaves out or cannot express.
#pragma once
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

// GNU extensions: the importer's Glibc module is built without _GNU_SOURCE, so they are declared
// here, as in <unistd.h> and <spawn.h> of glibc 2.34 and later.
extern int pipe2(int pipedes[2], int flags);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
static const short clinux_posix_spawn_setsid = 0x80;

// `environ` is a mutable global, which Swift 6 refuses.
extern char **environ;
static inline char **clinux_environ(void) { return environ; }

// epoll_event is packed and its data a union: Swift reads neither well.
static inline int clinux_epoll_control(int epoll, int operation, int fd, uint32_t events,
                                       uint64_t token) {
  struct epoll_event event = {.events = events, .data = {.u64 = token}};
  return epoll_ctl(epoll, operation, fd, &event);
}

static inline uint64_t clinux_epoll_token(const struct epoll_event *event) {
  return event->data.u64;
}

static inline uint32_t clinux_epoll_events(const struct epoll_event *event) {
  return event->events;
}

// glibc's lists of freed small chunks (mallopt(3)) that wait to be merged; 0 where there are none.
static inline int clinux_without_fast_bins(void) {
#ifdef M_MXFAST
  return mallopt(M_MXFAST, 0);
#else
  return 0;
#endif
}

// Nanoseconds of CLOCK_MONOTONIC.
static inline int64_t clinux_monotonic(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// The signals that a thread beside the main one leaves unblocked: the synchronous faults. Blocked,
// they would kill the process without the handler that restores the terminal.
static inline void clinux_block_all_but_faults(sigset_t *previous) {
  sigset_t set;
  sigfillset(&set);
  sigdelset(&set, SIGILL);
  sigdelset(&set, SIGTRAP);
  sigdelset(&set, SIGABRT);
  sigdelset(&set, SIGBUS);
  sigdelset(&set, SIGFPE);
  sigdelset(&set, SIGSEGV);
  sigdelset(&set, SIGSYS);
  pthread_sigmask(SIG_SETMASK, &set, previous);
}

// Names the calling thread, for top and debuggers; at most 15 bytes are kept.
static inline void clinux_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
