/* SPDX-License-Identifier: GPL-3.0-or-later */
/* boot.h: finds what can be booted, and hands the machine over to it with kexec. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

struct plan;

/* One thing that can be booted, as a Boot Loader Specification type 1 file describes it. */
struct boot_entry {
        char *source;   /* name of the boot source that found it: "local" */
        char *device;   /* where it lies: "/dev/nvme0n1p1" */
        char *id;       /* file name without ".conf" */
        char *title, *version, *sort_key, *machine_id, *architecture;
        char *linux_path;
        char **initrds; /* NULL at the end; may be NULL */
        char *options;
        bool is_default; /* the loader's own configuration names it */
};

struct boot_entry *boot_entry_free(struct boot_entry *entry);
DEFINE_CLEANUP(struct boot_entry *, boot_entry_free);

struct boot_entries {
        struct boot_entry **items; /* best first */
        size_t n_items;
};

void boot_entries_done(struct boot_entries *entries);

/* Called for everything worth telling: severity "INFO", "WARNING", "ERROR". */
typedef void (*boot_log_t)(const char *severity, const char *message, void *userdata);

/* A boot source is one entry of the table in sources.c. */
struct boot_source {
        const char *name;        /* "local" */
        const char *description; /* "Boot Loader Specification entries on local disks" */

        /* Appends the entries that it has, in any order. Returns 0 (also when there are none), a negative errno. */
        int (*find)(const struct plan *plan, struct boot_entries *entries, boot_log_t log, void *userdata);
};

extern const struct boot_source *const boot_sources[]; /* NULL at the end */

/* Asks all sources and sorts: what the plan names, then the loader's default, then by the specification's order.
 * Returns 0 (also when there are none), a negative errno. */
int boot_find(const struct plan *plan, struct boot_entries *entries, boot_log_t log, void *userdata);

/* Opens kernel and initrds of the entry and loads them with kexec_file_load(); reboot(LINUX_REBOOT_CMD_KEXEC) then
 * starts it. Its files need not be reachable any more afterwards, and nothing stays mounted. Returns 0, a negative
 * errno with the reason told through log. */
int boot_load(const struct plan *plan, const struct boot_entry *entry, boot_log_t log, void *userdata);

/* seatrial boot [list|load ID]. Returns an exit status. */
int verb_boot(int argc, char **argv);
