// What the Swift importer cannot take from <curses.h>: cast macros and concurrency-unsafe globals.
#pragma once
#define NCURSES_WIDECHAR 1
#include <ncursesw/curses.h>
#include <ncursesw/term.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <wchar.h>

static inline int cncurses_width(wchar_t scalar) { return wcwidth(scalar); }

// Globals that the importer calls concurrency-unsafe.
static inline WINDOW *cncurses_standard_window(void) { return stdscr; }
static inline WINDOW *cncurses_current_window(void) { return curscr; }
static inline int cncurses_color_count(void) { return COLORS; }
static inline int cncurses_pair_count(void) { return COLOR_PAIRS; }

// Macros with casts. NORMAL is 0.
static const attr_t cncurses_bold = A_BOLD;
static const attr_t cncurses_dim = A_DIM;
static const attr_t cncurses_underline = A_UNDERLINE;
static const attr_t cncurses_reverse = A_REVERSE;

// tigetstr with one kind of "there is none" instead of two.
static inline const char *cncurses_capability(const char *name) {
  char *value = tigetstr((char *)name);
  return value == (char *)-1 ? NULL : value;
}

// The variadic ioctl: 0 where the terminal does not know its size.
static inline int cncurses_window_size(int descriptor, int *width, int *height) {
  struct winsize size;
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return 0;
  *width = size.ws_col;
  *height = size.ws_row;
  return 1;
}
