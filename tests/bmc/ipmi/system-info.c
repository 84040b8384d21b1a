/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Set and Get System Info Parameters (IPMI 2.0, 22.14a and 22.14b), held in memory. */

#include <string.h>

#include "module.h"

#define SET_INFO     0x58
#define GET_INFO     0x59
#define REVISION     0x11
#define PARAMETERS   8 /* 0 to 7 are those of the specification */
#define BLOCKS       17
#define BLOCK_SIZE   16
#define REVISION_BIT 0x80 /* only the revision is asked for */

static unsigned char parameters[PARAMETERS][BLOCKS][BLOCK_SIZE];

static void handle_set(lmc_data_t *mc, msg_t *msg, unsigned char *rdata, unsigned int *rdata_len,
                       void *cb_data) {
        unsigned char parameter, block;

        (void) cb_data;
        (void) mc;
        if (check_msg_length(msg, 2, rdata, rdata_len))
                return;

        parameter = msg->data[0];
        block = parameter == 0 ? 0 : msg->data[1];
        *rdata_len = 1;
        if (parameter >= PARAMETERS)
                rdata[0] = CC_UNKNOWN_PARAMETER;
        else if (block >= BLOCKS)
                rdata[0] = CC_PARAMETER_RANGE;
        else if (parameter == 0 ? msg->len != 2 : msg->len < 3 || msg->len > 2 + BLOCK_SIZE)
                rdata[0] = CC_REQUEST_LENGTH;
        else {
                unsigned from = parameter == 0 ? 1 : 2;

                memset(parameters[parameter][block], 0, BLOCK_SIZE);
                memcpy(parameters[parameter][block], msg->data + from, msg->len - from);
                rdata[0] = CC_OK;
        }
}

static void handle_get(lmc_data_t *mc, msg_t *msg, unsigned char *rdata, unsigned int *rdata_len,
                       void *cb_data) {
        unsigned char parameter, block;

        (void) cb_data;
        (void) mc;
        if (check_msg_length(msg, 4, rdata, rdata_len))
                return;

        parameter = msg->data[1];
        block = msg->data[2];
        rdata[0] = CC_OK;
        rdata[1] = REVISION;
        *rdata_len = 2;
        if (msg->data[0] & REVISION_BIT)
                return;

        *rdata_len = 1;
        if (parameter >= PARAMETERS)
                rdata[0] = CC_UNKNOWN_PARAMETER;
        else if (block >= BLOCKS)
                rdata[0] = CC_PARAMETER_RANGE;
        else if (parameter == 0) {
                rdata[2] = parameters[0][0][0];
                *rdata_len = 3;
        } else {
                rdata[2] = block;
                memcpy(rdata + 3, parameters[parameter][block], BLOCK_SIZE);
                *rdata_len = 3 + BLOCK_SIZE;
        }
}

int system_info_register(struct module *module) {
        int r;

        r = ipmi_emu_register_cmd_handler(NETFN_APP, SET_INFO, handle_set, module);
        return r ? r : ipmi_emu_register_cmd_handler(NETFN_APP, GET_INFO, handle_get, module);
}
