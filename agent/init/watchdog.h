/* SPDX-License-Identifier: GPL-3.0-or-later */
/* watchdog.h: what PID 1 does with the BMC's watchdog: what to ask next, and what an answer means. It neither
 * waits nor blocks; who drives it (guard.h) brings answers and the lack of them.
 *
 * It is the BMC's timer, over /dev/ipmiN, and not the kernel's /dev/watchdog in front of it: that one waits
 * for the BMC's answer within write(), and a BMC that is starting again would hold PID 1 up. It also tells
 * nothing of a timer that expired, and knows one use only. The timer runs in the use "OS Load", since the
 * production OS has yet to be loaded: an OS has the use "SMS/OS" for itself, and an expiry in "OS Load" is
 * one that this agent has to tell of. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heartbeat_report;

struct watchdog_operations {
        /* Makes the number-th way to a BMC, from 0, the one that send() uses, and sets *ret_name, which stays
         * valid as long as it is used. Returns 0, a negative errno when there is none of that number. */
        int (*open)(unsigned number, const char **ret_name, void *userdata);

        /* Sends a request of the application network function; an earlier one's answer is of no interest any
         * more. It leads to watchdog_answer() or, if none came in time, watchdog_silent(). Returns 0, a
         * negative errno. */
        int (*send)(uint8_t command, const void *data, size_t size, void *userdata);

        void (*report)(const struct heartbeat_report *report, void *userdata);
};

enum watchdog_state {
        WATCHDOG_OFF,
        WATCHDOG_ASKING,   /* Get: is there one, has it expired? */
        WATCHDOG_SETTING,  /* Set */
        WATCHDOG_STARTING, /* the first Reset */
        WATCHDOG_CHECKING, /* Get: does it run? A success code is no proof */
        WATCHDOG_RUNNING,
        WATCHDOG_FAILED,    /* on no way; tried again at the next beat */
        WATCHDOG_STOPPING,  /* Set, with no action */
        WATCHDOG_EXTENDING, /* Set, for production */
        WATCHDOG_LEAVING,   /* Reset, for production */
};

struct watchdog {
        const struct watchdog_operations *operations;
        void *userdata;

        enum watchdog_state state;
        uint64_t timeout;
        unsigned way;
        const char *name; /* of the way */
        bool begun;       /* a BMC has been told to set it */
        unsigned begun_way;
        bool confirmed; /* it says that the timer runs */
        bool awaiting;  /* an answer, while it runs */
        bool expired;   /* before it was begun */
        bool reported, reported_armed;
        char problem[160]; /* why a way is none */
};

/* Begins to set it up. One report follows, sooner or later. */
void watchdog_arm(struct watchdog *w, uint64_t timeout);

/* The agent is alive. */
void watchdog_beat(struct watchdog *w);

/* The answer to what was sent last, from the completion code on. */
void watchdog_answer(struct watchdog *w, const uint8_t *response, size_t size);
void watchdog_silent(struct watchdog *w);

/* Stops it, or gives the production OS that many microseconds to take it over. Done when
 * watchdog_is_leaving() is false; the state is WATCHDOG_OFF then, or WATCHDOG_FAILED when the BMC did not do
 * it. */
void watchdog_leave(struct watchdog *w, uint64_t production_timeout);
bool watchdog_is_leaving(const struct watchdog *w);
