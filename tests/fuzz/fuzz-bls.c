/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdint.h>
#include <string.h>

#include "boot/bls.h"
#include "boot/boot.h"
#include "boot/order.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_loader(const char *text, size_t size) {
        _cleanup_free_ char *pattern = NULL, *reason = NULL;

        (void) bls_parse_loader(text, size, &pattern, &reason);
}

/* What is parsed must survive the way into JSON and back, and equal itself. */
static void read_entry(const char *name, const char *text, size_t size) {
        _cleanup_(boot_entry_freep) struct boot_entry *entry = NULL, *again = NULL;
        _cleanup_free_ char *reason = NULL;
        _cleanup_json_ json_t *object = NULL;

        if (bls_parse_entry(name, text, size, &entry, &reason) <= 0)
                return;

        entry->source = strdup("local");
        entry->device = strdup("/dev/sda1");
        if (!entry->source || !entry->device)
                return;

        object = boot_entry_to_json(entry);
        if (!object || boot_entry_from_json(object, &again) < 0 || boot_entry_compare(entry, again) != 0 ||
            !!entry->options != !!again->options)
                abort();
}

/* The first line is the file's name; "loader.conf" is the loader's own file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *text = (const char *) data, *newline = size > 0 ? memchr(text, '\n', size) : NULL;
        _cleanup_free_ char *name = NULL;

        if (!newline)
                return 0;

        name = strndup(text, (size_t) (newline - text));
        if (!name)
                return 0;

        size -= (size_t) (newline + 1 - text);
        text = newline + 1;
        if (strcmp(name, "loader.conf") == 0)
                read_loader(text, size);
        else
                read_entry(name, text, size);

        return 0;
}
