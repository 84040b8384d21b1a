/* SPDX-License-Identifier: GPL-3.0-or-later */
/* image.h: what a list of contents comes to: every file with its bytes, every library that a program needs.
 */
#pragma once

#include "contents.h"
#include "newc.h"

struct image_file {
        char *path;
        char *origin; /* "initramfs/contents:12", or "needed by /usr/bin/seatrial" */
        mode_t mode;
        unsigned major, minor;
        char *data; /* content, or a link's target */
        size_t size;
        bool elf;
};

struct image {
        struct image_file *files; /* by path */
        size_t n_files;
};

/* Where libraries are looked for, in this order. */
struct library_path {
        const char *const *directories;
        size_t n_directories;
};

/* Reads all that contents (the list called name) asks for. Returns 0, -EINVAL with *ret_error a message that
 * says which file and what is wrong with it, -ENOMEM. */
int image_build(const struct contents *contents, const char *name, const struct library_path *path,
                struct image *ret, char **ret_error);

/* Writes the image as an archive into a new buffer. Returns 0, -EFBIG, -ENAMETOOLONG, -ENOMEM. */
int image_archive(const struct image *image, char **ret, size_t *ret_size);

void image_done(struct image *image);
