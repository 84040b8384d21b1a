/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/text.h"
#include "elf-file.h"
#include "image.h"

#define FILE_SIZE_MAX (64U * 1024 * 1024)

struct builder {
        struct image image;
        const struct contents *contents;
        const struct library_path *path;
        char *error;
};

static void image_file_done(struct image_file *f) {
        free(f->path);
        free(f->origin);
        free(f->data);
}

/* Sets the message. Returns -EINVAL, -ENOMEM. */
static int _printf_(2, 3) refuse(struct builder *b, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        b->error = vstrprintf(format, arguments);
        va_end(arguments);

        return b->error ? -EINVAL : -ENOMEM;
}

static const struct image_file *find(const struct builder *b, const char *path) {
        for (size_t i = 0; i < b->image.n_files; i++)
                if (streq(b->image.files[i].path, path))
                        return &b->image.files[i];

        return NULL;
}

/* Takes over what f holds, also when it fails. */
static int add(struct builder *b, struct image_file *f) {
        struct image_file *larger = NULL;

        if (f->path && f->origin)
                larger = reallocarray(b->image.files, b->image.n_files + 1, sizeof(*larger));
        if (!larger) {
                image_file_done(f);
                return -ENOMEM;
        }

        b->image.files = larger;
        b->image.files[b->image.n_files++] = *f;
        return 0;
}

static int read_source(struct builder *b, const char *source, const char *origin, struct image_file *f) {
        int r = read_file(source, FILE_SIZE_MAX, &f->data, &f->size);

        return r < 0 ? refuse(b, "%s: %s: %s", origin, source, strerror(-r)) : 0;
}

static int add_content(struct builder *b, const struct content *c, const char *name) {
        struct image_file f = {
                .path = strdup(c->path),
                .origin = strprintf("%s:%u", name, c->line),
                .mode = c->mode,
                .major = c->major,
                .minor = c->minor,
                .elf = c->elf,
        };
        int r = 0;

        if (!f.path || !f.origin)
                r = -ENOMEM;
        else if (c->source)
                r = read_source(b, c->source, f.origin, &f);
        else if (c->target) {
                f.data = strdup(c->target);
                f.size = strlen(c->target);
                if (!f.data)
                        r = -ENOMEM;
        }
        if (r < 0) {
                image_file_done(&f);
                return r;
        }

        return add(b, &f);
}

/* Reads the library from the first directory that has one of that name. Returns 0, -ENOENT. */
static int read_library(const struct builder *b, const char *library, struct image_file *f) {
        for (size_t i = 0; i < b->path->n_directories; i++) {
                _cleanup_free_ char *source = strprintf("%s/%s", b->path->directories[i], library);
                int r;

                if (!source)
                        return -ENOMEM;

                r = read_file(source, FILE_SIZE_MAX, &f->data, &f->size);
                if (r != -ENOENT)
                        return r;
        }

        return -ENOENT;
}

static int refuse_library(struct builder *b, const char *library, const char *who, int error) {
        _cleanup_free_ char *searched = strdup("");

        for (size_t i = 0; searched && i < b->path->n_directories; i++) {
                char *longer = strprintf("%s%s%s", searched, i > 0 ? ", " : "", b->path->directories[i]);

                free(searched);
                searched = longer;
        }
        if (!searched)
                return -ENOMEM;

        return refuse(b, "%s needs the library %s: %s; searched: %s", who, library, strerror(-error),
                      searched);
}

/* Adds a file that who, an ELF file, asks for, unless it is there. */
static int add_needed(struct builder *b, const char *path, const char *library, const char *who) {
        struct image_file f = {.mode = S_IFREG | 0755, .elf = true};
        int r;

        if (find(b, path))
                return 0;

        r = read_library(b, library, &f);
        if (r < 0)
                return r == -ENOMEM ? r : refuse_library(b, library, who, r);

        f.path = strdup(path);
        f.origin = strprintf("needed by %s", who);
        return add(b, &f);
}

