// What the Swift importer cannot take from <curses.h>: cast macros and concurrency-unsafe globals.
#pragma once
#define NCURSES_WIDECHAR 1
#include <ncursesw/curses.h>
#include <ncursesw/term.h>
#include <wchar.h>

static inline int cncurses_width(wchar_t scalar) { return wcwidth(scalar); }
