/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Set and Get System Boot Options (IPMI 2.0, 28.12 and 28.13), held in memory: ipmi_sim's own keep nothing
 * but the device, and need a program of their own for that. */

#include <string.h>

#include "module.h"

#define SET_OPTIONS     0x08
#define GET_OPTIONS     0x09
#define VERSION         0x01
#define PARAMETERS      8
#define PARAMETER_MAX   16U /* bytes */
#define PARAMETER_MASK  0x7f
#define SET_IN_PROGRESS 0
#define BOOT_FLAGS      5

static struct {
        unsigned char data[PARAMETER_MAX];
        unsigned size; /* as the specification has it; 0: not offered */
} parameters[PARAMETERS] = {
        [SET_IN_PROGRESS] = {.size = 1},
        [3] = {.size = 1},
        [4] = {.size = 2},
        [BOOT_FLAGS] = {.size = 5},
};

static void handle_set(lmc_data_t *mc, msg_t *msg, unsigned char *rdata, unsigned int *rdata_len,
                       void *cb_data) {
        unsigned char parameter;

        (void) cb_data;
        (void) mc;
        if (check_msg_length(msg, 1, rdata, rdata_len))
                return;

        parameter = msg->data[0] & PARAMETER_MASK;
        *rdata_len = 1;
        if (parameter >= PARAMETERS || parameters[parameter].size == 0)
                rdata[0] = CC_UNKNOWN_PARAMETER;
        else if (msg->len != 1 + parameters[parameter].size)
                rdata[0] = CC_REQUEST_LENGTH;
        else {
                memcpy(parameters[parameter].data, msg->data + 1, parameters[parameter].size);
                rdata[0] = CC_OK;
        }
}

static void handle_get(lmc_data_t *mc, msg_t *msg, unsigned char *rdata, unsigned int *rdata_len,
                       void *cb_data) {
        unsigned char parameter;

        (void) cb_data;
        (void) mc;
        if (check_msg_length(msg, 3, rdata, rdata_len))
                return;

        parameter = msg->data[0] & PARAMETER_MASK;
        *rdata_len = 1;
        if (parameter >= PARAMETERS || parameters[parameter].size == 0)
                rdata[0] = CC_UNKNOWN_PARAMETER;
        else {
                rdata[0] = CC_OK;
                rdata[1] = VERSION;
                rdata[2] = parameter;
                memcpy(rdata + 3, parameters[parameter].data, parameters[parameter].size);
                *rdata_len = 3 + parameters[parameter].size;
        }
}

int boot_options_register(struct module *module) {
        int r;

        r = ipmi_emu_register_cmd_handler(NETFN_CHASSIS, SET_OPTIONS, handle_set, module);
        return r ? r : ipmi_emu_register_cmd_handler(NETFN_CHASSIS, GET_OPTIONS, handle_get, module);
}
