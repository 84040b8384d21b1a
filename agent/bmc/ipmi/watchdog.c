/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>

#include "base/macro.h"
#include "ipmi.h"
#include "watchdog.h"

#define USE_MASK    0x07
#define ACTION_MASK 0x07
#define RUNNING     0x40
#define EXPIRED     0x3e /* the bits of uses 1 to 5 */

void watchdog_encode_set(enum watchdog_use use, enum watchdog_action action, uint64_t countdown,
                         uint8_t ret[static WATCHDOG_SET_SIZE]) {
        uint64_t units = MIN(countdown, WATCHDOG_COUNTDOWN_MAX);

        units = (units + WATCHDOG_COUNTDOWN_UNIT - 1) / WATCHDOG_COUNTDOWN_UNIT;
        ret[0] = (uint8_t) use;
        ret[1] = (uint8_t) action; /* and no interrupt before it */
        ret[2] = 0;
        ret[3] = (uint8_t) (1U << use);
        ret[4] = (uint8_t) (units & 0xff);
        ret[5] = (uint8_t) (units >> 8);
}

int watchdog_decode_get(const uint8_t *response, size_t size, struct watchdog_timer *ret) {
        if (size < 5 || response[0] != IPMI_OK)
                return -EBADMSG;

        *ret = (struct watchdog_timer){
                .running = response[1] & RUNNING,
                .use = response[1] & USE_MASK,
                .action = response[2] & ACTION_MASK,
                .expired = response[4] & EXPIRED,
        };
        return 0;
}
