/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <signal.h>
#include <stdint.h>

#include "bus-error.h"

#define PAGE_SHIFT 12

static _Thread_local sigjmp_buf *volatile expected;
static _Thread_local struct bus_error last;

static void on_bus_error(int signal_number, siginfo_t *info, void *context) {
        unsigned shift = PAGE_SHIFT;

        (void) context;
        if (!expected) {
                signal(signal_number, SIG_DFL);
                return; /* the same instruction faults again */
        }

        /* sigaction(2): how much is gone, a huge page for instance. */
        if (info->si_code == BUS_MCEERR_AR && info->si_addr_lsb > PAGE_SHIFT)
                shift = (unsigned) info->si_addr_lsb;

        last.size = (size_t) 1 << shift;
        last.address = (const char *) ((uintptr_t) info->si_addr & ~(uintptr_t) (last.size - 1));
        siglongjmp(*expected, 1);
}

int bus_errors_catch(void) {
        struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};

        sigemptyset(&action.sa_mask);
        return sigaction(SIGBUS, &action, NULL) < 0 ? -errno : 0;
}

void bus_error_expect(sigjmp_buf *buffer) {
        expected = buffer;
}

struct bus_error bus_error_last(void) {
        return last;
}
