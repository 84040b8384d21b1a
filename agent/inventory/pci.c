/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pci/pci.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/screen.h"
#include "base/smbios.h"
#include "base/text.h"
#include "collectors.h"
#include "field.h"
#include "pci-class.h"
#include "pci-config.h"
#include "pci-names.h"
#include "sysfs.h"
#include "table.h"

/* In "resource": six BARs, then the expansion ROM. */
#define ROM_LINE 6

struct context {
        struct pci_access *access;
        const struct smbios *smbios; /* NULL: the machine has no such table */
        json_t *slots;               /* the kernel's names for slots, by address without the function */
        json_t *links;               /* of the devices so far, by address; those above come first */
};

static void pci_cleanupp(struct pci_access **access) {
        if (*access)
                pci_cleanup(*access);
}

/* libpci must not come back from here. The collector runs in a process of its own, whose end with this text
 * becomes the failure's record. */
static void _noreturn_ _printf_(1, 2) on_error(char *format, ...) {
        va_list ap;

        va_start(ap, format);
        vdprintf(STDERR_FILENO, format, ap);
        va_end(ap);
        dprintf(STDERR_FILENO, "\n");
        _exit(EIO);
}

/* What libpci cannot read stays unknown. */
static void _printf_(1, 2) on_warning(char *format _unused_, ...) {
}

/* -1: the firmware has not told. */
static int set_node(json_t *object, const char *name, const char *value) {
        return sysfs_set_number(object, name, value && *value == '-' ? NULL : value);
}

static const struct sysfs_field sysfs_fields[] = {{"numa_node", "numa_node", set_node}, {}};

/* "0x010802": base class, sub-class, programming interface. */
static int set_class_name(json_t *object, const char *name, const char *value) {
        uint64_t class;

        return json_set_string(
                object, name,
                value && parse_u64(value, &class) >= 0 ? pci_class_name((uint16_t) (class >> 8)) : NULL);
}

/* What the kernel keeps of a device that answered once. */
static const struct sysfs_field identity_fields[] = {
        {"class", "class", sysfs_set_hex},
        {"class_name", "class", set_class_name},
        {"vendor_id", "vendor", sysfs_set_hex},
        {"device_id", "device", sysfs_set_hex},
        {"revision", "revision", sysfs_set_hex},
        {"subsystem_vendor_id", "subsystem_vendor", sysfs_set_hex},
        {"subsystem_device_id", "subsystem_device", sysfs_set_hex},
        {},
};

/* "TOTAL_ERR_COR 3" behind the counts of each kind. */
static int set_error_total(json_t *object, const char *name, const char *text) {
        const char *total = text ? strstr(text, "TOTAL_ERR_") : NULL;
        unsigned long long n;

        if (!total || sscanf(total, "TOTAL_ERR_%*s %llu", &n) != 1)
                return json_set_string(object, name, NULL);

        return field_set_number(object, name, n);
}

