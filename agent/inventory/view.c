/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/screen.h"
#include "base/text.h"
#include "findings.h"
#include "inventory.h"
#include "view.h"

/* Not so a part that could not be had: its problem stands among the findings. */
static bool is_absent(const json_t *inventory, const char *name) {
        const json_t *part = json_object_get(inventory, name), *problem;
        size_t i;

        json_array_foreach(json_object_get(inventory, "problems"), i, problem) {
                const char *failed = json_get_string(problem, "part");

                if (failed && streq(failed, name))
                        return false;
        }

        return json_is_null(part) || (json_is_array(part) && json_array_size(part) == 0);
}

static bool is_same_news(const json_t *a, const json_t *b) {
        return json_equal(json_object_get(a, "severity"), json_object_get(b, "severity")) &&
               json_equal(json_object_get(a, "message"), json_object_get(b, "message"));
}

/* What is wrong with one, and with which others as well: a row of modules is slow together. */
static char *describe_finding(const json_t *findings, size_t first, size_t end) {
        char *text = strdup(json_get_string(json_array_get(findings, first), "message") ?: "");

        for (size_t i = first + 1; text && i < end; i++) {
                _cleanup_free_ char *before = text;

                text = strprintf("%s%s%s", before, i == first + 1 ? "; the same: " : ", ",
                                 json_get_string(json_array_get(findings, i), "where"));
        }

        return text;
}

static int print_findings(const json_t *inventory, struct screen *screen) {
        _cleanup_json_ json_t *findings = NULL;
        size_t end;
        int r;

        r = inventory_findings(inventory, &findings);
        if (r < 0)
                return r;

        for (size_t i = 0; i < json_array_size(findings); i = end) {
                const json_t *finding = json_array_get(findings, i);
                bool critical = streq(json_get_string(finding, "severity"), "critical");
                _cleanup_free_ char *text = NULL;

                for (end = i + 1; end < json_array_size(findings); end++)
                        if (!is_same_news(finding, json_array_get(findings, end)))
                                break;

                text = describe_finding(findings, i, end);
                if (!text)
                        return -ENOMEM;

                screen_row(screen, critical ? MARK_FAIL : MARK_WARNING, json_get_string(finding, "where"),
                           text, USEC_INFINITY);
        }

        return 0;
}

/* The names of the parts that were looked for, and of which the machine has none. */
static int print_absent(const json_t *inventory, struct screen *screen) {
        _cleanup_free_ char *names = NULL;

        for (size_t i = 0; collectors[i]; i++) {
                const json_t *part = json_object_get(inventory, collectors[i]->name);
                char *longer;

                if (!part || !is_absent(inventory, collectors[i]->name))
                        continue;

                longer = strprintf("%s%s%s", names ?: "", names ? ", " : "", collectors[i]->name);
                if (!longer)
                        return -ENOMEM;

                free(names);
                names = longer;
        }

        if (names) {
                fputc('\n', screen->file);
                screen_row(screen, MARK_NONE, "none", names, USEC_INFINITY);
        }

        return 0;
}

int view_print(const json_t *inventory, FILE *file) {
        struct screen screen;
        int r;

        screen_init(&screen, file, SCREEN_COLOUR_AUTO);
        r = print_findings(inventory, &screen);
        if (r < 0)
                return r;

        for (size_t i = 0; collectors[i]; i++) {
                const json_t *part = json_object_get(inventory, collectors[i]->name);
                _cleanup_free_ char *summary = NULL;

                if (!part || json_is_null(part) || is_absent(inventory, collectors[i]->name))
                        continue;

                summary = collectors[i]->summarize(part);
                if (!summary)
                        return -ENOMEM;

                screen_heading(&screen, collectors[i]->name, summary);
                r = collectors[i]->print(part, &screen);
                if (r < 0)
                        return r;
        }

        return print_absent(inventory, &screen);
}

/* A thing that came or went as a whole is named by its path alone. */
static char *describe_value(const json_t *value) {
        if (json_is_object(value) || json_is_array(value))
                return strprintf("there");
        if (!value || json_is_null(value))
                return strprintf("nothing");

        return json_dumps(value, JSON_ENCODE_ANY);
}

int view_print_changes(const json_t *changes, FILE *file) {
        const json_t *change;
        size_t i;

        json_array_foreach(changes, i, change) {
                _cleanup_free_ char *old = describe_value(json_object_get(change, "old")),
                                    *new = describe_value(json_object_get(change, "new"));

                if (!old || !new)
                        return -ENOMEM;

                fprintf(file, "%s: %s -> %s\n", json_get_string(change, "path"), old, new);
        }

        return 0;
}
