/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "bmc/ipmi/blob.h"
#include "bmc/ipmi/boot-progress.h"
#include "bmc/ipmi/bootstrap.h"
#include "bmc/ipmi/chassis.h"
#include "bmc/ipmi/ipmi.h"
#include "bmc/ipmi/lan.h"
#include "bmc/ipmi/sel-text.h"
#include "bmc/ipmi/sel.h"
#include "bmc/ipmi/system-info.h"
#include "bmc/items/events.h"

/* What is decoded is told in words as well. */
static void decode_sel(const uint8_t *data, size_t size) {
        char time[SEL_FORMAT_TIME_MAX];
        struct sel_record record;
        struct sel_info info;

        (void) sel_decode_info(data, size, &info);
        if (sel_decode_record(data, size, &record) >= 0) {
                _cleanup_free_ char *ours = events_describe(&record), *text = sel_describe(&record);

                (void) sel_format_time(time, &record);
                if (!text || (ours && !*ours))
                        __builtin_trap();
        }
}

static void decode_parameters(const uint8_t *data, size_t size) {
        struct boot_progress progress;
        struct chassis_boot_flags flags;
        enum boot_override override;
        const uint8_t *body;
        size_t length;

        if (chassis_decode_boot_flags(data, size, &flags) >= 0 &&
            chassis_boot_flags_override(&flags, &override) >= 0 && !boot_override_text(override))
                __builtin_trap();

        (void) system_info_decode_first(data, size, &length);
        (void) boot_progress_decode(data, size, &progress);
        if (blob_decode(data, size, &body, &length) >= 0 && length > 0 &&
            (body < data || body + length > data + size))
                __builtin_trap();
}

/* A response from the completion code on, taken for each that is decoded. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(bootstrap_account_done) struct bootstrap_account account = {};
        uint8_t fingerprint[FINGERPRINT_SIZE];
        struct ipmi_device_id id;
        struct ipmi_lan lan = {};

        (void) ipmi_decode_device_id(data, size, &id);
        decode_sel(data, size);
        decode_parameters(data, size);
        (void) bootstrap_decode_fingerprint(data, size, fingerprint);
        (void) ipmi_channel_is_lan(data, size);
        for (enum ipmi_lan_parameter p = IPMI_LAN_IP; p <= IPMI_LAN_VLAN; p++)
                (void) ipmi_lan_decode(p, data, size, &lan);
        if (lan.prefix > 32 || lan.vlan > 4095 || lan.source > IPMI_LAN_OTHER)
                __builtin_trap();

        /* Both go into a JSON text as they are. */
        if (bootstrap_decode_account(data, size, &account) >= 0) {
                const char *const texts[] = {account.user_name, account.password};

                for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                        if (!*texts[i] || strlen(texts[i]) > 16)
                                __builtin_trap();
                        for (const char *c = texts[i]; *c; c++)
                                if (*c <= ' ' || *c >= 0x7f)
                                        __builtin_trap();
                }
        }

        return 0;
}
