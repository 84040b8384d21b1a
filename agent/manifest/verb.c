/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>

#include "base/command.h"
#include "base/event.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "inventory/inventory.h"
#include "manifest.h"

#define TIME_LIMIT_USEC (30 * USEC_PER_SEC)
#define SIZE_MAX_BYTES  ((size_t) 64 << 20)

static void help(void) {
        puts("Usage: seatrial manifest [OPTION...]\n"
             "\n"
             "Writes down what this machine is made of, as an order that others like it must meet: the\n"
             "plan's manifest.file, " MANIFEST_FILE " in the image, is checked at each\n"
             "discovery.\n"
             "\n"
             "  -c, --check FILE      print how this machine deviates from the manifest in FILE\n"
             "  -i, --inventory FILE  of the machine whose inventory is in FILE (seatrial inventory\n"
             "                        --format json)\n"
             "  -h, --help            this text\n"
             "\n"
             "Exit status: 0 when nothing deviates, 1 otherwise.");
}

static int take(const char *file, json_t **ret) {
        _cleanup_(event_freep) struct event *event = NULL;
        int r;

        if (file)
                return inventory_load_for_command(file, ret);

        r = event_new(&event);
        if (r >= 0)
                r = inventory_take(event, &inventory_live_roots, NULL, TIME_LIMIT_USEC, NULL, NULL, ret);
        return r < 0 ? log_error(r, "manifest: the inventory could not be taken") : 0;
}

/* Returns 1 when something deviates, 0 when nothing does, a negative errno after saying why. */
static int check(const char *path, const json_t *inventory) {
        _cleanup_json_ json_t *manifest = NULL, *deviations = NULL;
        _cleanup_free_ char *text = NULL, *error = NULL;
        const json_t *deviation;
        size_t size, i;
        int r;

        r = read_file(path, SIZE_MAX_BYTES, &text, &size);
        if (r < 0)
                return log_error(r, "manifest: %s cannot be read", path);

        r = manifest_parse(text, size, &manifest, &error);
        if (r == -EBADMSG)
                log_line("manifest: %s %s", path, error);
        if (r < 0)
                return r;

        r = manifest_check(manifest, inventory, &deviations);
        if (r < 0)
                return log_error(r, "manifest: it could not be checked");

        json_array_foreach(deviations, i, deviation) printf(
                "%s: %s\n", json_get_string(deviation, "severity"), json_get_string(deviation, "message"));

        return json_array_size(deviations) > 0;
}

static int write_manifest(const json_t *inventory) {
        _cleanup_json_ json_t *manifest = NULL;
        int r;

        r = manifest_make(inventory, &manifest);
        if (r < 0)
                return log_error(r, "manifest: it could not be made");

        return json_dumpf(manifest, stdout, JSON_INDENT(1)) < 0 || putchar('\n') < 0 ? -EIO : 0;
}

int verb_manifest(int argc, char **argv) {
        static const struct option options[] = {
                {"check", required_argument, NULL, 'c'},
                {"inventory", required_argument, NULL, 'i'},
                {"help", no_argument, NULL, 'h'},
                {},
        };
        const char *manifest = NULL, *file = NULL;
        _cleanup_json_ json_t *inventory = NULL;
        int c, r;

        while ((c = command_option(argc, argv, "c:i:h", options)) >= 0)
                switch (c) {
                case 'c':
                        manifest = optarg;
                        break;
                case 'i':
                        file = optarg;
                        break;
                case 'h':
                        help();
                        return 0;
                default:
                        return COMMAND_WRONG_USAGE;
                }

        if (!command_takes(argc, argv, 0))
                return COMMAND_WRONG_USAGE;

        if (take(file, &inventory) < 0)
                return 1;

        r = manifest ? check(manifest, inventory) : write_manifest(inventory);
        return r != 0 || fflush(stdout) != 0;
}
