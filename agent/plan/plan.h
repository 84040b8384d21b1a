/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan.h: what to do on this machine. Layers, later ones win: built-in, the image's plan file, the BMC, the
 * kernel command line (seatrial.KEY=VALUE), options on the agent's own command line. Every value knows where
 * it came from. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/macro.h"

enum plan_colour { COLOUR_AUTO, COLOUR_YES, COLOUR_NO };
enum plan_after { AFTER_RESCUE, AFTER_POWEROFF, AFTER_REBOOT, AFTER_BOOT };
enum plan_reach { REACH_LOCKED, REACH_PHYSICAL, REACH_SECOND_LEG };
enum plan_stop { STOP_NOTHING, STOP_CRITICAL, STOP_ANY };
enum plan_servers { SERVERS_ANY, SERVERS_CA };
enum plan_channel { CHANNEL_OFF, CHANNEL_AUTO, CHANNEL_REQUIRED };

/* An amount of memory: a share of what is available, or bytes. */
struct plan_amount {
        double percent; /* 0 when bytes count */
        uint64_t bytes;
};

struct plan {
        /* console.* */
        enum plan_colour console_colour;

        /* inventory.* */
        uint64_t inventory_time_limit;   /* us, for each collector */
        uint64_t inventory_lldp_wait;    /* us that switches are listened for; 0: not at all */
        uint64_t inventory_device_limit; /* us, for each device that a collector asks */

        /* manifest.* */
        char *manifest_file;             /* NULL: the image's own, if it has one */
        enum plan_stop manifest_stop;    /* which deviations stop the machine */
        enum plan_after manifest_failed; /* and what that leads to */

        /* trial.* */
        char **trials; /* names, NULL at the end */
        enum plan_after
                trial_failed; /* what a failed trial leads to; AFTER_BOOT: on to production all the same */

        char *trial_long; /* settings for the long trial, as plan_apply_words() has them; NULL: none */

        struct plan_amount trial_memory_size;
        enum plan_reach trial_memory_reach;
        char **trial_memory_patterns; /* names, NULL at the end */
        uint64_t trial_memory_passes;
        uint64_t trial_memory_time;      /* us; 0: once */
        uint64_t trial_memory_seed;      /* 0: drawn */
        uint64_t trial_memory_pause;     /* us that bit fade waits */
        uint64_t trial_memory_threads;   /* 0: one for each processor */
        uint64_t trial_memory_corrected; /* errors that the hardware may correct */
        uint64_t trial_memory_exclude;   /* bad pages that the production OS may do without */
        bool trial_memory_across_nodes;
        uint64_t trial_memory_time_limit;

        uint64_t trial_processor_time; /* us of work */
        uint64_t trial_processor_time_limit;

        /* bmc.* */
        enum plan_channel bmc_channel;
        char *bmc_asset_tag;         /* NULL: none */
        uint64_t bmc_patience;       /* us that a stage's end waits for the BMC to have its records */
        uint64_t bmc_interface_wait; /* us that the BMC's network interface may take to appear */
        char *bmc_address;           /* of its Redfish service; NULL: what firmware or IPMI say */
        char *bmc_interface;         /* the network device that leads to it; NULL: the same */
        char *bmc_host_address;      /* the host's own on that link; NULL: the same */

        char **bmc_trust; /* ways to trust its certificate, in this order, NULL at the end */
        char *bmc_name;   /* whom a certificate by an authority has to be for; NULL: as the firmware says */
        char **bmc_credentials; /* ways to be let in, in this order, NULL at the end */

        /* watchdog.* */
        uint64_t watchdog_timeout; /* us without progress until the BMC resets the machine; 0: no watchdog */
        uint64_t watchdog_production; /* us that the production OS has to take it over; 0: it is stopped */

