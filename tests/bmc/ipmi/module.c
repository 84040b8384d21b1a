/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The module of ipmi_sim. Its option is the absolute path of the Redfish service's control socket:
 *
 *      loadlib "build/tests/bmc/seatrial-bmc.so" "/run/bmc/control"
 *
 * What the host hands over beyond single commands is left as files in the socket's folder. ipmi_sim runs in
 * one thread: a question to the service holds up every other command, for two seconds at most. */

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "module.h"

int ipmi_sim_module_print_version(sys_data_t *sys, char *options);
int ipmi_sim_module_init(sys_data_t *sys, const char *options);
int ipmi_sim_module_post_init(sys_data_t *sys);

/* ipmi_sim has no place for a module's own data. */
static struct module module;

static int (*const parts[])(struct module *module) = {
        bootstrap_register,    platform_event_register, system_info_register,
        boot_options_register, boot_progress_register,  blob_register,
};

int ipmi_sim_module_print_version(sys_data_t *sys, char *options) {
        (void) sys;
        (void) options;
        printf("seatrial's test BMC\n");
        return 0;
}

int ipmi_sim_module_init(sys_data_t *sys, const char *options) {
        char *copy;

        if (!options || options[0] != '/') {
                sys->log(sys, SETUP_ERROR, NULL, "seatrial: give the absolute path of the control socket");
                return EINVAL;
        }

        module.control = strdup(options);
        copy = strdup(options);
        if (!module.control || !copy)
                return ENOMEM;
        module.directory = dirname(copy);

        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                int r = parts[i](&module);

                if (r != 0)
                        return r;
        }

        timer_install(sys);
        return 0;
}

/* ipmi_sim says nothing when it is ready; whoever started it waits for this line instead of for a while. */
int ipmi_sim_module_post_init(sys_data_t *sys) {
        int r;

        r = fault_install(sys, &module);
        if (r != 0)
                return r;

        printf("ready\n");
        fflush(stdout);
        return 0;
}
