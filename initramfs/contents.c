/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "contents.h"

#define WORDS_MAX 64

struct parser {
        struct contents contents;
        const char *name;
        unsigned line;
        const struct definition *definitions;
        size_t n_definitions;
        char *error;
};

/* Sets the message of the line that is read. Returns -EINVAL, -ENOMEM. */
static int _printf_(2, 3) refuse(struct parser *p, const char *format, ...) {
        _cleanup_free_ char *message = NULL;
        va_list arguments;

        va_start(arguments, format);
        message = vstrprintf(format, arguments);
        va_end(arguments);
        if (!message)
                return -ENOMEM;

        p->error = strprintf("%s:%u: %s", p->name, p->line, message);
        return p->error ? -EINVAL : -ENOMEM;
}

static void content_done(struct content *c) {
        free(c->path);
        free(c->source);
        free(c->target);
        free(c->program);
}

/* Absolute, and nothing in it that a later part would undo. */
static bool is_image_path(const char *path) {
        do {
                size_t length = strcspn(path + 1, "/");

                if (path[0] != '/' || length == 0 || (length == 1 && path[1] == '.') ||
                    (length == 2 && path[1] == '.' && path[2] == '.'))
                        return false;
                path += 1 + length;
        } while (*path);

        return true;
}

/* Takes over what c holds, also when it fails. */
static int add(struct parser *p, struct content *c, const char *path) {
        struct contents *contents = &p->contents;
        struct content *larger;
        int r = -ENOMEM;

        if (!is_image_path(path)) {
                r = refuse(p, "\"%s\" is no absolute path in the image", path);
                goto fail;
        }

        c->path = strdup(path);
        if (!c->path)
                goto fail;

        for (size_t i = 0; i < contents->n_items; i++)
                if (streq(contents->items[i].path, c->path)) {
                        r = refuse(p, "%s stands in line %u already", c->path, contents->items[i].line);
                        goto fail;
                }

        larger = reallocarray(contents->items, contents->n_items + 1, sizeof(*larger));
        if (!larger)
                goto fail;

        c->line = p->line;
        contents->items = larger;
        contents->items[contents->n_items++] = *c;
        return 0;

fail:
        content_done(c);
        return r;
}

static int parse_mode(struct parser *p, const char *word, mode_t type, mode_t *ret) {
        unsigned long mode;
        char *end;

        mode = strtoul(word, &end, 8);
        if (word[0] < '0' || word[0] > '7' || *end || mode > 07777)
                return refuse(p, "\"%s\" is no octal mode such as 0755", word);

        *ret = type | (mode_t) mode;
        return 0;
}

static int parse_number(struct parser *p, const char *word, unsigned *ret) {
        uint64_t number;

        if (parse_u64(word, &number) < 0 || number > UINT16_MAX)
                return refuse(p, "\"%s\" is no device number", word);

        *ret = (unsigned) number;
        return 0;
}

static int parse_source(struct parser *p, const char *word, char **ret) {
        const char *slash = strrchr(p->name, '/');
        char *source = NULL;

        if (word[0] == '$') {
                for (size_t i = 0; !source && i < p->n_definitions; i++)
                        if (streq(p->definitions[i].name, word + 1))
                                source = strdup(p->definitions[i].value);
                if (!source)
                        return refuse(p, "%s is not defined; give -D %s=FILE", word, word + 1);
        } else if (word[0] == '/' || !slash)
                source = strdup(word);
        else
                source = strprintf("%.*s/%s", (int) (slash - p->name), p->name, word);
        if (!source)
                return -ENOMEM;

        *ret = source;
        return 0;
}

static int parse_dir(struct parser *p, char **words, size_t n_words _unused_) {
        struct content c = {};
        int r = parse_mode(p, words[1], S_IFDIR, &c.mode);

        return r < 0 ? r : add(p, &c, words[0]);
}

static int parse_file(struct parser *p, char **words, size_t n_words _unused_) {
        struct content c = {};
        int r = parse_mode(p, words[2], S_IFREG, &c.mode);

        if (r >= 0)
                r = parse_source(p, words[1], &c.source);

        return r < 0 ? r : add(p, &c, words[0]);
}

static int parse_link(struct parser *p, char **words, size_t n_words _unused_) {
        struct content c = {.mode = S_IFLNK | 0777, .target = strdup(words[1])};

        return c.target ? add(p, &c, words[0]) : -ENOMEM;
}

