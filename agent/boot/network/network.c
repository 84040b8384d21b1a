/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Both the search and the loading bring the link up, in a process of their own, and take it down again:
 * between them, and once the machine has been handed over, nothing of it is left. */

#include <errno.h>
#include <openssl/evp.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/child.h"
#include "base/event.h"
#include "base/fd.h"
#include "base/smbios.h"
#include "base/text.h"
#include "bmc/link/host-device.h"
#include "bmc/link/host-interface.h"
#include "bmc/link/link.h"
#include "bmc/link/rtnetlink.h"
#include "bmc/wait.h"
#include "boot/boot.h"
#include "boot/kexec.h"
#include "boot/report.h"
#include "fetch.h"
#include "location.h"
#include "network.h"
#include "plan/plan.h"
#include "uplink.h"

#define DEVICES_MAX 64U

/* For reading a configuration, once there is a lease. */
#define READ_TIME_LIMIT (2 * 60 * USEC_PER_SEC)

/* A file is in memory three times until it is loaded: as it has come, joined to the others, and in the
 * kernel. */
#define MEMORY_SHARE 3U

/* A search through the network devices. */
struct search {
        const struct plan *plan;
        struct wait wait;
        uint64_t until;
        int report_fd, events_fd;
        struct uplink uplinks[DEVICES_MAX];
        bool tried[DEVICES_MAX];
        size_t n_uplinks;
};

static void search_done(struct search *search) {
        for (size_t i = 0; i < search->n_uplinks; i++)
                uplink_done(&search->uplinks[i]);
        safe_close(search->events_fd);
}

static struct fetch fetch_by(const struct plan *plan, const struct uplink *uplink) {
        return (struct fetch){
                .interface = uplink->interface.name,
                .authorities = NETWORK_AUTHORITIES,
                .trusted_only = plan->production_trust == SERVERS_CA,
        };
}

/* Takes a device. Returns 0, a negative errno. */
static int take_device(struct search *search, const struct interface *interface) {
        struct uplink *uplink = &search->uplinks[search->n_uplinks];
        const char *obstacle = NULL;
        int r;

        r = uplink_begin(uplink, interface);
        if (r >= 0)
                r = link_is_up(uplink->link);
        if (r > 0 && !search->plan->production_interface)
                obstacle = "it is in use already";
        else if (r >= 0)
                r = uplink_up(uplink);
        if (r < 0)
                obstacle = strerror(-r);

        if (!obstacle) {
                search->n_uplinks++;
                return 0;
        }

        boot_log(report_log, &search->report_fd, r < 0 ? "WARNING" : "INFO", "nothing is booted by %s: %s",
                 interface->name, obstacle);
        uplink_done(uplink);
        return r == -ENOMEM ? r : 0;
}

static void host_device_donep(struct host_device *device) {
        host_device_done(device);
}

/* Is it the link to the BMC, as the firmware says? What it says of a port on a board may be true of others of
 * its kind as well. */
static bool leads_to_bmc(const struct host_interfaces *bmc, const struct interface *interface) {
        for (size_t i = 0; i < bmc->n_items; i++) {
                const struct host_device *device = &bmc->items[i].device;
                enum interface_match match = interface_match(interface, device);

                if (device->bus_type == HOST_BUS_USB && match != INTERFACE_OTHER)
                        return true;
                if (match > INTERFACE_BUT_FOR_MAC && (device->has_mac || device->has_location))
                        return true;
        }

        return false;
}

/* Without SMBIOS nobody says anything. */
static int read_host_interfaces(struct host_interfaces *ret) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        int r;

        r = smbios_read("/sys", &smbios);
        if (r >= 0)
                r = host_interfaces_read(smbios, ret);
        return r == -ENOMEM ? r : 0;
}

/* Brings up what there is, so that all their carriers come at the same time: what the plan names, else each
 * but those that lead to the BMC or are somebody else's. */
