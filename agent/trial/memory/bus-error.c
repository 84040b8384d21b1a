/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <signal.h>
#include <stdint.h>

#include "base/macro.h"
#include "bus-error.h"

#define PAGE_SHIFT 12

static _Thread_local sigjmp_buf *volatile expected;
static _Thread_local struct bus_error last;

static struct bus_error decode(const siginfo_t *info) {
        unsigned shift = PAGE_SHIFT;
        size_t size;

        /* sigaction(2): how much is gone, a huge page for instance. Without a code of its own the kernel
         * gives no address either. */
        if (info->si_code == BUS_MCEERR_AR || info->si_code == BUS_MCEERR_AO)
                shift = MAX((unsigned) info->si_addr_lsb, shift);
        else if (info->si_code != BUS_ADRERR)
                return (struct bus_error){};

        size = (size_t) 1 << shift;
        return (struct bus_error){(const char *) ((uintptr_t) info->si_addr & ~(uintptr_t) (size - 1)), size};
}

static void on_bus_error(int signal_number, siginfo_t *info, void *context) {
        struct bus_error error = decode(info);

        (void) context;
        if (!expected) {
                signal(signal_number, SIG_DFL);
                return; /* the same instruction faults again */
        }

        /* The first signal may tell of a page that this thread is not at: it goes on where it was. When it is
         * at that page, or comes to it, it is told again. */
        if (error.size > 0 && error.address != last.address) {
                last = error;
                return;
        }

        last = error;
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
