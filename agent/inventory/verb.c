/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/command.h"
#include "base/event.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "capture.h"
#include "diff.h"
#include "format/format.h"
#include "inventory.h"
#include "view.h"

/* For a person who waits: one part that hangs is told, and the rest is shown. */
#define TIME_LIMIT_USEC (30 * USEC_PER_SEC)

#define INVENTORY_SIZE_MAX ((size_t) 64 << 20)

struct options {
        const char *part;            /* NULL: all */
        const struct format *format; /* NULL: for a person */
        const char *root;            /* of a captured machine; NULL: this one */
        const char *capture;
        const char *diff; /* file with the inventory to compare with */
        uint64_t lldp_wait_usec;
        bool sources;
};

static void help(void) {
        puts("Usage: seatrial inventory [PART] [OPTION...]\n"
             "\n"
             "Prints what the machine is made of: as tables on a terminal, as JSON otherwise.\n"
             "Without PART all parts:\n");

        for (size_t i = 0; collectors[i]; i++)
                printf("  %-14s %s\n", collectors[i]->name, collectors[i]->description);

        puts("\n"
             "  -f, --format FORMAT  table, for a person, or one of:");
        for (const struct format *f = formats; f->name; f++)
                printf("                         %-8s %s\n", f->name, f->help);
        puts("  -s, --sources        in JSON, say of each value where it came from\n"
             "  -d, --diff FILE      print what is different from the inventory in FILE\n"
             "  -c, --capture DIR    keep in DIR all that the inventory reads, and the inventory\n"
             "  -r, --root DIR       of a captured machine instead of this one\n"
             "  -l, --lldp TIME      listen so long (30s) for the switches that announce themselves\n"
             "  -h, --help           this text\n"
             "\n"
             "Exit status: 0 when every part could be had, and is as in FILE; 1 otherwise.");
}

static bool is_part(const char *name) {
        for (size_t i = 0; collectors[i]; i++)
                if (streq(collectors[i]->name, name))
                        return true;

        return false;
}

static int find_format(const char *name, const struct format **ret) {
        const struct format *f = formats;

        if (streq(name, "table")) {
                *ret = NULL;
                return 0;
        }

        while (f->name && !streq(f->name, name))
                f++;
        if (!f->name)
                return -EINVAL;

        *ret = f;
        return 0;
}

/* Returns 0, or the exit status in ret_status and 1. */
static int parse_options(int argc, char **argv, struct options *o, int *ret_status) {
        static const struct option options[] = {
                {"format", required_argument, NULL, 'f'},  {"sources", no_argument, NULL, 's'},
                {"diff", required_argument, NULL, 'd'},    {"root", required_argument, NULL, 'r'},
                {"capture", required_argument, NULL, 'c'}, {"lldp", required_argument, NULL, 'l'},
                {"help", no_argument, NULL, 'h'},          {},
        };
        int c;

        *ret_status = 2;
        *o = (struct options){.format = isatty(STDOUT_FILENO) ? NULL : formats};

        while ((c = command_option(argc, argv, "f:sd:r:c:l:h", options)) >= 0)
                switch (c) {
                case 'f':
                        if (find_format(optarg, &o->format) < 0) {
                                log_line("inventory: there is no format \"%s\"; --help lists them", optarg);
                                return 1;
                        }
                        break;
                case 's':
                        o->sources = true;
                        break;
                case 'd':
                        o->diff = optarg;
                        break;
                case 'r':
                        o->root = optarg;
                        break;
                case 'c':
                        o->capture = optarg;
                        break;
                case 'l':
                        if (parse_duration(optarg, &o->lldp_wait_usec) < 0) {
                                log_line("inventory: --lldp is a time such as 30s, not \"%s\"", optarg);
                                return 1;
                        }
                        break;
                case 'h':
                        help();
                        *ret_status = 0;
                        return 1;
                default:
                        return 1;
                }

        if (!command_takes(argc, argv, 1))
                return 1;

        o->part = argv[optind];
        if (o->part && !is_part(o->part)) {
                log_line("inventory: there is no part \"%s\"; --help lists them", o->part);
                return 1;
        }

        if (o->capture && (o->root || o->part)) {
                log_line("inventory: --capture keeps the whole of this machine");
                return 1;
        }

        return 0;
}

static int take(const struct inventory_roots *roots, const char *part, json_t **ret) {
        _cleanup_(event_freep) struct event *event = NULL;
        int r;

        r = event_new(&event);
        if (r < 0)
                return log_error(r, "inventory: no event loop");

        r = inventory_take(event, roots, part, TIME_LIMIT_USEC + roots->lldp_wait_usec, NULL, NULL, ret);
        return r < 0 ? log_error(r, "inventory: it could not be taken") : 0;
}

