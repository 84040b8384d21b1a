/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdint.h>
#include <string.h>

#include "boot/network/pxelinux.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_log(const char *severity _unused_, const char *message, void *userdata _unused_) {
        if (strpbrk(message, "\033\r\n"))
                __builtin_trap();
}

/* What is parsed survives the way into JSON and back, and obeys no console. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const struct pxelinux_host host = {
                .place = "tftp://server/default", .ip = "ip=", .bootif = "BOOTIF=", .log = on_log};
        _cleanup_(boot_entries_done) struct boot_entries entries = {};
        _cleanup_free_ char *reason = NULL;

        (void) pxelinux_recognize((const char *) data, size);
        if (pxelinux_parse((const char *) data, size, &host, &entries, &reason) < 0)
                return 0;

        for (size_t i = 0; i < entries.n_items; i++) {
                _cleanup_(boot_entry_freep) struct boot_entry *again = NULL;
                struct boot_entry *entry = entries.items[i];
                _cleanup_json_ json_t *object = NULL;

                entry->source = strdup("network");
                entry->device = strdup("eth0");
                if (!entry->source || !entry->device)
                        return 0;

                object = boot_entry_to_json(entry);
                if (!object || boot_entry_from_json(object, &again) < 0 ||
                    strcmp(again->options, entry->options) != 0)
                        __builtin_trap();
                if (!*entry->id || !*entry->linux_path || strpbrk(entry->options, "\033\r\n"))
                        __builtin_trap();
        }

        return 0;
}
