// Linux calls that Glibc's Swift overlay leaves out.
#pragma once
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

// GNU extensions: the importer's Glibc module is built without _GNU_SOURCE, so they are declared
// here, as in <unistd.h> and <spawn.h> of glibc 2.34 and later.
extern int pipe2(int pipedes[2], int flags);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
static const short clinux_posix_spawn_setsid = 0x80;

// `environ` is a mutable global, which Swift 6 refuses.
extern char **environ;
static inline char **clinux_environ(void) { return environ; }
