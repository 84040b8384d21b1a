/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "bmc/link/host-device.h"
#include "bmc/link/ip.h"
#include "plan.h"
#include "settings.h"

static int parse_choice(const char *value, const char *const *choices, void *field) {
        for (unsigned i = 0; choices[i]; i++)
                if (streq(value, choices[i])) {
                        /* An enum without negative values is an unsigned int. */
                        *(unsigned *) field = i;
                        return 0;
                }

        return -EINVAL;
}

static int parse_time(const char *value, const char *const *choices _unused_, void *field) {
        return parse_duration(value, field) < 0 ? -EINVAL : 0;
}

/* What the BMC's watchdog can count, and an agent on a busy machine can keep to. */
static int parse_countdown(const char *value, const char *const *choices _unused_, void *field) {
        uint64_t usec = 0;

        if (!streq(value, "off") &&
            (parse_duration(value, &usec) < 0 || usec < 10 * USEC_PER_SEC || usec > 6500 * USEC_PER_SEC))
                return -EINVAL;

        *(uint64_t *) field = usec;
        return 0;
}

static int parse_count(const char *value, const char *const *choices _unused_, void *field) {
        return parse_u64(value, field) < 0 ? -EINVAL : 0;
}

static int parse_positive(const char *value, const char *const *choices _unused_, void *field) {
        uint64_t count;

        if (parse_u64(value, &count) < 0 || count == 0)
                return -EINVAL;

        *(uint64_t *) field = count;
        return 0;
}

static int parse_amount(const char *value, const char *const *choices _unused_, void *field) {
        struct plan_amount amount = {};
        char *end;

        if (value[strspn(value, "0123456789.")] == '%') {
                amount.percent = strtod(value, &end);
                if (!streq(end, "%") || !(amount.percent > 0) || amount.percent > 100)
                        return -EINVAL;
        } else if (parse_size(value, &amount.bytes) < 0 || amount.bytes == 0)
                return -EINVAL;

        *(struct plan_amount *) field = amount;
        return 0;
}

static int parse_switch(const char *value, const char *const *choices _unused_, void *field) {
        if (!streq(value, "yes") && !streq(value, "no"))
                return -EINVAL;

        *(bool *) field = streq(value, "yes");
        return 0;
}

static void release_text(void *field) {
        free(*(char **) field);
}

static int parse_text(const char *value, const char *const *choices _unused_, void *field) {
        char *copy = NULL;

        if (*value) {
                copy = strdup(value);
                if (!copy)
                        return -ENOMEM;
        }

        release_text(field);
        *(char **) field = copy;
        return 0;
}

static void names_free(char **names) {
        for (char **n = names; n && *n; n++)
                free(*n);
        free(names);
}

static void names_freep(char ***names) {
        names_free(*names);
}

static void release_names(void *field) {
        names_free(*(char ***) field);
}

static bool is_choice(const char *name, const char *const *choices) {
        for (; *choices; choices++)
                if (streq(*choices, name))
                        return true;

        return false;
}

/* Names with commas between, each one of choices unless there are none; "none" is the empty list. */
static int parse_names(const char *value, const char *const *choices, void *field) {
        _cleanup_(names_freep) char **names = NULL;
        _cleanup_free_ char *copy = NULL;
        size_t n = 0, commas = 0;
        char *rest, *name;

        copy = strdup(value);
        if (!copy)
                return -ENOMEM;

        for (const char *p = value; *p; p++)
                commas += *p == ',';

        names = calloc(commas + 2, sizeof(char *));
        if (!names)
                return -ENOMEM;

        rest = streq(value, "none") ? NULL : copy;
        while ((name = strsep(&rest, ","))) {
                name = strstrip(name);
                if (!*name || (choices && !is_choice(name, choices)))
                        return -EINVAL;

                names[n] = strdup(name);
                if (!names[n++])
                        return -ENOMEM;
        }

        release_names(field);
        *(char ***) field = TAKE_PTR(names);
        return 0;
}

