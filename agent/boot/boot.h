/* SPDX-License-Identifier: GPL-3.0-or-later */
/* boot.h: finds what can be booted, and hands the machine over to it with kexec. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "base/macro.h"

struct boot_image;
struct event;
struct plan;

#define BOOT_TRIES_UNCOUNTED (-1)

/* One thing that can be booted, as a Boot Loader Specification type 1 file describes it. */
struct boot_entry {
        char *source; /* name of the boot source that found it: "local" */
        char *device; /* where it lies, "/dev/nvme0n1p1", or what leads to it, "eth0" */
        char *id;     /* file name without its boot counters and ".conf" */
        char *title, *version, *sort_key, *machine_id, *architecture;
        char *linux_path; /* from the root of the file system that it lies in, or a URI; so are initrds */
        char **initrds;   /* NULL at the end; may be NULL */
        char *options;
        int tries_left; /* boots that it may still try, 0 for one that has proved bad; BOOT_TRIES_UNCOUNTED */
        int tries_done; /* boots tried in vain */
        bool is_default; /* the loader's own configuration names it */
};

struct boot_entry *boot_entry_free(struct boot_entry *entry);
DEFINE_CLEANUP(struct boot_entry *, boot_entry_free);

/* The entry as a JSON object, and back. boot_entry_from_json() returns 0, -EBADMSG, -ENOMEM. */
json_t *boot_entry_to_json(const struct boot_entry *entry);
int boot_entry_from_json(const json_t *object, struct boot_entry **ret);

struct boot_entries {
        struct boot_entry **items; /* best first */
        size_t n_items;
};

/* Appends entry, which is the list's then. Returns 0, -ENOMEM (entry stays the caller's). */
int boot_entries_add(struct boot_entries *entries, struct boot_entry *entry);
void boot_entries_done(struct boot_entries *entries);

/* Called for everything worth telling: severity "INFO", "WARNING", "ERROR". */
typedef void (*boot_log_t)(const char *severity, const char *message, void *userdata);

/* Formats, and calls log. */
void boot_log(boot_log_t log, void *userdata, const char *severity, const char *format, ...) _printf_(4, 5);

/* A boot source is one entry of the table in sources.c. */
struct boot_source {
        const char *name;        /* "local" */
        const char *description; /* "Boot Loader Specification entries on local disks" */
        const char *nothing;     /* "no disk of this machine holds a boot entry" */

        /* Appends the entries that it has, in any order. Returns 0 (also when there are none), a negative
         * errno. */
        int (*find)(struct event *e, const struct plan *plan, struct boot_entries *entries, boot_log_t log,
                    void *userdata);

        /* Opens kernel and initrds of one of its entries. Runs in a process of its own, which ends once they
         * are loaded. Returns 0, a negative errno with the reason told through log. */
        int (*open)(const struct plan *plan, const struct boot_entry *entry, struct boot_image *image,
                    boot_log_t log, void *userdata);
};

extern const struct boot_source *const boot_sources[]; /* NULL at the end */

/* Returns NULL when there is none of that name. */
const struct boot_source *boot_source_find(const char *name);

/* Asks a source and sorts: what the plan names, then what has not proved bad, then the loader's default,
 * then by the specification's order. A source that fails costs a WARNING. Returns 0 (also when there are
 * none), a negative errno. */
int boot_find(struct event *e, const struct plan *plan, const struct boot_source *source,
              struct boot_entries *entries, boot_log_t log, void *userdata);

/* Opens kernel and initrds of the entry and loads them with kexec_file_load(), for boot_start(). Its files
 * need not be reachable any more afterwards, and nothing stays mounted. Returns 0, a negative errno with the
 * reason told through log. */
int boot_load(struct event *e, const struct plan *plan, const struct boot_entry *entry, boot_log_t log,
              void *userdata);

/* Leaves this kernel for the loaded one, at once: ending programs and unmounting is the caller's. Returns
 * only on failure, a negative errno. */
int boot_start(void);

/* seatrial boot [list|load ID]. Returns an exit status. */
int verb_boot(int argc, char **argv);
