/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Redfish credential bootstrapping over IPMI (DSP0270 1.3, NetFn 2Ch, group 52h). Each command is turned into
 * one question to the Redfish service. */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "control.h"
#include "module.h"

#define GROUP_REDFISH       0x52
#define COMMAND_FINGERPRINT 0x01
#define COMMAND_ACCOUNT     0x02
#define KEEP_ENABLED        0xa5
#define HASH_SHA256         0x01

#define CC_DISABLED 0x80

/* Well below the four seconds after which QEMU gives a BMC up. */
#define ANSWER_TIME (2 * USEC_PER_SEC)

#define DIGEST_SIZE 32
#define NAME_SIZE   16

/* The completion code that an answer stands for: CC_OK when it has no "error". An "error" may carry its own
 * "completionCode", with which a test makes this BMC answer as another one would. */
static uint8_t completion_code(const json_t *answer) {
        const char *error = json_get_string(answer, "error");
        int64_t code = json_get_integer(answer, "completionCode", 0);

        if (!error)
                return CC_OK;
        if (code > 0 && code <= UINT8_MAX)
                return (uint8_t) code;
        if (strcmp(error, "disabled") == 0)
                return CC_DISABLED;
        if (strcmp(error, "no-certificate") == 0)
                return CC_NOT_PRESENT;
        if (strcmp(error, "no-slot") == 0)
                return CC_PARAMETER_RANGE;
        return CC_UNSPECIFIED;
}

/* Copies a name or password into its field, padded with NUL; all 16 bytes may be used. */
static bool fill_name(const char *name, uint8_t field[static NAME_SIZE]) {
        size_t length = name ? strlen(name) : 0;

        if (length == 0 || length > NAME_SIZE)
                return false;
        memset(field, 0, NAME_SIZE);
        memcpy(field, name, length);
        return true;
}

/* Each command fills body, at least 2 * NAME_SIZE long, and adds the length to *size; returns the code. */
static uint8_t answer_fingerprint(const json_t *answer, uint8_t *body, unsigned int *size) {
        const char *sha256 = json_get_string(answer, "sha256");

        body[0] = HASH_SHA256;
        if (!sha256 || hex_decode(sha256, body + 1, DIGEST_SIZE) < 0)
                return CC_UNSPECIFIED;
        *size += 1 + DIGEST_SIZE;
        return CC_OK;
}

static uint8_t answer_account(const json_t *answer, uint8_t *body, unsigned int *size) {
        if (!fill_name(json_get_string(answer, "userName"), body) ||
            !fill_name(json_get_string(answer, "password"), body + NAME_SIZE))
                return CC_UNSPECIFIED;
        *size += 2 * NAME_SIZE;
        return CC_OK;
}

static void handle_redfish_group(lmc_data_t *mc, msg_t *msg, unsigned char *rdata, unsigned int *rdata_len,
                                 void *cb_data) {
        const struct module *module = cb_data;
        _cleanup_json_ json_t *question = NULL, *answer = NULL;
        int r;

        (void) mc;
        rdata[1] = GROUP_REDFISH;
        *rdata_len = 2;

        if (msg->cmd != COMMAND_FINGERPRINT && msg->cmd != COMMAND_ACCOUNT) {
                rdata[0] = CC_INVALID_COMMAND;
                return;
        }
        if (msg->len != 2) {
                rdata[0] = CC_REQUEST_LENGTH;
                return;
        }

        if (msg->cmd == COMMAND_FINGERPRINT)
                question =
                        json_pack("{s:s, s:i}", "command", "fingerprint", "certificate", (int) msg->data[1]);
        else
                question = json_pack("{s:s, s:b}", "command", "bootstrap-account", "keepEnabled",
                                     msg->data[1] == KEEP_ENABLED);
        if (!question) {
                rdata[0] = CC_UNSPECIFIED;
                return;
        }

        r = control_ask(module->control, question, ANSWER_TIME, &answer);
        if (r < 0) {
                rdata[0] = r == -ETIMEDOUT ? CC_TIMEOUT : CC_NO_RESPONSE;
                return;
        }

        rdata[0] = completion_code(answer);
        if (rdata[0] != CC_OK)
                return;
        if (msg->cmd == COMMAND_FINGERPRINT)
                rdata[0] = answer_fingerprint(answer, rdata + 2, rdata_len);
        else
                rdata[0] = answer_account(answer, rdata + 2, rdata_len);
}

int bootstrap_register(struct module *module) {
        ipmi_emu_register_group_extension_handler(GROUP_REDFISH, handle_redfish_group, module);
        return 0;
}
