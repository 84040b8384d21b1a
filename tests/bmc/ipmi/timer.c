/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ipmi_sim cannot start a timer that is running already: it says so, and nobody listens. So its watchdog,
 * once started, expired however often the host reset it. Here a timer that is started is stopped first. */

#include "module.h"

static int (*ipmi_sim_start_timer)(ipmi_timer_t *timer, struct timeval *timeout);
static int (*ipmi_sim_stop_timer)(ipmi_timer_t *timer);

static int start_timer(ipmi_timer_t *timer, struct timeval *timeout) {
        /* An error is that it did not run. */
        (void) ipmi_sim_stop_timer(timer);
        return ipmi_sim_start_timer(timer, timeout);
}

void timer_install(sys_data_t *sys) {
        ipmi_sim_start_timer = sys->start_timer;
        ipmi_sim_stop_timer = sys->stop_timer;
        sys->start_timer = start_timer;
}
