/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "trial/memory/allocate.h"
#include "trial/memory/ecc.h"
#include "trial/memory/leg.h"
#include "trial/memory/numa.h"
#include "trial/memory/physical.h"
#include "trial/memory/position.h"

/* What the memory trial reads of the kernel, and of an earlier kernel's trial, by its first byte: text all of
 * it. What comes out as ranges has to be in order, since it is written to. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ranges *ranges) {
        for (size_t i = 0; i < ranges->n_items; i++)
                if (ranges->items[i].start >= ranges->items[i].end ||
                    (i > 0 && ranges->items[i - 1].end >= ranges->items[i].start))
                        __builtin_trap();
}

static void below_64(unsigned number, void *userdata _unused_) {
        if (number >= 64)
                __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(ranges_done) struct ranges one = {}, two = {};
        _cleanup_(leg_done) struct leg leg = {};
        _cleanup_(edac_event_done) struct edac_event event = {};
        _cleanup_free_ char *text = NULL, *position = NULL;
        struct memory_situation situation;
        struct machine_check machine_check;

        if (size == 0)
                return 0;

        text = strndup((const char *) data + 1, size - 1);
        if (!text)
                return 0;

        switch (data[0]) {
        case 'r':
                (void) ranges_parse(text, &one);
                break;
        case 'i':
                (void) physical_kernel_map(text, &one, &two);
                break;
        case 'e':
                (void) physical_efi_tables(text, &one);
                break;
        case 'm':
                (void) memory_situation_parse(text, &situation);
                break;
        case 'n':
                (void) numa_list_parse(text, 64, below_64, NULL);
                break;
        case 't':
                (void) machine_check_parse(text, &machine_check);
                if (edac_event_at(text, 0x1a000040, &event) > 0)
                        position = position_text("channel 0 slot 0", event.detail);
                break;
        case 'l':
                (void) leg_parse(text, &leg);
                check(&leg.tested);
                check(&leg.remaining);
                check(&leg.bad);
                break;
        }

        check(&one);
        check(&two);
        return 0;
}
