/* SPDX-License-Identifier: GPL-3.0-or-later */
/* contents.h: the list of what an initramfs holds. One directive a line, '#' begins a comment:
 *
 *      dir PATH MODE                       a directory; each one that something lies in stands in the list
 *      file PATH SOURCE MODE
 *      link PATH TARGET                    a symbolic link
 *      node PATH b|c MAJOR MINOR MODE
 *      elf PATH SOURCE                     a program or a library, with all libraries that it needs
 *      applets DIRECTORY PROGRAM NAME...   links to an elf of this list that goes by many names
 *      libraries DIRECTORY                 where the libraries go that no line names
 *      discard unwind-tables               in every elf
 *
 * PATH is absolute, MODE octal. SOURCE is absolute, or relative to the list's directory, or $NAME, whose
 * value comes from the command line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/macro.h"

struct content {
        unsigned line;
        char *path;
        mode_t mode;
        unsigned major, minor;
        char *source;  /* file, elf: where its bytes come from */
        char *target;  /* link */
        char *program; /* link: the elf that must know its name */
        bool elf;
};

struct contents {
        struct content *items;
        size_t n_items;
        char *libraries;
        bool discard_unwind_tables;
};

/* What a source $NAME stands for. */
struct definition {
        const char *name;
        const char *value;
};

/* Reads a list; text is taken to pieces, name is its path, for sources and messages. Returns 0, -EINVAL with
 * *ret_error a message that says where and what, -ENOMEM. */
int contents_parse(char *text, const char *name, const struct definition *definitions, size_t n_definitions,
                   struct contents *ret, char **ret_error);

void contents_done(struct contents *contents);