static int take_captured(const struct options *o, json_t **ret) {
        _cleanup_free_ char *sys = strprintf("%s/sys", o->root), *proc = strprintf("%s/proc", o->root),
                            *dev = strprintf("%s/dev", o->root);
        struct inventory_roots roots = {.sys = sys, .proc = proc, .dev = dev, .sources = o->sources};

        if (!sys || !proc || !dev)
                return log_error(-ENOMEM, "inventory");
        if (faccessat(AT_FDCWD, sys, F_OK, 0) < 0)
                return log_error(-errno, "inventory: %s holds no captured machine", o->root);

        return take(&roots, o->part, ret);
}

static int take_live(const struct options *o, json_t **ret) {
        struct inventory_roots roots = inventory_live_roots;
        _cleanup_free_ char *record = NULL, *file = NULL, *text = NULL;
        int r;

        roots.sources = o->sources;
        roots.lldp_wait_usec = o->lldp_wait_usec;
        if (geteuid() != 0)
                log_line("inventory: not run by root, so what only root may read stays unknown");
        if (!o->capture)
                return take(&roots, o->part, ret);

        record = strprintf("%s/dev", o->capture);
        file = strprintf("%s/inventory.json", o->capture);
        if (!record || !file)
                return log_error(-ENOMEM, "inventory");

        r = capture_files(&roots, o->capture);
        if (r < 0)
                return log_error(r, "inventory: %s cannot be filled", o->capture);

        roots.record = record;
        r = take(&roots, NULL, ret);
        if (r < 0)
                return r;

        text = json_dumps(*ret, JSON_INDENT(2));
        r = text ? write_file_atomic(file, text, strlen(text), 0644) : -ENOMEM;
        return r < 0 ? log_error(r, "inventory: %s cannot be written", file) : 0;
}

static int print_json(const json_t *value) {
        _cleanup_free_ char *text = json_dumps(value, JSON_INDENT(2));

        if (!text)
                return -ENOMEM;

        /* At once: jansson hands its stream each bracket and each blank by itself. */
        return puts(text) < 0 ? -EIO : 0;
}

static int print_inventory(const struct options *o, const json_t *inventory) {
        _cleanup_json_ json_t *converted = NULL;
        int r;

        if (!o->format)
                return view_print(inventory, stdout);

        r = o->format->convert(inventory, &converted);
        return r < 0 ? r : print_json(converted);
}

int inventory_load_for_command(const char *path, json_t **ret) {
        _cleanup_json_ json_t *inventory = NULL;
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = read_file(path, INVENTORY_SIZE_MAX, &text, &size);
        if (r >= 0)
                r = json_parse(text, size, &inventory);
        if (r < 0 && r != -EBADMSG)
                return log_error(r, "%s cannot be read", path);

        /* A manifest has a version of its own, but no problems. */
        if (json_get_integer(inventory, "schema_version", 0) != INVENTORY_SCHEMA_VERSION ||
            !json_is_array(json_object_get(inventory, "problems"))) {
                log_line(
                        "%s is no inventory as \"seatrial inventory --format json\" prints it, of version %d",
                        path, INVENTORY_SCHEMA_VERSION);
                return -EINVAL;
        }

        *ret = TAKE_PTR(inventory);
        return 0;
}

/* Returns 1 when something is different, 0 when nothing is, a negative errno. */
static int print_diff(const struct options *o, const json_t *old, const json_t *inventory) {
        _cleanup_json_ json_t *changes = NULL;
        int r;

        r = inventory_diff(old, inventory, &changes);
        if (r < 0)
                return r;

        r = o->format ? print_json(changes) : view_print_changes(changes, stdout);
        return r < 0 ? r : json_array_size(changes) > 0;
}

int verb_inventory(int argc, char **argv) {
        _cleanup_json_ json_t *inventory = NULL, *old = NULL;
        struct options o;
        int r, status;

        if (parse_options(argc, argv, &o, &status))
                return status;

        if (o.diff && inventory_load_for_command(o.diff, &old) < 0)
                return 1;

        r = o.root ? take_captured(&o, &inventory) : take_live(&o, &inventory);
        if (r < 0)
                return 1;

        r = o.diff ? print_diff(&o, old, inventory) : o.capture ? 0 : print_inventory(&o, inventory);
        if (r >= 0 && fflush(stdout) != 0)
                r = -errno;
        if (r < 0) {
                log_error(r, "inventory: it could not be printed");
                return 1;
        }

        status = r > 0 || json_array_size(json_object_get(inventory, "problems")) > 0;

        /* Goes with the process: one by one its ten thousand values take as long as all else that is left to
         * do. */
        TAKE_PTR(inventory);
        return status;
}
