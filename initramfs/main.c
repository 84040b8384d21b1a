/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mkinitramfs: packs what a list (contents.h) names into an initramfs, and says what each file costs. */

#include <errno.h>
#include <error.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/text.h"
#include "image.h"
#include "xz.h"

#define CONTENTS_SIZE_MAX (1024U * 1024)
#define OPTIONS_MAX       16

/* Where Debian keeps libraries. */
static const char *const system_directories[] = {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"};

struct options {
        const char *output;
        const char *directories[OPTIONS_MAX + ELEMENTSOF(system_directories)];
        size_t n_directories;
        struct definition definitions[OPTIONS_MAX];
        size_t n_definitions;
};

/* Files by their size, then links and directories by their number. */
static void print_table(const struct image *image, size_t archive_size, size_t packed_size) {
        size_t n_others = 0;

        for (size_t i = 0; i < image->n_files; i++) {
                const struct image_file *f = &image->files[i];

                if (S_ISREG(f->mode))
                        printf("%9zu  %-34s %s\n", f->size, f->path, f->origin);
                else
                        n_others++;
        }

        printf("%9zu  in all, with %zu directories, links and nodes\n", archive_size, n_others);
        printf("%9zu  packed\n", packed_size);
}

/* Says what is wrong, in the message's words where there is one, which it frees. */
static int report(int r, char *message, const char *what) {
        if (message)
                error(0, 0, "%s", message);
        else
                error(0, -r, "%s", what);

        free(message);
        return r;
}

static int pack(const struct options *o, const char *list) {
        _cleanup_(contents_done) struct contents contents = {};
        _cleanup_(image_done) struct image image = {};
        _cleanup_free_ char *text = NULL, *archive = NULL;
        _cleanup_free_ uint8_t *packed = NULL;
        struct library_path path = {o->directories, o->n_directories};
        size_t archive_size, packed_size;
        char *message = NULL;
        int r;

        r = read_file(list, CONTENTS_SIZE_MAX, &text, NULL);
        if (r >= 0)
                r = contents_parse(text, list, o->definitions, o->n_definitions, &contents, &message);
        if (r >= 0)
                r = image_build(&contents, list, &path, &image, &message);
        if (r < 0)
                return report(r, message, list);

        r = image_archive(&image, &archive, &archive_size);
        if (r >= 0)
                r = xz_encode(archive, archive_size, &packed, &packed_size);
        if (r >= 0)
                r = write_file_atomic(o->output, packed, packed_size, 0644);
        if (r < 0)
                return report(r, NULL, o->output);

        print_table(&image, archive_size, packed_size);
        return 0;
}

static void usage(FILE *f) {
        fprintf(f,
                "Usage: %s -o IMAGE [-L DIRECTORY]... [-D NAME=FILE]... LIST\n"
                "\n"
                "Packs an initramfs: the same inputs give the same bytes.\n"
                "\n"
                "  -o, --output IMAGE             the packed archive (.cpio.xz)\n"
                "  -L, --library-path DIRECTORY   look for libraries there first\n"
                "  -D, --define NAME=FILE         what the list's source $NAME stands for\n"
                "  -h, --help                     this text\n",
                program_invocation_short_name);
}

static int define(struct options *o, char *argument) {
        char *value = strchr(argument, '=');

        if (!value || value == argument || !value[1]) {
                error(0, 0, "-D %s: expected NAME=FILE", argument);
                return -EINVAL;
        }
        if (o->n_definitions >= ELEMENTSOF(o->definitions)) {
                error(0, 0, "-D %s: more than %zu definitions", argument, ELEMENTSOF(o->definitions));
                return -EINVAL;
        }

        *value++ = 0;
        o->definitions[o->n_definitions++] = (struct definition){argument, value};
        return 0;
}

static int add_directory(struct options *o, const char *directory) {
        if (o->n_directories >= OPTIONS_MAX) {
                error(0, 0, "-L %s: more than %u directories", directory, OPTIONS_MAX);
                return -EINVAL;
        }

        o->directories[o->n_directories++] = directory;
        return 0;
}

int main(int argc, char *argv[]) {
        static const struct option long_options[] = {
                {"output", required_argument, NULL, 'o'},
                {"library-path", required_argument, NULL, 'L'},
                {"define", required_argument, NULL, 'D'},
                {"help", no_argument, NULL, 'h'},
                {},
        };
        struct options o = {};
        int c, r = 0;

        while (r >= 0 && (c = getopt_long(argc, argv, "o:L:D:h", long_options, NULL)) >= 0)
                switch (c) {
                case 'o':
                        o.output = optarg;
                        break;
                case 'L':
                        r = add_directory(&o, optarg);
                        break;
                case 'D':
                        r = define(&o, optarg);
                        break;
                case 'h':
                        usage(stdout);
                        return EXIT_SUCCESS;
                default:
                        usage(stderr);
                        return EXIT_FAILURE;
                }
        if (r < 0)
                return EXIT_FAILURE;

        if (!o.output || optind != argc - 1) {
                usage(stderr);
                return EXIT_FAILURE;
        }

        for (size_t i = 0; i < ELEMENTSOF(system_directories); i++)
                o.directories[o.n_directories++] = system_directories[i];

        return pack(&o, argv[optind]) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