static int take_devices(struct search *search) {
        _cleanup_(interface_watch_freep) struct interface_watch *watch = NULL;
        _cleanup_(host_interfaces_done) struct host_interfaces bmc = {};
        _cleanup_(host_device_donep) struct host_device wanted = {};
        const char *name = search->plan->production_interface;
        unsigned seen[DEVICES_MAX];
        size_t n_seen = 0;
        int r;

        r = name ? host_device_parse(name, &wanted) : read_host_interfaces(&bmc);
        if (r >= 0)
                r = interface_watch_new(&watch);
        if (r < 0)
                return r;

        while (n_seen < DEVICES_MAX) {
                struct interface interface;

                r = interface_find(watch, &wanted, seen, n_seen, &interface);
                if (r < 0)
                        return r;
                if (r == INTERFACE_OTHER)
                        break;

                seen[n_seen++] = interface.index;
                if (leads_to_bmc(&bmc, &interface))
                        continue;

                r = take_device(search, &interface);
                if (r < 0)
                        return r;
        }

        if (search->n_uplinks == 0)
                boot_log(report_log, &search->report_fd, "WARNING",
                         "there is no network device%s%s to boot by", name ? " " : "", name ?: "");
        return 0;
}

static int report_entries(struct search *search, const struct uplink *uplink, struct boot_entries *entries) {
        for (size_t i = 0; i < entries->n_items; i++) {
                struct boot_entry *entry = entries->items[i];
                int r;

                entry->source = strdup(network_boot_source.name);
                entry->device = strdup(uplink->interface.name);
                if (!entry->source || !entry->device)
                        return -ENOMEM;

                r = child_report(search->report_fd, json_pack("{s:o}", "entry", boot_entry_to_json(entry)));
                if (r < 0)
                        return r;
        }

        return 0;
}

/* Returns how many entries there are, a negative errno. */
static int try_uplink(struct search *search, struct uplink *uplink) {
        _cleanup_(boot_entries_done) struct boot_entries entries = {};
        const struct dhcp_lease *lease = &uplink->lease;
        struct fetch fetch = fetch_by(search->plan, uplink);
        _cleanup_free_ char *reason = NULL;
        int r;

        r = uplink_configure(uplink, DHCP_BOOT_SCRIPT, &search->wait, search->until, &reason);
        if (r < 0) {
                boot_log(report_log, &search->report_fd, "WARNING", "%s", reason ?: strerror(-r));
                return r == -ENOMEM ? r : 0;
        }

        boot_log(report_log, &search->report_fd, "INFO", "%s has %s/%u by DHCP, router %s",
                 uplink->interface.name, FORMAT_IP(&lease->address), lease->prefix,
                 FORMAT_IP(&lease->router));

        r = location_read(uplink, &fetch, search->plan->production_uri, &entries, report_log,
                          &search->report_fd);
        if (r >= 0)
                r = report_entries(search, uplink, &entries);
        return r < 0 ? r : (int) entries.n_items;
}

/* The next device that has a carrier and has not been tried, NULL when none has. *ret_left: whether one may
 * come. */
static struct uplink *next_uplink(struct search *search, bool *ret_left) {
        *ret_left = false;

        for (size_t i = 0; i < search->n_uplinks; i++) {
                if (search->tried[i])
                        continue;

                if (link_wait_carrier(search->uplinks[i].link, &search->wait, now_usec()) >= 0) {
                        search->tried[i] = true;
                        return &search->uplinks[i];
                }
                *ret_left = true;
        }

        return NULL;
}

static void drain(int fd) {
        char buffer[8 * 1024];

        while (read(fd, buffer, sizeof(buffer)) > 0)
                ;
}