static int add_error_counts(const struct sysfs_device *device, struct fields *f) {
        static const struct {
                const char *member, *attribute;
        } counts[] = {
                {"aer_correctable_count", "aer_dev_correctable"},
                {"aer_nonfatal_count", "aer_dev_nonfatal"},
                {"aer_fatal_count", "aer_dev_fatal"},
        };
        bool capable = json_is_true(json_object_get(f->object, "aer_capable"));

        for (size_t i = 0; i < ELEMENTSOF(counts); i++) {
                _cleanup_free_ char *text = NULL;
                int r;

                r = capable ? read_file_at(device->fd, counts[i].attribute, 4096, &text, NULL) : -ENOENT;
                if (r == -ENOMEM)
                        return r;

                r = set_error_total(f->object, counts[i].member, text);
                if (r < 0)
                        return r;

                fields_source_sysfs(f, device, counts[i].attribute);
                r = field_set_source(f->object, counts[i].member, f->source);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int add_expansion_rom(const struct sysfs_device *device, struct fields *f) {
        _cleanup_free_ char *text = NULL;
        unsigned long long start, end;
        const char *line;
        int r;

        r = read_file_at(device->fd, "resource", 4096, &text, NULL);
        if (r == -ENOMEM)
                return r;

        line = r < 0 ? NULL : text;
        for (unsigned i = 0; line && i < ROM_LINE; i++) {
                line = strchr(line, '\n');
                line = line ? line + 1 : NULL;
        }

        fields_source_sysfs(f, device, "resource");
        if (line && sscanf(line, "%llx %llx", &start, &end) == 2)
                fields_number(f, "expansion_rom_bytes", end > start ? end - start + 1 : 0);
        else
                fields_null(f, "expansion_rom_bytes");
        return f->error;
}

/* Finds the slot with that address (DSP0134 7.10): segment group, bus, and device and function number stand
 * from 0Dh on. Returns 1, 0 when there is none. */
static int find_slot(const struct smbios *smbios, const char *address, struct smbios_structure *ret) {
        unsigned domain, bus, device, function;
        struct smbios_structure slot = {};

        if (!address || sscanf(address, "%x:%x:%x.%x", &domain, &bus, &device, &function) != 4)
                return 0;

        while (smbios && smbios_next_of(smbios, SMBIOS_SYSTEM_SLOT, &slot) > 0) {
                uint16_t slot_segment;
                uint8_t slot_bus, place;

                if (!smbios_u16(&slot, 0x0d, &slot_segment) || !smbios_u8(&slot, 0x0f, &slot_bus) ||
                    !smbios_u8(&slot, 0x10, &place))
                        continue;
                if (slot_segment != domain || slot_bus != bus || place >> 3 != (int) device)
                        continue;

                *ret = slot;
                return 1;
        }

        return 0;
}

/* The firmware's name for the slot that the device is in: it gives a slot the address of what is in it, or
 * that of the port above. */
static int add_slot_designation(const struct smbios *smbios, const char *address, const char *parent,
                                struct fields *f) {
        _cleanup_free_ char *designation = NULL;
        struct smbios_structure slot = {};
        int r;

        if (!find_slot(smbios, address, &slot) && !find_slot(smbios, parent, &slot)) {
                fields_null(f, "slot_designation");
                return f->error;
        }

        r = smbios_string(&slot, 0x04, &designation);
        if (r < 0)
                return r;

        fields_source_smbios(f, &slot, 0x04);
        fields_text(f, "slot_designation", designation);
        return f->error;
}

static bool take_ids(const json_t *device, struct pci_name *ret) {
        uint64_t vendor_id, device_id;

        if (parse_u64(json_get_string(device, "vendor_id") ?: "", &vendor_id) < 0 ||
            parse_u64(json_get_string(device, "device_id") ?: "", &device_id) < 0)
                return false;

        *ret = (struct pci_name){.vendor_id = (uint16_t) vendor_id, .device_id = (uint16_t) device_id};
        return true;
}

static void add_name(struct fields *f, const char *member, const char *text, size_t size) {
        _cleanup_free_ char *name = text ? strndup(text, size) : NULL;

        if (text && !name)
                f->error = -ENOMEM;
        fields_text(f, member, name);
}

/* Out of the bytes of a pci.ids. */
static int add_names_from(const char *text, size_t size, json_t *part) {
        size_t n = json_array_size(part);
        _cleanup_free_ struct pci_name *names = calloc(n ?: 1, sizeof(*names));
        int r = 0;

        if (!names)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++)
                if (!take_ids(json_array_get(part, i), &names[i]))
                        names[i].vendor_id = UINT16_MAX; /* nobody's */

        pci_names_find(text, size, names, n);

        for (size_t i = 0; i < n && r >= 0; i++) {
                struct fields f = fields_of(json_array_get(part, i));

                fields_source(&f, "pci.ids");
                add_name(&f, "vendor", names[i].vendor, names[i].vendor_size);
                add_name(&f, "device", names[i].device, names[i].device_size);
                r = f.error;
        }

        return r;
}

/* libpci reads compressed names as well. */
static int add_names_through_libpci(struct pci_access *access, json_t *part) {
        char vendor[256], name[256];
        json_t *device;
        size_t i;

        json_array_foreach(part, i, device) {
                struct fields f = fields_of(device);
                struct pci_name ids;

                if (!take_ids(device, &ids))
                        continue;

                fields_source(&f, "pci.ids");
                fields_text(&f, "vendor",
                            pci_lookup_name(access, vendor, sizeof(vendor),
                                            PCI_LOOKUP_VENDOR | PCI_LOOKUP_NO_NUMBERS, ids.vendor_id));
                fields_text(&f, "device",
                            pci_lookup_name(access, name, sizeof(name),
                                            PCI_LOOKUP_DEVICE | PCI_LOOKUP_NO_NUMBERS, ids.vendor_id,
                                            ids.device_id));
                if (f.error < 0)
                        return f.error;
        }

        return 0;
}

/* Names, where the machine has some: libpci's file, which may be there with or without the ".gz" that libpci
 * has been built for. */
static int add_names(struct pci_access *access, json_t *part) {
        _cleanup_free_ char *path = strdup(access->id_file_name);
        _cleanup_close_ int fd = -EBADF;
        size_t length;
        struct stat st;
        char *text;
        int r;

        if (!path)
                return -ENOMEM;

        length = strlen(path);
        if (length > STRLEN(".gz") && streq(path + length - STRLEN(".gz"), ".gz"))
                path[length - STRLEN(".gz")] = 0;

        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0)
                return faccessat(AT_FDCWD, access->id_file_name, F_OK, 0) < 0
                               ? 0
                               : add_names_through_libpci(access, part);

        text = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (text == MAP_FAILED)
                return -errno;

        r = add_names_from(text, (size_t) st.st_size, part);
        munmap(text, (size_t) st.st_size);
        return r;
}

