/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/command.h"
#include "base/event.h"
#include "base/log.h"
#include "base/text.h"
#include "boot.h"
#include "order.h"
#include "plan/plan.h"

static void help(void) {
        puts("Usage: seatrial boot list [--json] [--source NAME] [--uri URI]\n"
             "       seatrial boot load [--now] [--source NAME] [--uri URI] ID\n"
             "\n"
             "Finds what can be booted, in the order in which it would be tried, or loads one\n"
             "entry for kexec. Disks are only read, nothing stays mounted, and network devices\n"
             "that are in use are left alone.\n"
             "\n"
             "  list            the boot entries of this machine, best first\n"
             "  load ID         loads the first entry whose id matches ID, which may be a pattern\n"
             "                  such as 'debian-*'; \"kexec -e\" or \"systemctl kexec\" then starts it\n"
             "\n"
             "  -s, --source NAME\n"
             "                  only from that boot source; else those of the plan\n"
             "  -u, --uri URI   over the network, this: a kernel, a unified kernel image, a boot\n"
             "                  entry's file, or a PXELINUX configuration, on an https, http\n"
             "                  or tftp server\n"
             "  -j, --json      the list as JSON\n"
             "  -n, --now       start it at once; what runs here is not shut down\n"
             "  -h, --help      this text\n"
             "\n"
             "Boot sources:");

        for (size_t i = 0; boot_sources[i]; i++)
                printf("  %-15s %s\n", boot_sources[i]->name, boot_sources[i]->description);
}

static void on_log(const char *severity, const char *message, void *userdata _unused_) {
        if (streq(severity, "INFO"))
                log_line("%s", message);
        else
                log_line("%s: %s", severity, message);
}

static int print_json(const struct boot_entries *entries) {
        _cleanup_json_ json_t *array = NULL;

        array = json_array();
        if (!array)
                return -ENOMEM;

        for (size_t i = 0; i < entries->n_items; i++) {
                int r = json_append(array, boot_entry_to_json(entries->items[i]));

                if (r < 0)
                        return r;
        }

        if (json_dumpf(array, stdout, JSON_INDENT(2)) < 0 || putchar('\n') < 0)
                return -EIO;

        return 0;
}

static void print_table(const struct boot_entries *entries) {
        for (size_t i = 0; i < entries->n_items; i++) {
                const struct boot_entry *entry = entries->items[i];

                printf("%s%s%s%s%s\n", entry->title ?: entry->id, entry->version ? " " : "",
                       entry->version ?: "", entry->is_default ? " (default)" : "",
                       entry->tries_left == 0 ? " (failed too often)" : "");
                printf("        id       %s\n", entry->id);
                printf("        device   %s\n", entry->device);
                printf("        linux    %s\n", entry->linux_path);
                for (char **initrd = entry->initrds; initrd && *initrd; initrd++)
                        printf("        initrd   %s\n", *initrd);
                if (entry->options)
                        printf("        options  %s\n", entry->options);
        }
}

static int do_list(const struct boot_entries *entries, bool json) {
        int r;

        if (json) {
                r = print_json(entries);
                if (r < 0) {
                        log_error(r, "the list cannot be written");
                        return 1;
                }
        } else
                print_table(entries);

        return entries->n_items == 0;
}

/* Appends what each of the plan's sources has, best first. Returns 0, a negative errno. */
static int find_all(struct event *e, const struct plan *plan, struct boot_entries *entries) {
        for (char **name = plan->production_sources; *name; name++) {
                _cleanup_(boot_entries_done) struct boot_entries found = {};
                const struct boot_source *source = boot_source_find(*name);
                int r;

                if (!source) {
                        log_line("there is no boot source \"%s\"; \"seatrial boot --help\" shows which there "
                                 "are",
                                 *name);
                        return -ENOENT;
                }

                r = boot_find(e, plan, source, &found, on_log, NULL);
                if (r < 0)
                        return r;
                if (found.n_items == 0)
                        log_line("%s", source->nothing);

                for (; found.n_items > 0; found.n_items--) {
                        r = boot_entries_add(entries, found.items[0]);
                        if (r < 0)
                                return r;
                        memmove(found.items, found.items + 1, (found.n_items - 1) * sizeof(*found.items));
                }
        }

        return 0;
}

/* What the command line says over the plan. Returns 0, a negative errno with the reason told. */
static int apply_options(struct plan *plan, const char *source, const char *uri) {
        _cleanup_(plan_problems_done) struct plan_problems problems = {};
        int r = 0;

        if (uri)
                r = plan_set(plan, "production.uri", uri, "command line", &problems);
        if (r >= 0 && (source || uri))
                r = plan_set(plan, "production.sources", source ?: "network", "command line", &problems);

        plan_problems_log(&problems);
        return r;
}

static int do_load(struct event *e, const struct plan *plan, const struct boot_entries *entries,
                   const char *id, bool now) {
        for (size_t i = 0; i < entries->n_items; i++) {
                int r;

                if (!boot_entry_matches(entries->items[i], id))
                        continue;

                r = boot_load(e, plan, entries->items[i], on_log, NULL);
                if (r >= 0 && now) {
                        r = boot_start();
                        log_error(r, "the loaded kernel cannot be started");
                }
                return r < 0;
        }

        log_line("there is no boot entry \"%s\"; \"seatrial boot list\" shows what there is", id);
        return 1;
}

int verb_boot(int argc, char **argv) {
        static const struct option options[] = {
                {"source", required_argument, NULL, 's'}, {"uri", required_argument, NULL, 'u'},
                {"json", no_argument, NULL, 'j'},         {"now", no_argument, NULL, 'n'},
                {"help", no_argument, NULL, 'h'},         {},
        };
        _cleanup_(boot_entries_done) struct boot_entries entries = {};
        _cleanup_(event_freep) struct event *e = NULL;
        _cleanup_(plan_freep) struct plan *plan = NULL;
        const char *source = NULL, *uri = NULL;
        bool json = false, now = false, list;
        int c, r;

        while ((c = command_option(argc, argv, "s:u:jnh", options)) >= 0)
                switch (c) {
                case 's':
                        source = optarg;
                        break;
                case 'u':
                        uri = optarg;
                        break;
                case 'j':
                        json = true;
                        break;
                case 'n':
                        now = true;
                        break;
                case 'h':
                        help();
                        return 0;
                default:
                        return COMMAND_WRONG_USAGE;
                }

        argc -= optind;
        argv += optind;
        list = argc == 1 && streq(argv[0], "list") && !now;
        if (!list && !(argc == 2 && streq(argv[0], "load") && !json)) {
                log_line("boot takes \"list [--json]\" or \"load [--now] ID\"; see \"seatrial boot --help\"");
                return COMMAND_WRONG_USAGE;
        }

        if (geteuid() != 0) {
                log_line("boot %s must be root: it opens disks and mounts what is on them", argv[0]);
                return 1;
        }

        if (plan_load_for_command(&plan) < 0)
                return 1;

        r = event_new(&e);
        if (r < 0) {
                log_error(r, "the event loop cannot be made");
                return 1;
        }

        /* Somebody is looking at a machine that has been up for long: what is not there now will not come. */
        plan->production_disk_wait = 0;

        if (apply_options(plan, source, uri) < 0)
                return COMMAND_WRONG_USAGE;

        r = find_all(e, plan, &entries);
        if (r == -ENOENT)
                return COMMAND_WRONG_USAGE;
        if (r < 0) {
                log_error(r, "the search for boot entries has failed");
                return 1;
        }

        return list ? do_list(&entries, json) : do_load(e, plan, &entries, argv[1], now);
}
