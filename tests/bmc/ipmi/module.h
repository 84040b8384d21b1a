/* SPDX-License-Identifier: GPL-3.0-or-later */
/* module.h: what ipmi_sim lacks of a BMC for seatrial, each part a file of its own. */
#pragma once

/* Its headers bring a MIN and MAX of their own, from sys/param.h. */
#include "base/macro.h"
#undef MIN
#undef MAX
#include <OpenIPMI/mcserv.h>

#define NETFN_CHASSIS      0x00
#define NETFN_SENSOR_EVENT 0x04
#define NETFN_APP          0x06

#define CC_OK                0x00
#define CC_UNKNOWN_PARAMETER 0x80 /* of the commands that get and set parameters */
#define CC_INVALID_COMMAND   0xc1
#define CC_TIMEOUT           0xc3
#define CC_REQUEST_LENGTH    0xc7
#define CC_PARAMETER_RANGE   0xc9
#define CC_NOT_PRESENT       0xcb
#define CC_INVALID_DATA      0xcc
#define CC_NO_RESPONSE       0xce
#define CC_STATE             0xd5
#define CC_UNSPECIFIED       0xff

struct module {
        const char *control; /* path of the Redfish service's control socket */
        char *directory;     /* where things are left for a test to look at */
};

/* Each returns 0, or an errno as ipmi_sim has them. */
int blob_register(struct module *module);
int boot_options_register(struct module *module);
int boot_progress_register(struct module *module);
int bootstrap_register(struct module *module);
int platform_event_register(struct module *module);
int system_info_register(struct module *module);

/* Makes a watchdog that can be fed of ipmi_sim's. */
void timer_install(sys_data_t *sys);

/* Stands between the host and all commands, once the system interface is there. */
int fault_install(sys_data_t *sys, const struct module *module);