        /* production.* */
        enum plan_after production;         /* what follows when all is well */
        char **production_sources;          /* boot sources in this order, names, NULL at the end */
        uint64_t production_disk_wait;      /* us that the first bootable disk may take to appear */
        enum plan_after production_failed;  /* when nothing could be booted */
        uint64_t production_network_wait;   /* us that a carrier and a lease may take */
        enum plan_servers production_trust; /* which servers something is booted from */
        char *production_uri;               /* what is booted over the network; NULL: as DHCP says */
        char *production_interface;         /* the network device for that; NULL: any */
        char *production_entry;   /* glob over the ids of boot entries; NULL: the loader's own order */
        char *production_options; /* appended to the entry's kernel command line; NULL: nothing */

        struct plan_value *values; /* the settings as text, in the order of the table in settings.c */
};

/* One setting as somebody wrote it. */
struct plan_value {
        char *text;
        char *origin; /* "built-in", "/etc/seatrial/plan:12" */
};

/* Whether its memory trial goes on in a second kernel, to reach what the first one uses: where all memory is
 * wanted. */
bool plan_has_second_leg(const struct plan *plan);

/* Something in a layer that could not be taken as it stands. */
struct plan_problem {
        char *where;   /* "/etc/seatrial/plan:12", "kernel command line" */
        char *message; /* "trial.memory.size: \"lots\" is no size such as 512M or 90%" */
};

struct plan_problems {
        struct plan_problem *items;
        size_t n_items;
};

/* The built-in defaults. Returns 0, -ENOMEM. */
int plan_new(struct plan **ret);
struct plan *plan_free(struct plan *plan);
DEFINE_CLEANUP(struct plan *, plan_free);

/* Sets one key. Returns 0, -ENOKEY for a key that does not exist or -EINVAL for a bad value (with a problem
 * appended; the setting stays as it was), -ENOMEM. where is kept as the setting's origin. */
int plan_set(struct plan *plan, const char *key, const char *value, const char *where,
             struct plan_problems *problems);

/* The value of key as it was set, NULL when there is no such setting. */
const char *plan_text(const struct plan *plan, const char *key);

/* Applies a plan file's text: a setting a line, "key = value", '#' begins a comment. A file with any error in
 * it is not applied at all, since half a plan is nobody's intent; every problem is appended. Returns 1 when
 * applied, 0 when refused, -ENOMEM. */
int plan_apply_file(struct plan *plan, const char *text, size_t size, const char *name,
                    struct plan_problems *problems);

/* Applies each seatrial.KEY=VALUE of a kernel command line; a bad one is appended to problems and left out
 * alone. Returns 0, -ENOMEM. */
int plan_apply_command_line(struct plan *plan, const char *command_line, struct plan_problems *problems);

/* Applies the BMC's share: an object of settings, each a text. As a file it is applied whole or not at all.
 * What the kernel command line has set stays, and bmc.* and production.trust are not the BMC's to say:
 * it would choose who is trusted. Returns 1 when applied, 0 when refused, -ENOMEM. */
int plan_apply_bmc(struct plan *plan, const json_t *settings, struct plan_problems *problems);

/* Applies settings as KEY=VALUE with blanks between, as on a kernel command line without the prefix; a bad
 * one is appended to problems and left out alone. Returns 0, -ENOMEM. */
int plan_apply_words(struct plan *plan, const char *words, const char *where, struct plan_problems *problems);

void plan_problems_done(struct plan_problems *problems);

/* The running machine's plan: the image's file PLAN_FILE and /proc/cmdline over the built-in defaults. A file
 * that is not there is no problem. Returns 0, -ENOMEM. */
#define PLAN_FILE "/etc/seatrial/plan"
int plan_load(struct plan **ret, struct plan_problems *problems);

/* The same for a command: what is wrong with the plan is told on standard error. Returns 0, a negative errno
 * once that has been told as well. */
int plan_load_for_command(struct plan **ret);

/* A line on standard error each. */
void plan_problems_log(const struct plan_problems *problems);

/* seatrial plan: prints every setting, its value, and where that came from. Returns an exit status. */
int verb_plan(int argc, char **argv);
