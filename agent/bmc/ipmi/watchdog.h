/* SPDX-License-Identifier: GPL-3.0-or-later */
/* watchdog.h: the BMC's watchdog timer (IPMI 2.0, 27): requests and answers as bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCHDOG_RESET 0x22
#define WATCHDOG_SET   0x24
#define WATCHDOG_GET   0x25

/* Reset's own completion code: the timer has not been set since the BMC's start. */
#define WATCHDOG_NOT_SET 0x80

enum watchdog_use {
        WATCHDOG_BIOS_FRB2 = 1,
        WATCHDOG_BIOS_POST = 2,
        WATCHDOG_OS_LOAD = 3,
        WATCHDOG_SMS_OS = 4,
        WATCHDOG_OEM = 5,
};

enum watchdog_action {
        WATCHDOG_NO_ACTION = 0,
        WATCHDOG_HARD_RESET = 1,
        WATCHDOG_POWER_DOWN = 2,
        WATCHDOG_POWER_CYCLE = 3,
};

/* The countdown has 16 bits of 100 ms. */
#define WATCHDOG_COUNTDOWN_UNIT ((uint64_t) 100000)
#define WATCHDOG_COUNTDOWN_MAX  (0xffff * WATCHDOG_COUNTDOWN_UNIT)

/* Set Watchdog Timer (27.6): stops the timer, and says what Reset Watchdog Timer will start. countdown: us,
 * rounded up and cut to what there is room for. Forgets that the timer has expired in this use. */
#define WATCHDOG_SET_SIZE 6
void watchdog_encode_set(enum watchdog_use use, enum watchdog_action action, uint64_t countdown,
                         uint8_t ret[static WATCHDOG_SET_SIZE]);

struct watchdog_timer {
        bool running;
        uint8_t use, action;
        uint8_t expired; /* uses in which it has expired and nobody has cleared it: bit n is use n */
};

/* The answer to Get Watchdog Timer (27.7) from the completion code on; the countdowns at its end, which not
 * every BMC sends, are not looked at. Returns 0, -EBADMSG when it is too short or no success. */
int watchdog_decode_get(const uint8_t *response, size_t size, struct watchdog_timer *ret);
