/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "base/child.h"
#include "base/text.h"
#include "boot.h"
#include "kexec.h"
#include "order.h"
#include "plan/plan.h"
#include "report.h"
#include "uki.h"

/* Enough for an installer's initrd of a gigabyte from a slow disk. */
#define LOAD_TIME_LIMIT (5 * 60 * USEC_PER_SEC)

const struct boot_source *boot_source_find(const char *name) {
        for (size_t i = 0; boot_sources[i]; i++)
                if (streq(boot_sources[i]->name, name))
                        return boot_sources[i];

        return NULL;
}

int boot_find(struct event *e, const struct plan *plan, const struct boot_source *source,
              struct boot_entries *entries, boot_log_t log, void *userdata) {
        int r;

        r = source->find(e, plan, entries, log, userdata);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                boot_log(log, userdata, "WARNING", "the boot source \"%s\" has failed: %s", source->name,
                         strerror(-r));

        boot_entries_sort(entries, plan->production_entry);
        return 0;
}

struct load {
        const struct plan *plan;
        const struct boot_source *source;
        const struct boot_entry *entry;
        boot_log_t log;
        void *userdata;
};

static char *command_line(const char *options, const struct plan *plan) {
        const char *more = plan->production_options ?: "";

        return strprintf("%s%s%s", options ?: "", options && *options && *more ? " " : "", more);
}

static int load_in_child(int report_fd, void *userdata) {
        _cleanup_(boot_image_done) struct boot_image image = BOOT_IMAGE_NONE;
        _cleanup_free_ char *reason = NULL, *own = NULL, *line = NULL;
        const struct load *load = userdata;
        const struct boot_entry *entry = load->entry;
        int r;

        r = load->source->open(load->plan, entry, &image, report_log, &report_fd);
        if (r < 0)
                return r;

        r = uki_unwrap(&image, &own, &reason);
        if (r >= 0) {
                line = command_line(entry->options && *entry->options ? entry->options : own, load->plan);
                r = line ? kexec_load(&image, line, &reason) : -ENOMEM;
        }
        if (r < 0) {
                boot_log(report_log, &report_fd, "ERROR", "%s on %s: %s cannot be loaded: %s", entry->id,
                         entry->device, entry->linux_path, reason ?: strerror(-r));
                return r;
        }

        if (entry->tries_left > 0)
                boot_log(report_log, &report_fd, "INFO",
                         "%s on %s: its tries left stay %d, since disks are only read", entry->id,
                         entry->device, entry->tries_left);
        boot_log(report_log, &report_fd, "INFO", "%s on %s is loaded, with the command line \"%s\"",
                 entry->id, entry->device, line);
        return 0;
}

static void on_message(struct child *child _unused_, const json_t *message, void *userdata) {
        const struct load *load = userdata;

        report_forward(message, load->log, load->userdata);
}

static void on_text(struct child *child, const char *line, void *userdata) {
        const struct load *load = userdata;

        boot_log(load->log, load->userdata, "INFO", "%s: %s", child_name(child), line);
}

int boot_load(struct event *e, const struct plan *plan, const struct boot_entry *entry, boot_log_t log,
              void *userdata) {
        static const struct child_handler handler = {.message = on_message, .text = on_text};
        _cleanup_(child_freep) struct child *child = NULL;
        _cleanup_free_ char *how = NULL;
        struct load load = {.plan = plan, .entry = entry, .log = log, .userdata = userdata};
        struct child_result result;
        int r;

        load.source = boot_source_find(entry->source);
        if (!load.source) {
                boot_log(log, userdata, "ERROR", "%s: there is no boot source \"%s\"", entry->id,
                         entry->source);
                return -ENOENT;
        }

        r = child_start(e, entry->id, LOAD_TIME_LIMIT, load_in_child, &load, &handler, &load, &child);
        if (r >= 0)
                r = child_wait(child, &result);
        if (r < 0) {
                boot_log(log, userdata, "ERROR", "%s: the process that is to load it cannot be run: %s",
                         entry->id, strerror(-r));
                return r;
        }

        if (result.state != CHILD_EXITED) {
                how = child_result_describe(child);
                boot_log(log, userdata, "ERROR", "%s on %s: loading it %s", entry->id, entry->device,
                         how ?: "failed");
                return result.state == CHILD_TIMED_OUT ? -ETIMEDOUT : -EIO;
        }
        return result.error;
}

int boot_start(void) {
        sync();
        return reboot(RB_KEXEC) < 0 ? -errno : 0;
}
