/* SPDX-License-Identifier: GPL-3.0-or-later */
/* captured-tree.h: a directory that stands for a machine's /sys, /proc and /dev, written by a test. */
#pragma once

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "inventory/field.h"
#include "inventory/inventory.h"
#include "tests/unit/unit.h"

struct captured_tree {
        char path[64];
        char sys[96], proc[96], dev[96];
        struct inventory_roots roots;
};

static inline char *tree_path(const struct captured_tree *tree, const char *path) {
        char *full = strprintf("%s/%s", tree->path, path), *slash;

        assert_non_null(full);
        slash = strrchr(full, '/');
        *slash = 0;
        assert_int_equal(make_directories(full, 0755), 0);
        *slash = '/';
        return full;
}

static inline void tree_write_bytes(const struct captured_tree *tree, const char *path, const void *data,
                                    size_t size) {
        _cleanup_free_ char *full = tree_path(tree, path);

        assert_int_equal(write_file_atomic(full, data, size, 0644), 0);
}

static inline void tree_write(const struct captured_tree *tree, const char *path, const char *text) {
        tree_write_bytes(tree, path, text, strlen(text));
}

static inline void tree_link(const struct captured_tree *tree, const char *path, const char *target) {
        _cleanup_free_ char *full = tree_path(tree, path);

        assert_int_equal(symlink(target, full), 0);
}

static inline void tree_setup(struct captured_tree *tree) {
        strcpy(tree->path, "/tmp/seatrial-unit-XXXXXX");
        assert_non_null(mkdtemp(tree->path));
        snprintf(tree->sys, sizeof(tree->sys), "%s/sys", tree->path);
        snprintf(tree->proc, sizeof(tree->proc), "%s/proc", tree->path);
        snprintf(tree->dev, sizeof(tree->dev), "%s/dev", tree->path);
        tree->roots = (struct inventory_roots){.sys = tree->sys, .proc = tree->proc, .dev = tree->dev};
        assert_int_equal(mkdir(tree->sys, 0755), 0);
        assert_int_equal(mkdir(tree->proc, 0755), 0);
        assert_int_equal(mkdir(tree->dev, 0755), 0);
}

static inline int tree_remove_one(const char *path, const struct stat *st _unused_, int type _unused_,
                                  struct FTW *ftw _unused_) {
        return remove(path);
}

static inline void tree_teardown(struct captured_tree *tree) {
        assert_int_equal(nftw(tree->path, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* Of a test whose state is a tree. */
static inline int tree_test_setup(void **state) {
        *state = calloc(1, sizeof(struct captured_tree));
        assert_non_null(*state);
        tree_setup(*state);
        return 0;
}

static inline int tree_test_teardown(void **state) {
        tree_teardown(*state);
        free(*state);
        return 0;
}

/* What the collector of that name finds there. */
static inline json_t *tree_collect(const struct captured_tree *tree, const char *name) {
        json_t *part = NULL;

        fields_note_sources(false);
        for (size_t i = 0; collectors[i]; i++)
                if (streq(collectors[i]->name, name))
                        assert_int_equal(collectors[i]->collect(&tree->roots, &part), 0);

        assert_non_null(part);
        return part;
}

/* Compares with JSON as one would write it down, member by member, those only that stand there. */
static inline void assert_json(const json_t *actual, const char *expected_text) {
        _cleanup_json_ json_t *expected = json_loads(expected_text, JSON_DECODE_ANY, NULL);
        const char *key;
        json_t *value;

        assert_non_null(expected);
        json_object_foreach(expected, key, value) {
                _cleanup_free_ char *have = NULL, *want = NULL;
                json_t *member = json_object_get(actual, key);

                have = member ? json_dumps(member, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS)
                              : strdup("nothing");
                want = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
                if (!streq(have, want))
                        print_error("member \"%s\"\n", key);
                assert_string_equal(have, want);
        }
}