/* One device after the other, as their carriers come, until one leads to something. */
static int search_run(struct search *search) {
        for (;;) {
                struct uplink *uplink;
                bool left;
                int r;

                drain(search->events_fd);
                uplink = next_uplink(search, &left);
                if (uplink) {
                        r = try_uplink(search, uplink);
                        uplink_done(uplink);
                        if (r != 0)
                                return MIN(r, 0);
                        continue;
                }

                r = left ? wait_for(&search->wait, search->events_fd, POLLIN, search->until) : -ETIMEDOUT;
                if (r == -ETIMEDOUT)
                        break;
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < search->n_uplinks; i++)
                if (!search->tried[i])
                        boot_log(report_log, &search->report_fd, "INFO", "%s has no carrier",
                                 search->uplinks[i].interface.name);
        return 0;
}

static int find_in_child(int report_fd, void *userdata) {
        _cleanup_(search_done) struct search search = {
                .plan = userdata,
                .wait = WAIT_ALONE,
                .report_fd = report_fd,
        };
        int r;

        search.until = now_usec() + search.plan->production_network_wait;

        r = search.events_fd = rtnl_open(RTMGRP_LINK);
        if (r >= 0)
                r = fd_set_nonblock(search.events_fd, true);
        if (r >= 0)
                r = take_devices(&search);
        return r < 0 ? r : search_run(&search);
}

/* What the search in its child tells. */
struct find {
        struct boot_entries *entries;
        boot_log_t log;
        void *userdata;
        int error;
};

static void on_message(struct child *child _unused_, const json_t *message, void *userdata) {
        _cleanup_(boot_entry_freep) struct boot_entry *entry = NULL;
        struct find *find = userdata;
        int r;

        if (report_forward(message, find->log, find->userdata))
                return;

        r = boot_entry_from_json(json_object_get(message, "entry"), &entry);
        if (r >= 0)
                r = boot_entries_add(find->entries, entry);
        if (r >= 0)
                TAKE_PTR(entry);
        else
                find->error = r;
}

static void on_text(struct child *child _unused_, const char *line, void *userdata) {
        const struct find *find = userdata;

        boot_log(find->log, find->userdata, "INFO", "network: %s", line);
}

static int network_find(struct event *e, const struct plan *plan, struct boot_entries *entries,
                        boot_log_t log, void *userdata) {
        static const struct child_handler handler = {.message = on_message, .text = on_text};
        struct find find = {.entries = entries, .log = log, .userdata = userdata};
        _cleanup_(child_freep) struct child *child = NULL;
        _cleanup_free_ char *how = NULL;
        struct child_result result;
        int r;

        r = child_start(e, "network", plan->production_network_wait + READ_TIME_LIMIT, find_in_child,
                        (void *) plan, &handler, &find, &child);
        if (r >= 0)
                r = child_wait(child, &result);
        if (r < 0)
                return r;
        if (find.error < 0)
                return find.error;

        if (result.state != CHILD_EXITED) {
                how = child_result_describe(child);
                boot_log(log, userdata, "WARNING", "the search for something to boot over the network %s",
                         how ?: "failed");
                return 0;
        }

        return result.error;
}

static int find_device(const char *name, struct interface *ret) {
        _cleanup_(interface_watch_freep) struct interface_watch *watch = NULL;
        struct host_device device = {};
        int r;

        snprintf(device.name, sizeof(device.name), "%s", name);
        r = interface_watch_new(&watch);
        if (r >= 0)
                r = interface_find(watch, &device, NULL, 0, ret);
        return r < 0 ? r : r == INTERFACE_OTHER ? -ENODEV : 0;
}

/* What the journal keeps of a file. Returns 0, a negative errno. */
static int hash_file(int fd, size_t size, char hex[static 2 * 32 + 1]) {
        uint8_t digest[32];
        void *data;
        int r;

        hex[0] = 0;
        if (size == 0)
                return 0;

        data = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED)
                return -errno;

        r = EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL) == 1 ? 0 : -ENOMEM;
        munmap(data, size);
        if (r >= 0)
                hex_encode(digest, sizeof(digest), hex);
        return r;
}

