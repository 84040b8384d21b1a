/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "screen.h"
#include "text.h"

#define DEFAULT_WIDTH 80U
#define MIN_WIDTH     40U
#define MAX_WIDTH     120U

#define NAME_COLUMN 8U
#define TEXT_COLUMN 20U
#define TIME_WIDTH  12U /* " 59 min 59 s" */

#define RESET "\033[0m"
#define BOLD  "\033[1m"

static const struct {
        const char *text, *colour;
} marks[] = {
        [MARK_NONE] = {"", ""},
        [MARK_OK] = {"ok", "\033[32m"},
        [MARK_SKIP] = {"skip", "\033[36m"},
        [MARK_WARNING] = {"warn", "\033[33m"},
        [MARK_FAIL] = {"FAIL", "\033[1;31m"},
};

void screen_init(struct screen *screen, FILE *file, enum screen_colour colour) {
        const char *term = getenv("TERM");
        struct winsize size = {};

        *screen = (struct screen){.file = file, .width = DEFAULT_WIDTH};

        if (isatty(fileno(file))) {
                screen->terminal = term && *term && !streq(term, "dumb");
                if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
                        screen->width = size.ws_col < MIN_WIDTH ? MIN_WIDTH : MIN(size.ws_col, MAX_WIDTH);
        }

        screen->colour = colour == SCREEN_COLOUR_YES ||
                         (colour == SCREEN_COLOUR_AUTO && screen->terminal && !getenv("NO_COLOR"));
}

static void clear_progress(struct screen *screen) {
        if (screen->progress_shown)
                fputs("\r\033[K", screen->file);
        screen->progress_shown = false;
}

/* Whatever text is, the terminal gets no control characters from it. */
static void put_bytes(FILE *file, const char *text, size_t size) {
        for (size_t i = 0; i < size; i++)
                putc(iscntrl((unsigned char) text[i]) ? '?' : text[i], file);
}

static void put(struct screen *screen, const char *colour, const char *text, unsigned width) {
        bool coloured = screen->colour && *colour;
        size_t length = strlen(text);

        if (coloured)
                fputs(colour, screen->file);
        put_bytes(screen->file, text, length);
        if (length < width)
                fprintf(screen->file, "%*s", (int) (width - length), "");
        if (coloured)
                fputs(RESET, screen->file);
}

unsigned screen_room(FILE *file, unsigned column) {
        struct screen screen;

        screen_init(&screen, file, SCREEN_COLOUR_NO);
        return isatty(fileno(file)) ? screen.width - 1 - column : UINT_MAX;
}

void screen_wrap(FILE *file, const char *text, unsigned column, unsigned width) {
        for (;;) {
                size_t n = text_fitting(text, width);

                put_bytes(file, text, n);
                putc('\n', file);
                text += n;
                text += strspn(text, " ");
                if (!*text)
                        break;
                fprintf(file, "%*s", (int) column, "");
        }
}

/* text from the text's column on, with the time behind its first line. */
static void put_text(struct screen *screen, const char *text, uint64_t usec) {
        unsigned width = screen->width - 1 - TEXT_COLUMN;

        if (usec != USEC_INFINITY) {
                size_t n = text_fitting(text, width - TIME_WIDTH);

                put_bytes(screen->file, text, n);
                fprintf(screen->file, "%*s\n", (int) (width - n), FORMAT_DURATION(usec));
                text += n;
                text += strspn(text, " ");
                if (*text)
                        fprintf(screen->file, "%*s", (int) TEXT_COLUMN, "");
        }

        if (usec == USEC_INFINITY || *text)
                screen_wrap(screen->file, text, TEXT_COLUMN, width);
        fflush(screen->file);
}

void screen_heading(struct screen *screen, const char *name, const char *text) {
        clear_progress(screen);
        fputc('\n', screen->file);
        put(screen, BOLD, name, *text ? TEXT_COLUMN - 1 : 0);
        if (*text)
                fputc(' ', screen->file);
        put_text(screen, text, USEC_INFINITY);
}

void screen_row(struct screen *screen, enum mark mark, const char *name, const char *text, uint64_t usec) {
        clear_progress(screen);
        fputs("  ", screen->file);
        put(screen, marks[mark].colour, marks[mark].text, NAME_COLUMN - 2);
        put(screen, "", name, TEXT_COLUMN - NAME_COLUMN - 1);
        fputc(' ', screen->file);
        put_text(screen, text, usec);
}

void screen_progress(struct screen *screen, const char *name, double fraction, const char *text) {
        if (!screen->terminal)
                return;

        clear_progress(screen);
        fprintf(screen->file, "  %-*s%-*s %3.0f %%  %.*s", (int) (NAME_COLUMN - 2), "..",
                (int) (TEXT_COLUMN - NAME_COLUMN - 1), name, 100 * fraction,
                (int) (screen->width - TEXT_COLUMN - 8), text);
        fflush(screen->file);
        screen->progress_shown = true;
}