/* ACPI's slots and the hot-plug drivers'; a device has the address of its slot and a function number behind
 * it. */
static int read_slots(const struct inventory_roots *roots, json_t *slots) {
        _cleanup_(sysfs_devices_done) struct sysfs_devices devices = {};
        _cleanup_free_ char *path = NULL;
        int r;

        path = strprintf("%s/bus/pci/slots", roots->sys);
        if (!path)
                return -ENOMEM;

        r = sysfs_children(&(struct sysfs_device){.path = path}, "", &devices);
        if (r < 0)
                return r;

        for (size_t i = 0; i < devices.n_paths; i++) {
                _cleanup_free_ char *file = NULL, *address = NULL;

                file = strprintf("%s/address", devices.paths[i]);
                if (!file)
                        return -ENOMEM;

                r = read_line_file(file, &address);
                if (r >= 0)
                        r = json_set_string(slots, address, sysfs_name(devices.paths[i]));
                if (r == -ENOMEM)
                        return r;
        }

        return 0;
}

static void add_slot(const struct context *context, const char *address, struct fields *f) {
        _cleanup_free_ char *slot = strndup(address, strcspn(address, "."));

        if (!slot) {
                f->error = -ENOMEM;
                return;
        }

        fields_source(f, "/sys/bus/pci/slots");
        fields_text(f, "slot", json_get_string(context->slots, slot));
}

/* Whatever stands in its configuration space, and the link that the port above has for it. */
static int add_config(const struct context *context, const struct sysfs_device *device, struct pci_dev *dev,
                      const char *above, struct fields *f) {
        const json_t *port = above ? json_object_get(context->links, above) : NULL;
        struct pci_config config;

        fields_source_sysfs(f, device, "config");
        if (!pci_config_read(dev, &config)) {
                int r = sysfs_fields_set(f->object, device, identity_fields);

                if (r < 0)
                        return r;

                fields_bool(f, "responding", false);
                pci_config_add_unknown(f);
                return f->error;
        }

        pci_config_add_identity(&config, f);
        fields_bool(f, "responding", true);
        pci_config_add_capabilities(&config, f);
        pci_config_add_link(&config, port, f);
        pci_config_done(&config);
        return f->error;
}

