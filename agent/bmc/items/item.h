/* SPDX-License-Identifier: GPL-3.0-or-later */
/* item.h: what an item is made of. One file and one entry of the table in items.c each. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "items.h"

struct ipmi;

/* The stages by number, as the BMC's event log has them. */
enum item_stage {
        STAGE_UNKNOWN = 0,
        STAGE_DISCOVERY = 1,
        STAGE_TRIAL = 2,
        STAGE_PRODUCTION = 3,
};

enum item_status { STATUS_UNKNOWN = 0, STATUS_COMPLETE = 1, STATUS_ERROR = 2, STATUS_SKIP = 3 };
enum item_result { RESULT_UNKNOWN = 0, RESULT_NOT_APPLICABLE = 1, RESULT_PASS = 2, RESULT_FAIL = 3 };

/* Something that the journal tells, or the channel. */
struct happening {
        enum happening_kind {
                STAGE_BEGINS,
                STAGE_ENDS,
                STEP_FAILED,   /* a diagnosis with FAIL, once a step */
                NO_BOOT_ENTRY, /* no disk has one */
                EVENT,         /* one of enum items_event */
        } kind;
        enum item_stage stage;
        enum item_status status; /* of the stage that ends */
        enum item_result result;
        const char *step;
        enum items_event event;
        uint64_t value;
};

struct item_call;

struct item {
        const char *name;
        size_t state_size; /* of its own memory, zeroed in the beginning */

        int (*see)(void *state, const struct happening *happening);

        /* Returns 1 when there is more to be done at once, 0, a negative errno. */
        int (*write)(void *state, struct item_call *call);

        void (*done)(void *state); /* may be NULL */
};

extern const struct item item_asset_tag;
extern const struct item item_boot_progress;
extern const struct item item_events;
extern const struct item item_smbios_table;
extern const struct item item_system_info;

/* Until when somebody who did not answer is not asked again. */
struct ipmi_silence {
        uint64_t until, pause; /* in now_usec() time; us */
        unsigned times;
};

#define ITEM_DEVICES_MAX 8U

/* One call of an item's write(). */
struct item_call {
        const struct item *item;
        struct items *items;
        const struct item_means *means;
        const struct items_options *options;
        struct ipmi_silence *silences; /* by the IPMI device's place in the list */
        item_report_t report;
        void *userdata;
};

/* A way over IPMI: the first device on which the commands are offered, of which there may be several to the
 * same BMC. Zeroed in the beginning, but for the name. */
struct ipmi_way {
        const char *name;
        size_t device;
        bool closed;  /* none of them offers it, or it was never answered */
        bool patient; /* to be tried for as long as the boot lasts, and once more at its end */
        struct ipmi_silence silence;
};

/* The device to be used at the moment, or NULL: there is none (yet), the way is closed, or the BMC was silent
 * a moment ago. */
struct ipmi *item_ipmi(struct item_call *call, struct ipmi_way *way);

/* Says what has come of it. detail's memory is taken in every case and may be NULL. */
void item_report(struct item_call *call, const char *way, enum item_state state, char *detail);

/* After a command on the way's device has failed: reports it, and has the way go on to the next device, or
 * leave the device in peace for a while. Takes problem. Returns 1 when the way can go on at once with another
 * device, 0 when not; a negative error that ends everything (no memory, the agent's patience) as it is. */
int item_ipmi_failed(struct item_call *call, struct ipmi_way *way, int error, char *problem);

/* Whether that error is the BMC's last word: the same request would get the same answer. */
static inline bool item_is_answer(int error) {
        return error == -EOPNOTSUPP || error == -ENOENT || error == -EREMOTEIO || error == -EBADMSG;
}
