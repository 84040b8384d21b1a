/* SPDX-License-Identifier: GPL-3.0-or-later */
/* screen.h: rows for a person on a terminal or a serial console: a mark, a name, a text that wraps, a time.
 * Of control characters in what is shown stands a '?' in their place. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum mark { MARK_NONE, MARK_OK, MARK_SKIP, MARK_WARNING, MARK_FAIL };

struct screen {
        FILE *file;
        unsigned width; /* columns */
        bool colour;
        bool terminal;       /* understands cursor movement */
        bool progress_shown; /* the cursor stands on a progress line */
};

enum screen_colour { SCREEN_COLOUR_AUTO, SCREEN_COLOUR_YES, SCREEN_COLOUR_NO };

/* Asks the terminal for its width (a serial line does not know: 80), TERM and NO_COLOR for the rest. */
void screen_init(struct screen *screen, FILE *file, enum screen_colour colour);

/* The rest of a line and as many more as text needs, each of no more than width columns; the cursor stands at
 * column, where they all begin. */
void screen_wrap(FILE *file, const char *text, unsigned column, unsigned width);

/* The width that file leaves from column on: of a terminal what it has, of what a program reads no end. */
unsigned screen_room(FILE *file, unsigned column);

/* A heading: a name in bold, and what it means behind it. */
void screen_heading(struct screen *screen, const char *name, const char *text);

/* "  ok    memory      8 slots, 2 filled      0.1 s"; text wraps under its own column. usec USEC_INFINITY: no
 * time. */
void screen_row(struct screen *screen, enum mark mark, const char *name, const char *text, uint64_t usec);

/* A line that the next row or progress line overwrites: "  ..    memory      43 %  text". Nothing where the
 * cursor cannot move. */
void screen_progress(struct screen *screen, const char *name, double fraction, const char *text);
