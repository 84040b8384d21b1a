/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "bmc/ipmi/bootstrap.h"
#include "bmc/ipmi/ipmi.h"

/* A response from the completion code on, taken for each that is decoded. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(bootstrap_account_done) struct bootstrap_account account = {};
        uint8_t fingerprint[FINGERPRINT_SIZE];
        struct ipmi_device_id id;

        (void) ipmi_decode_device_id(data, size, &id);
        (void) bootstrap_decode_fingerprint(data, size, fingerprint);

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
