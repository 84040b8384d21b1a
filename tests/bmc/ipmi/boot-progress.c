/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boot progress as Arm SBMR has it (NetFn 2Ch, group AEh), held in memory. Each code is a line of the file
 * boot-progress as well, in hexadecimal. */

#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "module.h"

#define GROUP_SBMR 0xae
#define SEND_CODE  0x02
#define GET_CODE   0x03
#define CODE_SIZE  9

static unsigned char code[CODE_SIZE];

static int keep(const struct module *module) {
        _cleanup_free_ char *path = strprintf("%s/boot-progress", module->directory);
        _cleanup_fclose_ FILE *file = path ? fopen(path, "ae") : NULL;
        char hex[2 * CODE_SIZE + 1];

        hex_encode(code, CODE_SIZE, hex);
        return file && fprintf(file, "%s\n", hex) > 0 ? 0 : -1;
}

static void handle_sbmr(lmc_data_t *mc, msg_t *msg, unsigned char *rdata, unsigned int *rdata_len,
                        void *cb_data) {
        (void) mc;
        rdata[0] = CC_OK;
        rdata[1] = GROUP_SBMR;
        *rdata_len = 2;

        if (msg->cmd == SEND_CODE && msg->len == 1 + CODE_SIZE) {
                memcpy(code, msg->data + 1, CODE_SIZE);
                rdata[0] = keep(cb_data) < 0 ? CC_UNSPECIFIED : CC_OK;
        } else if (msg->cmd == GET_CODE && msg->len == 1) {
                memcpy(rdata + 2, code, CODE_SIZE);
                *rdata_len += CODE_SIZE;
        } else
                rdata[0] = msg->cmd == SEND_CODE || msg->cmd == GET_CODE ? CC_REQUEST_LENGTH
                                                                         : CC_INVALID_COMMAND;
}

int boot_progress_register(struct module *module) {
        ipmi_emu_register_group_extension_handler(GROUP_SBMR, handle_sbmr, module);
        return 0;
}