static const char *const colour_choices[] = {"auto", "yes", "no", NULL};
static const char *const after_choices[] = {"rescue", "poweroff", "reboot", "boot", NULL};
static const char *const after_no_boot_choices[] = {"rescue", "poweroff", "reboot", NULL};
static const char *const reach_choices[] = {"locked", "physical", "second-leg", NULL};
static const char *const stop_choices[] = {"nothing", "critical", "any", NULL};
static const char *const channel_choices[] = {"off", "auto", "required", NULL};
static const char *const server_trust_choices[] = {"any", "ca", NULL};
static const char *const trust_choices[] = {"fingerprint", "ca", "first-use", NULL};
static const char *const credentials_choices[] = {"certificate", "account", "bootstrap", NULL};

/* Texts that the BMC's part of the agent reads; here it is only seen to it that it can. */
static int parse_endpoint(const char *value, const char *const *choices, void *field) {
        struct ip_address address;
        uint16_t port;

        if (*value && ip_parse_endpoint(value, &address, &port) < 0)
                return -EINVAL;

        return parse_text(value, choices, field);
}

static int parse_device(const char *value, const char *const *choices, void *field) {
        struct host_device device;

        if (*value && host_device_parse(value, &device) < 0)
                return -EINVAL;

        return parse_text(value, choices, field);
}

static int parse_host_address(const char *value, const char *const *choices, void *field) {
        struct ip_address address;
        unsigned prefix;

        if (*value && !streq(value, "dhcp") && !streq(value, "auto") &&
            ip_parse_network(value, &address, &prefix) < 0)
                return -EINVAL;

        return parse_text(value, choices, field);
}

static int parse_server_uri(const char *value, const char *const *choices, void *field) {
        if (*value && !startswith(value, "https://") && !startswith(value, "http://") &&
            !startswith(value, "tftp://"))
                return -EINVAL;

        return parse_text(value, choices, field);
}

#define FIELD(name) .offset = offsetof(struct plan, name)
#define CHOICE(c)   .parse = parse_choice, .choices = (c)
#define TIME        .parse = parse_time, .expected = "a time such as 500ms, 30s or 10min"
#define COUNTDOWN   .parse = parse_countdown, .expected = "off or a time from 10s to 108min"
#define COUNT       .parse = parse_count, .expected = "a whole number"
#define POSITIVE    .parse = parse_positive, .expected = "a whole number from 1"
#define AMOUNT      .parse = parse_amount, .expected = "a size such as 512M or a share such as 90%"
#define SWITCH      .parse = parse_switch, .expected = "yes or no"
#define TEXT        .parse = parse_text, .release = release_text, .expected = "a text"
#define ENDPOINT                                                                                             \
        .parse = parse_endpoint, .release = release_text,                                                    \
        .expected = "an address such as 10.0.0.17, 10.0.0.17:8443 or [fe80::17]:8443"
#define DEVICE                                                                                               \
        .parse = parse_device, .release = release_text,                                                      \
        .expected = "a name, a MAC address, usb:VVVV:PPPP, pci:VVVV:DDDD or SSSS:BB:DD.F"
#define SERVER_URI                                                                                           \
        .parse = parse_server_uri, .release = release_text,                                                  \
        .expected = "a URI that begins with https://, http:// or tftp://"
#define HOST_ADDRESS                                                                                         \
        .parse = parse_host_address, .release = release_text,                                                \
        .expected = "dhcp, auto, or an address with its prefix such as 10.0.0.18/24"
#define NAMES .parse = parse_names, .release = release_names, .expected = "names with commas between, or none"
#define CHOICES(c)                                                                                           \
        .parse = parse_names, .release = release_names, .choices = (c),                                      \
        .expected = "a list, with commas between, of"

