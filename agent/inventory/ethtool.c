/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "answer.h"
#include "base/fd.h"
#include "ethtool.h"
#include "field.h"
#include "sfp.h"

#define MAC_SIZE 6U

static int ask(const char *interface, void *request) {
        struct ifreq ifr = {.ifr_data = request};
        _cleanup_close_ int fd = -EBADF;

        if (strlen(interface) >= sizeof(ifr.ifr_name))
                return -EINVAL;

        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;

        memcpy(ifr.ifr_name, interface, strlen(interface) + 1);
        return ioctl(fd, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}

static ssize_t ask_permanent_address(void *userdata, void *buffer, size_t size) {
        union {
                struct ethtool_perm_addr head;
                uint8_t bytes[sizeof(struct ethtool_perm_addr) + MAC_SIZE];
        } request = {.head = {.cmd = ETHTOOL_GPERMADDR, .size = MAC_SIZE}};
        int r;

        r = ask(userdata, &request);
        if (r < 0)
                return r;
        if (request.head.size != MAC_SIZE || size < MAC_SIZE)
                return -ENODATA;

        memcpy(buffer, request.head.data, MAC_SIZE);
        return MAC_SIZE;
}

static ssize_t ask_driver(void *userdata, void *buffer, size_t size) {
        struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
        size_t n;
        int r;

        r = ask(userdata, &info);
        if (r < 0)
                return r;

        n = MIN(size, strnlen(info.fw_version, sizeof(info.fw_version)));
        memcpy(buffer, info.fw_version, n);
        return (ssize_t) n;
}

static ssize_t ask_module(void *userdata, void *buffer, size_t size) {
        struct ethtool_modinfo info = {.cmd = ETHTOOL_GMODULEINFO};
        _cleanup_free_ struct ethtool_eeprom *eeprom = NULL;
        size_t n;
        int r;

        r = ask(userdata, &info);
        if (r < 0)
                return r;

        /* The pages behind the second hold measurements, and some modules answer slowly. */
        n = MIN(MIN(size, info.eeprom_len), 256U);
        eeprom = calloc(1, sizeof(*eeprom) + n);
        if (!eeprom)
                return -ENOMEM;

        eeprom->cmd = ETHTOOL_GMODULEEEPROM;
        eeprom->len = (uint32_t) n;
        r = ask(userdata, eeprom);
        if (r < 0)
                return r;

        memcpy(buffer, eeprom->data, n);
        return (ssize_t) n;
}

/* The address in the adapter's own memory. Where nobody has set another one, it is the current one. */
static void add_permanent_address(const struct inventory_roots *roots, const char *interface,
                                  bool address_is_permanent, struct fields *f) {
        static const uint8_t none[MAC_SIZE];
        uint8_t address[MAC_SIZE];
        char text[3 * MAC_SIZE];

        fields_source(f, "/sys/class/net/%s/address", interface);
        if (address_is_permanent) {
                fields_text(f, "permanent_mac_address", json_get_string(f->object, "mac_address"));
                return;
        }

        fields_source(f, "ioctl ETHTOOL_GPERMADDR on %s", interface);
        if (answer_read(roots, interface, "permanent-address", ask_permanent_address, (void *) interface,
                        address, MAC_SIZE) != MAC_SIZE ||
            memcmp(address, none, MAC_SIZE) == 0) {
                fields_null(f, "permanent_mac_address");
                return;
        }

        snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", address[0], address[1], address[2],
                 address[3], address[4], address[5]);
        fields_word(f, "permanent_mac_address", text);
}

static void add_firmware_version(const struct inventory_roots *roots, const char *interface,
                                 struct fields *f) {
        char version[ETHTOOL_FWVERS_LEN + 1];
        ssize_t n;

        n = answer_read(roots, interface, "firmware-version", ask_driver, (void *) interface, version,
                        ETHTOOL_FWVERS_LEN);
        version[MAX(n, 0)] = 0;
        fields_source(f, "ioctl ETHTOOL_GDRVINFO on %s", interface);
        fields_text(f, "firmware_version", version);
}

static void add_transceiver(const struct inventory_roots *roots, const char *interface, struct fields *f) {
        uint8_t eeprom[SFP_EEPROM_SIZE_MAX];
        struct fields t;
        struct sfp sfp;
        ssize_t n;

        n = answer_read(roots, interface, "module-eeprom", ask_module, (void *) interface, eeprom,
                        sizeof(eeprom));
        if (n < 0 || sfp_decode(eeprom, (size_t) n, &sfp) < 0) {
                fields_null(f, "transceiver");
                return;
        }

        t = fields_of(json_object());
        fields_word(&t, "type", sfp.type);
        fields_text(&t, "vendor", sfp.vendor);
        fields_text(&t, "part_number", sfp.part_number);
        fields_text(&t, "revision", sfp.revision);
        fields_text(&t, "serial_number", sfp.serial_number);
        fields_source(f, "ioctl ETHTOOL_GMODULEEEPROM on %s", interface);
        fields_take(f, "transceiver", t.object);
        if (t.error < 0)
                f->error = t.error;
}

int ethtool_describe(const struct inventory_roots *roots, const char *interface, bool address_is_permanent,
                     json_t *object) {
        struct fields f = fields_of(object);

        add_permanent_address(roots, interface, address_is_permanent, &f);
        add_firmware_version(roots, interface, &f);
        add_transceiver(roots, interface, &f);
        return f.error;
}