/* Those below the port ask for it. */
static int keep_link(const struct context *context, const char *address, const json_t *object) {
        json_t *link = json_object_get(object, "link");

        return json_is_object(link) ? json_set(context->links, address, json_incref(link)) : 0;
}

static int describe(const struct inventory_roots *roots _unused_, const struct sysfs_device *device,
                    json_t *object, void *userdata) {
        const char *address = sysfs_name(device->path), *above;
        _cleanup_free_ char *parent = NULL, *driver = NULL;
        unsigned domain, bus, slot, function;
        const struct context *context = userdata;
        struct fields f = fields_of(object);
        struct pci_dev *dev;
        int r;

        if (sscanf(address, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4)
                return -EBADMSG;

        r = sysfs_find_parent(device->path, "pci", &parent);
        if (r < 0)
                return r;
        above = parent ? sysfs_name(parent) : NULL;

        fields_source_sysfs(&f, device, "");
        fields_word(&f, "address", address);

        dev = pci_get_dev(context->access, (int) domain, (int) bus, (int) slot, (int) function);
        if (!dev)
                return -ENOMEM;
        r = add_config(context, device, dev, above, &f);
        pci_free_dev(dev);
        if (r >= 0)
                r = keep_link(context, address, object);
        if (r < 0)
                return r;

        fields_null(&f, "vendor"); /* names for both come when all ids are known */
        fields_null(&f, "device");
        add_slot(context, address, &f);

        r = sysfs_link_name(device->fd, "driver", &driver);
        if (r < 0)
                return r;

        fields_source_sysfs(&f, device, "driver");
        fields_text(&f, "driver", driver);
        fields_source_sysfs(&f, device, "..");
        fields_text(&f, "parent", above);

        r = sysfs_fields_set(object, device, sysfs_fields);
        if (r < 0)
                return r;

        r = add_slot_designation(context->smbios, address, above, &f);
        if (r < 0)
                return r;

        r = add_expansion_rom(device, &f);
        return r < 0 ? r : add_error_counts(device, &f);
}

/* Hexadecimal, of the same width but for the domain. */
static int compare_addresses(const char *a, const char *b) {
        size_t x = strlen(sysfs_name(a)), y = strlen(sysfs_name(b));

        return x != y ? (x < y ? -1 : 1) : strcmp(sysfs_name(a), sysfs_name(b));
}

static const struct sysfs_walk walk = {.subsystem = "pci", .order = compare_addresses, .describe = describe};

static int pci_collect(const struct inventory_roots *roots, json_t **ret) {
        _cleanup_(pci_cleanupp) struct pci_access *access = NULL;
        _cleanup_free_ char *bus = NULL, *devices_path = NULL;
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        _cleanup_json_ json_t *part = json_array(), *slots = json_object(), *links = json_object();
        struct context context;
        char method[] = "sysfs.path";
        int r;

        bus = strprintf("%s/bus/pci", roots->sys);
        devices_path = strprintf("%s/bus/pci/devices", roots->sys);
        if (!bus || !devices_path || !part || !slots || !links)
                return -ENOMEM;

        if (faccessat(AT_FDCWD, devices_path, F_OK, 0) < 0)
                return -ENODEV;

        access = pci_alloc();
        if (!access)
                return -ENOMEM;

        access->method = PCI_ACCESS_SYS_BUS_PCI;
        access->error = on_error;
        access->warning = on_warning;
        if (pci_set_param(access, method, bus) < 0)
                return -EINVAL;

        pci_init(access);

        /* A table that lies costs the names of the slots, and is told by the parts that live by it. */
        r = firmware_table_read(roots, &smbios);
        if (r == -ENOMEM)
                return r;

        context = (struct context){
                .access = access,
                .smbios = smbios,
                .slots = slots,
                .links = links,
        };
        r = read_slots(roots, slots);
        if (r < 0)
                return r;

        r = sysfs_collect(roots, &walk, &context, part);
        if (r >= 0)
                r = add_names(access, part);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(part);
        return 0;
}

static bool is_bridge(const json_t *device) {
        const char *class = json_get_string(device, "class");

        return class && startswith(class, "0x06");
}

/* "x4 16", and what the device could do where it is less: "x2 8 (x4 16)". */
static char *describe_link(const json_t *link) {
        double speed = json_number_value(json_object_get(link, "speed_gts")),
               maximum_speed = json_number_value(json_object_get(link, "maximum_speed_gts"));
        int64_t width = json_get_integer(link, "width", 0),
                maximum_width = json_get_integer(link, "maximum_width", 0);

        if (width <= 0 || speed <= 0)
                return strdup("");
        if (width >= maximum_width && speed >= maximum_speed)
                return strprintf("x%d %g", (int) width, speed);

        return strprintf("x%d %g (x%d %g)", (int) width, speed, (int) maximum_width, maximum_speed);
}

static char *pci_summarize(const json_t *part) {
        size_t n = json_array_size(part), n_bridges = 0, i;
        const json_t *device;

        json_array_foreach(part, i, device) n_bridges += is_bridge(device);

        return strprintf("%zu device%s and %zu bridge%s", n - n_bridges, n - n_bridges == 1 ? "" : "s",
                         n_bridges, n_bridges == 1 ? "" : "s");
}

/* Deeper than any real tree; the parents come out of a file. */
#define DEPTH_MAX 16U

static void add_row(struct table *table, const json_t *device, unsigned depth) {
        const char *vendor_id = json_get_string(device, "vendor_id"),
                   *device_id = json_get_string(device, "device_id"),
                   *slot = json_get_string(device, "slot_designation") ?: json_get_string(device, "slot");
        _cleanup_free_ char *link = describe_link(json_object_get(device, "link")), *address = NULL;
        char id[16];

        address = strprintf("%*s%s", (int) (2 * depth), "", json_get_string(device, "address"));

        /* lspci's way: without 0x */
        snprintf(id, sizeof(id), "%s:%s", vendor_id ? vendor_id + 2 : "", device_id ? device_id + 2 : "");
        table_add(table, address, id,
                  json_get_string(device, "device") ?: json_get_string(device, "class_name") ?:
                                                                json_get_string(device, "class"),
                  json_get_string(device, "driver"), slot, link);
}

/* Those below the device of that address, each with what is below it in its turn. */
static void add_rows_below(struct table *table, const json_t *part, const char *above, unsigned depth) {
        const json_t *device;
        size_t i;

        json_array_foreach(part, i, device) {
                const char *parent = json_get_string(device, "parent");

                if (above ? !parent || !streq(parent, above) : !!parent)
                        continue;

                add_row(table, device, depth);
                if (depth < DEPTH_MAX && json_get_string(device, "address"))
                        add_rows_below(table, part, json_get_string(device, "address"), depth + 1);
        }
}

static int pci_print(const json_t *part, struct screen *screen) {
        static const struct table_column columns[] = {
                {"ADDRESS", TABLE_LEFT},
                {"ID", TABLE_LEFT},
                {"DEVICE", TABLE_FLEXIBLE},
                {"DRIVER", TABLE_FLEXIBLE},
                {"SLOT", TABLE_FLEXIBLE},
                {"LINK GT/s", TABLE_LEFT},
                {},
        };
        _cleanup_(table_freep) struct table *table = NULL;

        table = table_new(columns);
        if (!table)
                return -ENOMEM;

        add_rows_below(table, part, NULL, 0);
        return table_print(table, screen);
}

const struct collector collector_pci = {
        .name = "pci",
        .description = "PCI devices and their links",
        .collect = pci_collect,
        .summarize = pci_summarize,
        .print = pci_print,
};
