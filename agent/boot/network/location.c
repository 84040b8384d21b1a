/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fd.h"
#include "base/text.h"
#include "boot/bls.h"
#include "boot/kexec.h"
#include "boot/uki.h"
#include "fetch.h"
#include "location.h"
#include "pxelinux.h"
#include "uplink.h"

#define PXELINUX_DIRECTORY "pxelinux.cfg/"
#define UUID_FILE          "/sys/class/dmi/id/product_uuid"
#define IPV4_DIGITS        8

/* One look at what a server has. */
struct location {
        const struct uplink *uplink;
        const struct fetch *fetch;
        struct boot_entries *entries;
        boot_log_t log;
        void *userdata;
};

static void names_freep(char ***names) {
        location_names_free(*names);
}

char **location_names_free(char **names) {
        for (char **name = names; name && *name; name++)
                free(*name);
        free(names);
        return NULL;
}

char **location_names(const char *uuid, const uint8_t mac[static 6], const uint8_t address[static 4]) {
        _cleanup_(names_freep) char **names = NULL;
        size_t n = 0;

        names = calloc(1 + 1 + IPV4_DIGITS + 1 + 1, sizeof(char *));
        if (!names)
                return NULL;

        if (uuid) {
                names[n] = strdup(uuid);
                if (!names[n])
                        return NULL;
                for (char *p = names[n++]; *p; p++)
                        *p = (char) tolower((unsigned char) *p);
        }

        names[n] =
                strprintf("01-%02x-%02x-%02x-%02x-%02x-%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
        if (!names[n++])
                return NULL;

        for (int digits = IPV4_DIGITS; digits > 0; digits--) {
                char all[IPV4_DIGITS + 1];

                snprintf(all, sizeof(all), "%02X%02X%02X%02X", address[0], address[1], address[2],
                         address[3]);
                names[n] = strndup(all, (size_t) digits);
                if (!names[n++])
                        return NULL;
        }

        names[n] = strdup("default");
        return names[n] ? TAKE_PTR(names) : NULL;
}

/* Puts the URI that reference is, seen from base, into *field's place. */
static int resolve(const char *base, char **field) {
        char *uri;
        int r;

        r = fetch_resolve(base, *field, &uri);
        if (r < 0)
                return r;

        free(*field);
        *field = uri;
        return 0;
}

/* Makes the paths of the entries from number first on URIs; those with one that cannot be are left out. */
static int resolve_entries(const struct location *l, const char *uri, const char *base, size_t first) {
        size_t kept = first;

        for (size_t i = first; i < l->entries->n_items; i++) {
                struct boot_entry *entry = l->entries->items[i];
                const char *path = entry->linux_path;
                int r;

                r = resolve(base, &entry->linux_path);
                for (char **initrd = entry->initrds; r >= 0 && initrd && *initrd; initrd++) {
                        path = *initrd;
                        r = resolve(base, initrd);
                }
                if (r == -ENOMEM)
                        return r;
                if (r < 0) {
                        boot_log(l->log, l->userdata, "WARNING",
                                 "%s: the entry %s is left out: %s is no path on an https, http or tftp "
                                 "server",
                                 uri, entry->id, path);
                        boot_entry_free(entry);
                        continue;
                }
                l->entries->items[kept++] = entry;
        }

        l->entries->n_items = kept;
        return 0;
}

/* What stands behind the last slash of a URI's path. */
static const char *base_name(const char *uri) {
        const char *end = uri + strcspn(uri, "?#");

        while (end[-1] != '/') /* there are three at least */
                end--;

        return end;
}

/* Without what stands behind a question mark, which are words for the server. */
static size_t base_name_length(const char *uri) {
        return strcspn(base_name(uri), "?#");
}

static int add_kernel(const struct location *l, const char *uri) {
        _cleanup_(boot_entry_freep) struct boot_entry *entry = NULL;
        int r;

        entry = calloc(1, sizeof(*entry));
        if (!entry)
                return -ENOMEM;

        entry->tries_left = BOOT_TRIES_UNCOUNTED;
        entry->id =
                base_name_length(uri) > 0 ? strndup(base_name(uri), base_name_length(uri)) : strdup("kernel");
        entry->linux_path = strdup(uri);
        if (!entry->id || !entry->linux_path)
                return -ENOMEM;

        r = boot_entries_add(l->entries, entry);
        if (r < 0)
                return r;

        TAKE_PTR(entry);
        return 0;
}

/* The specification wants ".conf" at the end; a server's files may be called anything. */
static char *entry_name(const char *uri) {
        size_t length = base_name_length(uri), suffix = STRLEN(".conf");
        const char *base = base_name(uri);
        bool has_suffix = length > suffix && strncasecmp(base + length - suffix, ".conf", suffix) == 0;

        return length > 0 ? strprintf("%.*s%s", (int) length, base, has_suffix ? "" : ".conf")
                          : strdup("entry.conf");
}

static int add_bls_entry(const struct location *l, const char *uri, const char *text, size_t size,
                         char **ret_reason) {
        _cleanup_(boot_entry_freep) struct boot_entry *entry = NULL;
        _cleanup_free_ char *name = NULL;
        size_t first = l->entries->n_items;
        int r;

        name = entry_name(uri);
        if (!name)
                return -ENOMEM;

        r = bls_parse_entry(name, text, size, &entry, ret_reason);
        if (r <= 0)
                return r < 0 ? r : -EBADMSG;

        r = boot_entries_add(l->entries, entry);
        if (r < 0)
                return r;

        TAKE_PTR(entry);
        return resolve_entries(l, uri, uri, first);
}

/* Paths in a configuration are seen from where PXELINUX itself lies: the directory above pxelinux.cfg. */
static char *pxelinux_base(const char *uri) {
        static const char directory[] = "/" PXELINUX_DIRECTORY;
        size_t length = (size_t) (base_name(uri) - uri), n = sizeof(directory) - 1;

        if (length >= n && strncmp(uri + length - n, directory, n) == 0)
                length -= n - 1;

        return strndup(uri, length);
}

static int add_pxelinux(const struct location *l, const char *uri, const char *base, const char *text,
                        size_t size, char **ret_reason) {
        const struct dhcp_lease *lease = &l->uplink->lease;
        const uint8_t *mac = l->uplink->interface.mac;
        _cleanup_free_ char *ip = NULL, *bootif = NULL, *own_base = NULL;
        uint32_t bits = lease->prefix > 0 ? ~UINT32_C(0) << (32 - lease->prefix) : 0;
        struct ip_address mask = {.family = AF_INET,
                                  .bytes = {(uint8_t) (bits >> 24), (uint8_t) (bits >> 16),
                                            (uint8_t) (bits >> 8), (uint8_t) bits}};
        struct pxelinux_host host = {.place = uri, .log = l->log, .userdata = l->userdata};
        size_t first = l->entries->n_items;
        int r;

        host.ip = ip = strprintf("ip=%s:%s:%s:%s", FORMAT_IP(&lease->address),
                                 lease->server.family == AF_UNSPEC ? "" : FORMAT_IP(&lease->server),
                                 lease->router.family == AF_UNSPEC ? "" : FORMAT_IP(&lease->router),
                                 FORMAT_IP(&mask));
        host.bootif = bootif = strprintf("BOOTIF=01-%02x-%02x-%02x-%02x-%02x-%02x", mac[0], mac[1], mac[2],
                                         mac[3], mac[4], mac[5]);
        if (!base)
                base = own_base = pxelinux_base(uri);
        if (!ip || !bootif || !base)
                return -ENOMEM;

        r = pxelinux_parse(text, size, &host, l->entries, ret_reason);
        return r < 0 ? r : resolve_entries(l, uri, base, first);
}

/* Appends what is at uri; base: from where its paths are seen, NULL for the usual place. Returns 0, -ENOEXEC
 * when it is nothing that can be booted or read, a negative errno, each with the reason. */
static int read_uri(const struct location *l, const char *uri, const char *base, char **ret_reason) {
        _cleanup_free_ char *data = NULL, *no_reason = NULL;
        struct uki uki;
        size_t size;
        int r;

        r = fetch_text(l->fetch, uri, PXELINUX_FILE_MAX + 1, &data, &size, ret_reason);
        if (r < 0)
                return r;

        /* Its sections may lie behind what has been fetched. */
        r = uki_parse((const uint8_t *) data, size, UINT64_MAX, &uki, &no_reason);
        if (r == 0)
                r = kexec_check_kernel((const uint8_t *) data, size, 0, &no_reason);
        if (r >= 0)
                return add_kernel(l, uri);
        if (r != -ENOEXEC)
                return r;

        if (memchr(data, 0, size)) {
                *ret_reason = strdup("it is neither a Linux kernel nor the configuration of a boot loader");
                return *ret_reason ? -ENOEXEC : -ENOMEM;
        }

        return pxelinux_recognize(data, size) ? add_pxelinux(l, uri, base, data, size, ret_reason)
                                              : add_bls_entry(l, uri, data, size, ret_reason);
}

/* Tells what read_uri() has come to. Returns 0, -ENOMEM. */
static int tell(const struct location *l, const char *uri, int r, const char *reason) {
        if (r == -ENOMEM)
                return r;

        boot_log(l->log, l->userdata, "WARNING", "%s: nothing can be booted from it: %s", uri,
                 reason ?: strerror(-r));
        return 0;
}

static int read_named(const struct location *l, const char *uri, const char *base) {
        _cleanup_free_ char *reason = NULL;
        int r;

        r = read_uri(l, uri, base, &reason);
        return r < 0 ? tell(l, uri, r, reason) : 0;
}

/* Looks for the machine's own configuration. */
static int search(const struct location *l, const char *base) {
        _cleanup_(names_freep) char **names = NULL;
        _cleanup_free_ char *uuid = NULL;

        (void) read_line_file(UUID_FILE, &uuid);
        names = location_names(uuid, l->uplink->interface.mac, l->uplink->lease.address.bytes);
        if (!names)
                return -ENOMEM;

        for (char **name = names; *name; name++) {
                _cleanup_free_ char *uri = NULL, *reason = NULL;
                int r;

                uri = strprintf("%s" PXELINUX_DIRECTORY "%s", base, *name);
                if (!uri)
                        return -ENOMEM;

                r = read_uri(l, uri, base, &reason);
                if (r == -ENOENT)
                        continue;
                if (r < 0)
                        return tell(l, uri, r, reason);

                boot_log(l->log, l->userdata, "INFO", "%s has this machine's configuration", uri);
                return 0;
        }

        boot_log(l->log, l->userdata, "WARNING",
                 "%s" PXELINUX_DIRECTORY " has no configuration for this machine, neither %s nor default",
                 base, names[uuid ? 1 : 0]);
        return 0;
}

/* A URI as it is, a path on the boot server as one. Sets *ret to NULL for a text that is neither. */
static int to_uri(const struct dhcp_lease *lease, const char *text, char **ret) {
        _cleanup_free_ char *uri = NULL;
        const char *server = *lease->boot_server                 ? lease->boot_server
                             : lease->server.family != AF_UNSPEC ? FORMAT_IP(&lease->server)
                                                                 : NULL;
        int r;

        if (strstr(text, "://"))
                uri = strdup(text);
        else if (server)
                uri = strprintf("tftp://%s/%s", server, text + strspn(text, "/"));
        else {
                *ret = NULL;
                return 0;
        }
        if (!uri)
                return -ENOMEM;

        r = fetch_normalize(uri, ret);
        if (r == -EINVAL)
                *ret = NULL;
        return r == -ENOMEM ? r : 0;
}

/* With a slash at its end: option 210, or where the boot file lies. */
static int find_base(const struct dhcp_lease *lease, const char *boot_uri, char **ret) {
        _cleanup_free_ char *prefix = NULL;
        int r;

        if (!*lease->path_prefix) {
                *ret = strndup(boot_uri, (size_t) (base_name(boot_uri) - boot_uri));
                return *ret ? 0 : -ENOMEM;
        }

        r = to_uri(lease, lease->path_prefix, &prefix);
        if (r < 0 || !prefix) {
                *ret = NULL;
                return r;
        }

        *ret = strprintf("%s%s", prefix, *base_name(prefix) ? "/" : "");
        return *ret ? 0 : -ENOMEM;
}

static int read_config_file(const struct location *l, const char *base) {
        _cleanup_free_ char *uri = NULL;
        int r;

        r = fetch_resolve(base, l->uplink->lease.config_file, &uri);
        if (r == -EINVAL) {
                boot_log(l->log, l->userdata, "WARNING",
                         "the DHCP server's configuration file is no path or URI: %s",
                         l->uplink->lease.config_file);
                return 0;
        }

        return r < 0 ? r : read_named(l, uri, *l->uplink->lease.path_prefix ? base : NULL);
}

static int read_lease(const struct location *l) {
        const struct dhcp_lease *lease = &l->uplink->lease;
        _cleanup_free_ char *boot_uri = NULL, *base = NULL, *reason = NULL;
        int r;

        r = to_uri(lease, lease->boot_file, &boot_uri);
        if (r >= 0 && boot_uri)
                r = find_base(lease, boot_uri, &base);
        if (r < 0)
                return r;

        if (!*lease->boot_file && !*lease->config_file) {
                boot_log(l->log, l->userdata, "WARNING",
                         "the DHCP server on %s names neither a boot file nor a configuration file",
                         l->uplink->interface.name);
                return 0;
        }
        if (!base) {
                boot_log(l->log, l->userdata, "WARNING",
                         "the DHCP server on %s names a boot file that is neither on a server nor a URI: %s",
                         l->uplink->interface.name, lease->boot_file);
                return 0;
        }

        if (*lease->config_file)
                return read_config_file(l, base);

        if (*lease->boot_file) {
                r = read_uri(l, boot_uri, NULL, &reason);
                /* A boot loader for the firmware does not run here, but its configuration may be read. */
                if (r == -ENOEXEC)
                        boot_log(l->log, l->userdata, "INFO", "%s: %s", boot_uri, reason);
                else
                        return r < 0 ? tell(l, boot_uri, r, reason) : 0;
        }

        return search(l, base);
}

int location_read(const struct uplink *uplink, const struct fetch *fetch, const char *uri,
                  struct boot_entries *entries, boot_log_t log, void *userdata) {
        const struct location l = {
                .uplink = uplink,
                .fetch = fetch,
                .entries = entries,
                .log = log,
                .userdata = userdata,
        };
        _cleanup_free_ char *normal = NULL;
        int r;

        if (!uri)
                return read_lease(&l);

        r = fetch_normalize(uri, &normal);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                boot_log(log, userdata, "WARNING", "\"%s\" is no URI of an https, http or tftp server", uri);
                return 0;
        }

        return read_named(&l, normal, NULL);
}
