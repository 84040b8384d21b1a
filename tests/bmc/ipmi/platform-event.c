/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Platform Event Message (IPMI 2.0, 29.3): into the event log, as an event of the BMC's own sensors. */

#include <stdbool.h>
#include <string.h>

#include "module.h"

#define PLATFORM_EVENT   0x02
#define SYSTEM_INTERFACE 15
#define SYSTEM_EVENT     0x02
#define MESSAGE_SIZE     7U

static void handle_platform_event(lmc_data_t *mc, msg_t *msg, unsigned char *rdata, unsigned int *rdata_len,
                                  void *cb_data) {
        /* Room for the time, which the log fills in; generator, channel, message. */
        unsigned char event[13] = {[4] = msg->rq_addr};
        bool generator = msg->channel == SYSTEM_INTERFACE; /* there it says itself who it is */

        (void) cb_data;
        *rdata_len = 1;
        if (msg->len != MESSAGE_SIZE + generator) {
                rdata[0] = CC_REQUEST_LENGTH;
                return;
        }

        if (generator)
                event[4] = msg->data[0];
        memcpy(event + 6, msg->data + generator, MESSAGE_SIZE);
        mc_new_event(mc, SYSTEM_EVENT, event);
        rdata[0] = CC_OK;
}

int platform_event_register(struct module *module) {
        return ipmi_emu_register_cmd_handler(NETFN_SENSOR_EVENT, PLATFORM_EVENT, handle_platform_event,
                                             module);
}
