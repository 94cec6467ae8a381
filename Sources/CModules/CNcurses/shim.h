// What the Swift importer cannot take from <curses.h>: cast macros and concurrency-unsafe globals.
#pragma once
#define NCURSES_WIDECHAR 1
#include <ncursesw/curses.h>
#include <langinfo.h>
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