const struct setting settings[] = {
        {"console.colour", "auto", "colours on the console; auto: unless TERM is dumb or NO_COLOR is set",
         CHOICE(colour_choices), FIELD(console_colour)},

        {"inventory.time-limit", "30s", "how long a collector may take before discovery goes on without it",
         TIME, FIELD(inventory_time_limit)},

        {"inventory.device-limit", "5s",
         "how long a drive or sensor may take before its part goes on without it", TIME,
         FIELD(inventory_device_limit)},
        {"inventory.lldp-wait", "0s",
         "how long switches are listened for; they announce themselves every 30s, and discovery waits", TIME,
         FIELD(inventory_lldp_wait)},

        {"manifest.file", "",
         "what was ordered; empty: the image's /etc/seatrial/manifest.json, if it has one", TEXT,
         FIELD(manifest_file)},
        {"manifest.stop", "critical", "which deviations from what was ordered stop the machine",
         CHOICE(stop_choices), FIELD(manifest_stop)},
        {"manifest.failed", "rescue", "what such a deviation leads to; boot: to production all the same",
         CHOICE(after_choices), FIELD(manifest_failed)},

        {"trial.run", "memory,processor", "the trials, in this order: memory, processor", NAMES,
         FIELD(trials)},
        {"trial.failed", "rescue", "what a failed trial leads to; boot: to production all the same",
         CHOICE(after_choices), FIELD(trial_failed)},
        {"trial.long", "trial.memory.passes=4 trial.processor.time=1min",
         "settings of the long trial, which an operator asks for (boot override Diags)", TEXT,
         FIELD(trial_long)},
        {"trial.memory.size", "100%",
         "how much memory to test; a share is of what is available, less what the system needs to live",
         AMOUNT, FIELD(trial_memory_size)},
        {"trial.memory.reach", "second-leg",
         "locked: what the kernel gives; physical: and what mem= keeps from it; second-leg: and, by kexec, "
         "what it uses itself, where trial.memory.size is 100%",
         CHOICE(reach_choices), FIELD(trial_memory_reach)},
        {"trial.memory.pattern", "march-c-",
         "march-c-, march-ss, address, moving-inversions, random, bit-fade, block-move, row-hammer", NAMES,
         FIELD(trial_memory_patterns)},
        {"trial.memory.passes", "1", "how often the whole pattern runs", POSITIVE,
         FIELD(trial_memory_passes)},
        {"trial.memory.time", "0", "again and again for at least that long; 0: once", TIME,
         FIELD(trial_memory_time)},
        {"trial.memory.seed", "0", "of random data; 0: another one each time", COUNT,
         FIELD(trial_memory_seed)},
        {"trial.memory.pause", "60s", "how long bit-fade waits before it reads", TIME,
         FIELD(trial_memory_pause)},
        {"trial.memory.corrected", "0", "errors that the hardware may correct before the trial fails", COUNT,
         FIELD(trial_memory_corrected)},
        {"trial.memory.exclude", "0",
         "bad pages that production may boot without (memmap=); with more, or other faults, the trial has "
         "failed",
         COUNT, FIELD(trial_memory_exclude)},
        {"trial.memory.across-nodes", "yes", "with several NUMA nodes, one more pass from each other node",
         SWITCH, FIELD(trial_memory_across_nodes)},
        {"trial.memory.threads", "0", "0: one for each processor", COUNT, FIELD(trial_memory_threads)},
        {"trial.memory.time-limit", "2h", "after this the trial counts as hung", TIME,
         FIELD(trial_memory_time_limit)},
        {"trial.processor.time", "5s", "how long the processors are worked", TIME,
         FIELD(trial_processor_time)},
        {"trial.processor.time-limit", "10min", "after this the trial counts as hung", TIME,
         FIELD(trial_processor_time_limit)},

        {"bmc.channel", "auto", "talk to the BMC in-band; required: no production without it",
         CHOICE(channel_choices), FIELD(bmc_channel)},
        {"bmc.asset-tag", "", "this machine's number in its owner's books, to be shown by the BMC", TEXT,
         FIELD(bmc_asset_tag)},
        {"bmc.interface-wait", "5s", "how long the BMC's network interface may take to appear", TIME,
         FIELD(bmc_interface_wait)},
        {"bmc.address", "", "the BMC's Redfish service, instead of what firmware or IPMI tell of it",
         ENDPOINT, FIELD(bmc_address)},
        {"bmc.interface", "", "the network device that leads to the BMC", DEVICE, FIELD(bmc_interface)},
        {"bmc.host-address", "", "the host's own address on the link to the BMC", HOST_ADDRESS,
         FIELD(bmc_host_address)},
        {"bmc.patience", "30s", "how long the end of a stage waits until the BMC has its records", TIME,
         FIELD(bmc_patience)},

        {"bmc.trust", "fingerprint,ca",
         "what vouches for the BMC's certificate, in this order: fingerprint (over IPMI), ca (in the image), "
         "first-use (nothing does)",
         CHOICES(trust_choices), FIELD(bmc_trust)},
        {"bmc.name", "",
         "whom a certificate by a ca has to be for; empty: the host name or address that the firmware gives; "
         "*: anybody",
         TEXT, FIELD(bmc_name)},
        {"bmc.credentials", "certificate,account,bootstrap",
         "how to be let in by the BMC, in this order: certificate or account (of the image), bootstrap (an "
         "account over IPMI)",
         CHOICES(credentials_choices), FIELD(bmc_credentials)},

        {"watchdog.time-out", "5min", "how long nothing may move until the BMC resets the machine; off",
         COUNTDOWN, FIELD(watchdog_timeout)},
        {"watchdog.production", "off",
         "how long the production OS has to take the watchdog over; off: it is stopped", COUNTDOWN,
         FIELD(watchdog_production)},

        {"production.then", "boot", "what follows when all is well", CHOICE(after_choices),
         FIELD(production)},
        {"production.failed", "rescue", "what follows when nothing could be booted",
         CHOICE(after_no_boot_choices), FIELD(production_failed)},
        {"production.sources", "local", "where to look for something to boot, in this order: local, network",
         NAMES, FIELD(production_sources)},
        {"production.disk-wait", "10s", "how long the first disk with a boot entry may take to appear", TIME,
         FIELD(production_disk_wait)},
        {"production.network-wait", "30s", "how long a carrier and an address on the network may take", TIME,
         FIELD(production_network_wait)},
        {"production.uri", "",
         "what is booted over the network: a kernel, a unified kernel image, a boot entry or a PXELINUX "
         "configuration; empty: what DHCP says",
         SERVER_URI, FIELD(production_uri)},
        {"production.interface", "", "the network device for that; empty: each that nothing else uses",
         DEVICE, FIELD(production_interface)},
        {"production.trust", "any",
         "which servers may be booted from; ca: those that an authority in the image vouches for; any: by "
         "http "
         "and tftp whichever answers, too",
         CHOICE(server_trust_choices), FIELD(production_trust)},
        {"production.entry", "", "pattern for the ids of boot entries to prefer, such as debian-*", TEXT,
         FIELD(production_entry)},
        {"production.options", "", "appended to the kernel command line of the production OS", TEXT,
         FIELD(production_options)},
};

const size_t n_settings = ELEMENTSOF(settings);

/* "rescue, poweroff or reboot" */
static char *choices_describe(const char *const *choices) {
        char *text = NULL;

        for (size_t i = 0; choices[i]; i++) {
                _cleanup_free_ char *before = text;

                text = strprintf("%s%s%s", before ?: "",
                                 i == 0           ? ""
                                 : choices[i + 1] ? ", "
                                                  : " or ",
                                 choices[i]);
                if (!text)
                        return NULL;
        }

        return text;
}

char *setting_expected(const struct setting *setting) {
        _cleanup_free_ char *choices = NULL;

        if (!setting->choices)
                return strdup(setting->expected);

        choices = choices_describe(setting->choices);
        return choices ? strprintf("%s%s%s", setting->expected ?: "", setting->expected ? " " : "", choices)
                       : NULL;
}