static int parse_node(struct parser *p, char **words, size_t n_words _unused_) {
        struct content c = {};
        int r;

        if (!streq(words[1], "b") && !streq(words[1], "c"))
                return refuse(p, "\"%s\" is neither b nor c", words[1]);

        r = parse_number(p, words[2], &c.major);
        if (r >= 0)
                r = parse_number(p, words[3], &c.minor);
        if (r >= 0)
                r = parse_mode(p, words[4], streq(words[1], "b") ? S_IFBLK : S_IFCHR, &c.mode);

        return r < 0 ? r : add(p, &c, words[0]);
}

static int parse_elf(struct parser *p, char **words, size_t n_words _unused_) {
        struct content c = {.mode = S_IFREG | 0755, .elf = true};
        int r = parse_source(p, words[1], &c.source);

        return r < 0 ? r : add(p, &c, words[0]);
}

static int parse_applets(struct parser *p, char **words, size_t n_words) {
        for (size_t i = 2; i < n_words; i++) {
                _cleanup_free_ char *path = strprintf("%s/%s", words[0], words[i]);
                struct content c = {
                        .mode = S_IFLNK | 0777,
                        .target = strdup(words[1]),
                        .program = strdup(words[1]),
                };
                int r;

                if (!path || !c.target || !c.program) {
                        content_done(&c);
                        return -ENOMEM;
                }

                r = add(p, &c, path);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int parse_libraries(struct parser *p, char **words, size_t n_words _unused_) {
        if (p->contents.libraries)
                return refuse(p, "libraries go to %s already", p->contents.libraries);

        p->contents.libraries = strdup(words[0]);
        return p->contents.libraries ? 0 : -ENOMEM;
}

static int parse_discard(struct parser *p, char **words, size_t n_words _unused_) {
        if (!streq(words[0], "unwind-tables"))
                return refuse(p, "\"%s\" is nothing that can be discarded", words[0]);

        p->contents.discard_unwind_tables = true;
        return 0;
}

static const struct directive {
        const char *name;
        size_t min, max; /* words behind the name */
        int (*parse)(struct parser *p, char **words, size_t n_words);
} directives[] = {
        {"dir", 2, 2, parse_dir},
        {"file", 3, 3, parse_file},
        {"link", 2, 2, parse_link},
        {"node", 5, 5, parse_node},
        {"elf", 2, 2, parse_elf},
        {"applets", 3, WORDS_MAX, parse_applets},
        {"libraries", 1, 1, parse_libraries},
        {"discard", 1, 1, parse_discard},
};

static int parse_line(struct parser *p, char *line) {
        char *words[WORDS_MAX + 1], *word;
        size_t n_words = 0;

        line[strcspn(line, "#")] = 0;
        while ((word = strsep(&line, " \t"))) {
                if (!*word)
                        continue;
                if (n_words >= ELEMENTSOF(words))
                        return refuse(p, "more than %zu words", ELEMENTSOF(words));
                words[n_words++] = word;
        }
        if (n_words == 0)
                return 0;

        for (size_t i = 0; i < ELEMENTSOF(directives); i++) {
                const struct directive *d = &directives[i];

                if (!streq(d->name, words[0]))
                        continue;
                if (n_words - 1 < d->min || n_words - 1 > d->max)
                        return refuse(p, "%s takes %zu words%s, not %zu", d->name, d->min,
                                      d->max > d->min ? " or more" : "", n_words - 1);

                return d->parse(p, words + 1, n_words - 1);
        }

        return refuse(p, "unknown directive \"%s\"", words[0]);
}

int contents_parse(char *text, const char *name, const struct definition *definitions, size_t n_definitions,
                   struct contents *ret, char **ret_error) {
        struct parser p = {.name = name, .definitions = definitions, .n_definitions = n_definitions};
        char *line;
        int r = 0;

        while (r >= 0 && (line = strsep(&text, "\n"))) {
                p.line++;
                r = parse_line(&p, line);
        }

        if (r < 0) {
                contents_done(&p.contents);
                if (r == -EINVAL)
                        *ret_error = p.error;
                return r;
        }

        *ret = p.contents;
        return 0;
}

void contents_done(struct contents *contents) {
        for (size_t i = 0; i < contents->n_items; i++)
                content_done(&contents->items[i]);

        free(contents->items);
        free(contents->libraries);
        *contents = (struct contents){};
}