static const char *base_name(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

/* The C library asks for the loader by name; where a program has brought it, that is the one. */
static bool is_interpreter(const struct builder *b, const char *library) {
        for (size_t i = 0; i < b->image.n_files; i++) {
                const struct image_file *f = &b->image.files[i];
                struct elf_file elf;

                if (f->elf && elf_open(f->data, f->size, &elf) >= 0 && elf.interpreter &&
                    streq(base_name(elf.interpreter), library))
                        return true;
        }

        return false;
}

/* Adds what the image's i-th file needs. Adding moves the files, never what they hold. */
static int add_needs(struct builder *b, size_t i) {
        const struct image_file f = b->image.files[i];
        struct elf_file elf;
        const char *library;
        size_t position = 0;
        int r;

        r = elf_open(f.data, f.size, &elf);
        if (r < 0)
                return refuse(b, "%s (%s): %s", f.path, f.origin,
                              r == -ENOEXEC ? "no 64 bit x86 program or library" : "damaged ELF file");

        if (elf.interpreter) {
                r = add_needed(b, elf.interpreter, base_name(elf.interpreter), f.path);
                if (r < 0)
                        return r;
        }

        while ((r = elf_needed_next(&elf, &position, &library)) > 0) {
                _cleanup_free_ char *path = NULL;

                if (is_interpreter(b, library))
                        continue;
                if (strchr(library, '/'))
                        return refuse(b, "%s needs %s, which is a path, not a library's name", f.path,
                                      library);
                if (!b->contents->libraries)
                        return refuse(b, "%s needs %s: no \"libraries\" line says where to", f.path, library);

                path = strprintf("%s/%s", b->contents->libraries, library);
                if (!path)
                        return -ENOMEM;

                r = add_needed(b, path, library, f.path);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return refuse(b, "%s (%s): damaged ELF file", f.path, f.origin);

        return 0;
}

static int discard_unwind_tables(struct builder *b, struct image_file *f) {
        struct elf_file elf;

        /* pthread_exit(), pthread_cancel() and C++ unwind the stack, through this library. */
        if (streq(base_name(f->path), "libgcc_s.so.1"))
                return refuse(b, "%s, %s, unwinds the stack, but the unwind tables are to be discarded",
                              f->path, f->origin);

        if (elf_open(f->data, f->size, &elf) < 0 || elf_clear_unwind_tables(&elf, (uint8_t *) f->data) < 0)
                return refuse(b, "%s (%s): damaged section table", f->path, f->origin);

        return 0;
}

/* The program must hold the name, as a string of its own. */
static int check_applet(struct builder *b, const struct content *c) {
        const struct image_file *program = find(b, c->program);
        const char *name = base_name(c->path);
        size_t size = strlen(name) + 1, left;
        const char *at;

        if (!program || !program->elf)
                return refuse(b, "%s is to be a link to %s, which is no elf of this list", c->path,
                              c->program);

        at = program->data;
        left = program->size;
        while ((at = memmem(at, left, name, size))) {
                if (at > program->data && at[-1] == 0)
                        return 0;

                at++;
                left = program->size - (size_t) (at - program->data);
        }

        return refuse(b, "%s has no applet %s", c->program, name);
}

static int check_parent(struct builder *b, const struct image_file *f) {
        const struct image_file *parent;
        _cleanup_free_ char *path = strdup(f->path);

        if (!path)
                return -ENOMEM;

        *strrchr(path, '/') = 0;
        if (!*path)
                return 0;

        parent = find(b, path);
        if (!parent || !S_ISDIR(parent->mode))
                return refuse(b, "%s (%s): no \"dir %s\" line", f->path, f->origin, path);

        return 0;
}

static int compare_paths(const void *a, const void *b) {
        return strcmp(((const struct image_file *) a)->path, ((const struct image_file *) b)->path);
}

static int build(struct builder *b, const char *name) {
        int r;

        for (size_t i = 0; i < b->contents->n_items; i++) {
                r = add_content(b, &b->contents->items[i], name);
                if (r < 0)
                        return r;
        }

        /* Grows as it goes: what is needed has needs of its own. */
        for (size_t i = 0; i < b->image.n_files; i++)
                if (b->image.files[i].elf) {
                        r = add_needs(b, i);
                        if (r < 0)
                                return r;
                }

        for (size_t i = 0; i < b->contents->n_items; i++)
                if (b->contents->items[i].program) {
                        r = check_applet(b, &b->contents->items[i]);
                        if (r < 0)
                                return r;
                }

        for (size_t i = 0; i < b->image.n_files; i++) {
                struct image_file *f = &b->image.files[i];

                r = check_parent(b, f);
                if (r >= 0 && f->elf && b->contents->discard_unwind_tables)
                        r = discard_unwind_tables(b, f);
                if (r < 0)
                        return r;
        }

        /* A directory comes before what lies in it, whatever the list's order. */
        if (b->image.n_files > 0)
                qsort(b->image.files, b->image.n_files, sizeof(struct image_file), compare_paths);

        return 0;
}

int image_build(const struct contents *contents, const char *name, const struct library_path *path,
                struct image *ret, char **ret_error) {
        struct builder b = {.contents = contents, .path = path};
        int r;

        r = build(&b, name);
        if (r < 0) {
                image_done(&b.image);
                if (r == -EINVAL)
                        *ret_error = b.error;
                return r;
        }

        *ret = b.image;
        return 0;
}

int image_archive(const struct image *image, char **ret, size_t *ret_size) {
        struct newc newc = {};
        char *buffer = NULL;
        size_t size;
        int r = 0;

        newc.stream = open_memstream(&buffer, &size);
        if (!newc.stream)
                return -errno;

        for (size_t i = 0; r >= 0 && i < image->n_files; i++) {
                const struct image_file *f = &image->files[i];

                r = newc_add(&newc, &(struct newc_entry){
                                            .path = f->path,
                                            .mode = f->mode,
                                            .major = f->major,
                                            .minor = f->minor,
                                            .data = f->data,
                                            .size = f->size,
                                    });
        }
        if (r >= 0)
                r = newc_finish(&newc);
        if (fclose(newc.stream) != 0 && r >= 0)
                r = -errno;
        if (r < 0) {
                free(buffer);
                return r;
        }

        *ret = buffer;
        *ret_size = size;
        return 0;
}

void image_done(struct image *image) {
        for (size_t i = 0; i < image->n_files; i++)
                image_file_done(&image->files[i]);

        free(image->files);
        *image = (struct image){};
}
