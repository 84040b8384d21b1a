/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/heartbeat.h"
#include "base/macro.h"
#include "base/text.h"
#include "init/watchdog.h"

/* A BMC of two ways that answers anything at all, or nothing, in any order with heartbeats and the end. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned n_armed;

static int way_open(unsigned number, const char **ret_name, void *userdata _unused_) {
        *ret_name = "/dev/ipmiN";
        return number < 2 ? 0 : -ENOENT;
}

static int way_send(uint8_t command _unused_, const void *data _unused_, size_t size _unused_,
                    void *userdata) {
        const bool *broken = userdata;

        return *broken ? -ENODEV : 0;
}

static void on_report(const struct heartbeat_report *report, void *userdata _unused_) {
        n_armed += report->armed;
        if (n_armed > 1 || !memchr(report->text, 0, sizeof(report->text)))
                __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const struct watchdog_operations operations = {
                .open = way_open,
                .send = way_send,
                .report = on_report,
        };
        bool broken = false;
        struct watchdog w = {.operations = &operations, .userdata = &broken};

        n_armed = 0;
        watchdog_arm(&w, 60 * USEC_PER_SEC);

        /* Each turn: what happens, and for an answer its size and bytes. */
        while (size > 0) {
                size_t length = data[0] >> 4;

                switch (data[0] & 0x07) {
                case 0:
                        watchdog_beat(&w);
                        break;
                case 1:
                        watchdog_silent(&w);
                        break;
                case 2:
                        broken = !broken;
                        break;
                case 3:
                        watchdog_leave(&w, data[0] & 0x80 ? 60 * USEC_PER_SEC : 0);
                        break;
                default:
                        length = MIN(length, size - 1);
                        watchdog_answer(&w, data + 1, length);
                        data += length;
                        size -= length;
                }
                data++;
                size--;
        }

        return 0;
}
