/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/event.h"
#include "base/log.h"
#include "base/screen.h"
#include "base/text.h"
#include "inventory.h"

/* For a person who waits: one part that hangs is told, and the rest is shown. */
#define TIME_LIMIT_USEC (30 * USEC_PER_SEC)

enum format { FORMAT_AUTO, FORMAT_JSON, FORMAT_TABLE };

static void help(void) {
        puts("Usage: seatrial inventory [PART] [--format json|table]\n"
             "\n"
             "Prints what the machine is made of: as tables on a terminal, as JSON otherwise.\n"
             "Without PART all parts:\n");

        for (size_t i = 0; collectors[i]; i++)
                printf("  %-12s %s\n", collectors[i]->name, collectors[i]->description);

        puts("\n"
             "  -f, --format FORMAT  json or table, wherever the output goes\n"
             "  -s, --sources        in JSON, say of each value where it came from\n"
             "  -h, --help           this text\n"
             "\n"
             "Exit status: 0 when every part could be had, 1 when one could not.");
}

static const struct collector *find_collector(const char *name) {
        for (size_t i = 0; collectors[i]; i++)
                if (streq(collectors[i]->name, name))
                        return collectors[i];

        return NULL;
}

static int print_table(const json_t *inventory) {
        const json_t *problems = json_object_get(inventory, "problems"), *problem;
        struct screen screen;
        size_t i;

        screen_init(&screen, stdout, SCREEN_COLOUR_AUTO);

        json_array_foreach(problems, i, problem)
                screen_row(&screen, MARK_FAIL, json_get_string(problem, "part"),
                           json_get_string(problem, "message"), USEC_INFINITY);

        for (i = 0; collectors[i]; i++) {
                const json_t *part = json_object_get(inventory, collectors[i]->name);
                _cleanup_free_ char *summary = NULL;
                int r;

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

static int print_json(const json_t *inventory) {
        return json_dumpf(inventory, stdout, JSON_INDENT(2)) < 0 || putchar('\n') < 0 ? -EIO : 0;
}

int verb_inventory(int argc, char **argv) {
        static const struct option options[] = {
                {"format", required_argument, NULL, 'f'},
                {"sources", no_argument, NULL, 's'},
                {"help", no_argument, NULL, 'h'},
                {},
        };
        _cleanup_(event_freep) struct event *event = NULL;
        _cleanup_json_ json_t *inventory = NULL;
        struct inventory_roots roots = inventory_live_roots;
        enum format format = FORMAT_AUTO;
        const char *name = NULL;
        int c, r;

        while ((c = getopt_long(argc, argv, "f:sh", options, NULL)) >= 0)
                switch (c) {
                case 'f':
                        if (streq(optarg, "json"))
                                format = FORMAT_JSON;
                        else if (streq(optarg, "table"))
                                format = FORMAT_TABLE;
                        else {
                                log_line("inventory: --format is json or table, not \"%s\"", optarg);
                                return 2;
                        }
                        break;
                case 's':
                        roots.sources = true;
                        break;
                case 'h':
                        help();
                        return 0;
                default:
                        return 2;
                }

        if (optind < argc)
                name = argv[optind++];
        if (optind < argc) {
                log_line("inventory takes one part or all of them, and \"%s\" is one more", argv[optind]);
                return 2;
        }

        if (name && !find_collector(name)) {
                fprintf(stderr, "seatrial: inventory: there is no part \"%s\"; there are:", name);
                for (size_t i = 0; collectors[i]; i++)
                        fprintf(stderr, " %s", collectors[i]->name);
                fputc('\n', stderr);
                return 2;
        }

        if (geteuid() != 0)
                log_line("inventory: not run by root, so what only root may read stays unknown");

        r = event_new(&event);
        if (r < 0) {
                log_error(r, "inventory: no event loop");
                return 1;
        }

        r = inventory_take(event, &roots, name, TIME_LIMIT_USEC, NULL, NULL, &inventory);
        if (r < 0) {
                log_error(r, "inventory: it could not be taken");
                return 1;
        }

        if (format == FORMAT_AUTO)
                format = isatty(STDOUT_FILENO) ? FORMAT_TABLE : FORMAT_JSON;

        r = format == FORMAT_TABLE ? print_table(inventory) : print_json(inventory);
        if (r >= 0 && fflush(stdout) != 0)
                r = -errno;
        if (r < 0) {
                log_error(r, "inventory: it could not be printed");
                return 1;
        }

        return json_array_size(json_object_get(inventory, "problems")) > 0;
}
