/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inventory.h: what the machine is made of, as one JSON object with a member for each collector. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/text.h"

/* Raised when a member is renamed, removed or changes its meaning; a new member does not raise it. */
#define INVENTORY_SCHEMA_VERSION 1

struct event;
struct screen;

/* Where a collector looks, the running machine's own or a captured tree, and how. */
struct inventory_roots {
        const char *sys;  /* "/sys" */
        const char *proc; /* "/proc" */
        const char *dev;  /* "/dev"; NULL: devices must not be opened */

        uint64_t device_limit_usec; /* how long one device may take to answer; 0: INVENTORY_DEVICE_LIMIT_USEC
                                     */
        uint64_t lldp_wait_usec;    /* how long neighbours are listened for; 0: not at all */
        const char *record; /* directory to keep devices' answers in, for a captured tree; NULL: none */
        bool sources;       /* keep where each value came from */
};

#define INVENTORY_DEVICE_LIMIT_USEC (5 * USEC_PER_SEC)

extern const struct inventory_roots inventory_live_roots;

/* A collector is one entry of the table in collectors.c. It runs in a process of its own. */
struct collector {
        /* Devices below /sys that it waits for, a directory and a pattern of names: where there are any, it
         * has a process of its own from the start. The others, which read what the kernel has at hand, share
         * one until one of them fails. NULL: it waits for none. */
        const char *waits_for;

        const char *name;        /* its member in the inventory, and the name of its step: "memory" */
        const char *description; /* "DIMM slots and memory map": what is being looked at, for a person */

        /* Finds out and returns its part, an object or an array, a new reference in *ret. What is unknown is
         * null. Returns 0, -ENODEV when the machine has nothing of the kind (no part then), a negative errno.
         */
        int (*collect)(const struct inventory_roots *roots, json_t **ret);

        /* One line about the part for a person, newly allocated: "4 of 8 slots, 2.00 GiB installed". NULL
         * when memory is short. */
        char *(*summarize)(const json_t *part);

        /* Prints what else a person wants to see of the part. Returns 0, -ENOMEM. */
        int (*print)(const json_t *part, struct screen *screen);
};

extern const struct collector *const collectors[]; /* NULL at the end */

/* Told as collectors start and end; for the journal and for the console. Any may be NULL. */
struct inventory_observer {
        void (*started)(const struct collector *collector, void *userdata);

        /* part is NULL when it failed or there is nothing of the kind; problem tells a failure in words, or
         * NULL. */
        void (*finished)(const struct collector *collector, const json_t *part, const char *problem,
                         uint64_t usec, void *userdata);
};

/* Runs the collectors, or only the one called name (NULL: all), side by side, each with that limit. A part
 * that could not be had is null in the result, and the reason stands under "problems". Returns 0 and sets
 * *ret, -ENOENT for an unknown name, a negative errno. */
int inventory_take(struct event *e, const struct inventory_roots *roots, const char *name,
                   uint64_t time_limit_usec, const struct inventory_observer *observer, void *userdata,
                   json_t **ret);

/* The machine and its parts as the dutInfo of an OCP Test & Validation run: every hardwareInfoId is made of
 * the name that the part has in the inventory ("dimm-DIMM_A1", "drive-nvme0n1"), and so is the same in each
 * run as long as the machine is. What is unknown is left out, as that format wants. Returns 0, -ENOMEM. */
int inventory_dut_info(const json_t *inventory, json_t **ret);

/* Reads an inventory that a command has been given. Returns 0, a negative errno once it has been told why
 * not. */
int inventory_load_for_command(const char *path, json_t **ret);

/* seatrial inventory [PART]: prints it. Returns an exit status. */
int verb_inventory(int argc, char **argv);
