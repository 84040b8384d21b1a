/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>

#include "base/screen.h"
#include "base/text.h"
#include "findings.h"
#include "inventory.h"
#include "view.h"

static int print_findings(const json_t *inventory, struct screen *screen) {
        _cleanup_json_ json_t *findings = NULL;
        const json_t *finding;
        size_t i;
        int r;

        r = inventory_findings(inventory, &findings);
        if (r < 0)
                return r;

        json_array_foreach(findings, i, finding) {
                bool critical = streq(json_get_string(finding, "severity"), "critical");

                screen_row(screen, critical ? MARK_FAIL : MARK_WARNING, json_get_string(finding, "where"),
                           json_get_string(finding, "message"), USEC_INFINITY);
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

                if (!part || json_is_null(part))
                        continue;

                summary = collectors[i]->summarize(part);
                if (!summary)
                        return -ENOMEM;

                screen_heading(&screen, collectors[i]->name, summary);
                r = collectors[i]->print(part, &screen);
                if (r < 0)
                        return r;
        }

        return 0;
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