/* Fetches one of an entry's files. Returns its descriptor, a negative errno with the reason told. */
static int fetch_part(const struct fetch *fetch, const struct boot_entry *entry, const char *what,
                      const char *uri, boot_log_t log, void *userdata) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *reason = NULL;
        uint64_t begin = now_usec();
        char hex[2 * 32 + 1];
        struct sysinfo info;
        size_t size, max;
        int r;

        if (sysinfo(&info) < 0)
                return -errno;
        max = (size_t) info.freeram * info.mem_unit / MEMORY_SHARE;

        r = fd = fetch_file(fetch, uri, max, &size, &reason);
        if (r >= 0 && size == max) {
                reason = strprintf("it has more than %s, which is as much as this machine can load",
                                   FORMAT_BYTES(max));
                r = -EFBIG;
        }
        if (r >= 0)
                r = hash_file(fd, size, hex);
        if (r < 0) {
                boot_log(log, userdata, "ERROR", "%s on %s: its %s %s cannot be fetched: %s", entry->id,
                         entry->device, what, uri, reason ?: strerror(-r));
                return r;
        }

        boot_log(log, userdata, "INFO", "%s %s: %s in %s, SHA-256 %s", what, uri, FORMAT_BYTES(size),
                 FORMAT_DURATION(now_usec() - begin), hex);
        return TAKE_FD(fd);
}

static int fetch_parts(const struct fetch *fetch, const struct boot_entry *entry, struct boot_image *image,
                       boot_log_t log, void *userdata) {
        int r;

        r = image->kernel_fd = fetch_part(fetch, entry, "kernel", entry->linux_path, log, userdata);
        if (r < 0)
                return r;

        for (char **uri = entry->initrds; uri && *uri; uri++) {
                r = boot_image_add_initrd(image, fetch_part(fetch, entry, "initrd", *uri, log, userdata));
                if (r < 0)
                        return r;
        }

        return 0;
}

/* Says once what comes by a way that nothing vouches for. */
static void warn_of_plain(const struct boot_entry *entry, boot_log_t log, void *userdata) {
        bool plain = !startswith(entry->linux_path, "https://");

        for (char **uri = entry->initrds; uri && *uri && !plain; uri++)
                plain = !startswith(*uri, "https://");
        if (plain)
                boot_log(log, userdata, "WARNING",
                         "%s on %s: nothing vouches for what it consists of: it does not come by https",
                         entry->id, entry->device);
}

static void uplink_donep(struct uplink *uplink) {
        uplink_done(uplink);
}

static int network_open(const struct plan *plan, const struct boot_entry *entry, struct boot_image *image,
                        boot_log_t log, void *userdata) {
        _cleanup_(uplink_donep) struct uplink uplink = UPLINK_NONE;
        struct wait w = WAIT_ALONE;
        _cleanup_free_ char *reason = NULL;
        struct interface interface;
        struct fetch fetch;
        int r;

        r = find_device(entry->device, &interface);
        if (r >= 0)
                r = uplink_begin(&uplink, &interface);
        if (r >= 0)
                r = uplink_up(&uplink);
        if (r >= 0)
                r = uplink_configure(&uplink, DHCP_BOOT_SCRIPT, &w,
                                     now_usec() + plan->production_network_wait, &reason);
        if (r < 0) {
                boot_log(log, userdata, "ERROR", "%s on %s: %s", entry->id, entry->device,
                         reason ?: strerror(-r));
                return r;
        }

        fetch = fetch_by(plan, &uplink);
        r = fetch_parts(&fetch, entry, image, log, userdata);
        if (r >= 0)
                warn_of_plain(entry, log, userdata);
        return r;
}

const struct boot_source network_boot_source = {
        .name = "network",
        .description = "what a server has: by the plan's URI, or by DHCP as a PXE client",
        .nothing = "no server on the network has anything for this machine to boot",
        .find = network_find,
        .open = network_open,
};
