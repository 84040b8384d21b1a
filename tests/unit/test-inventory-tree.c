/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/pci-tree.h"
#include "tests/unit/smbios-table.h"

static void write_cpu(const struct captured_tree *tree, unsigned cpu, unsigned package, unsigned core) {
        char path[128], text[16];

        snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/topology/physical_package_id", cpu);
        snprintf(text, sizeof(text), "%u\n", package);
        tree_write(tree, path, text);
        snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/topology/core_id", cpu);
        snprintf(text, sizeof(text), "%u\n", core);
        tree_write(tree, path, text);
}

static void write_cache(const struct captured_tree *tree, unsigned cpu, unsigned index, const char *level,
                        const char *type, const char *size, const char *users) {
        const struct {
                const char *attribute, *value;
        } attributes[] = {{"level", level}, {"type", type}, {"size", size}, {"shared_cpu_list", users}};

        for (size_t i = 0; i < ELEMENTSOF(attributes); i++) {
                char path[128];

                snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/cache/index%u/%s", cpu, index,
                         attributes[i].attribute);
                tree_write(tree, path, attributes[i].value);
        }
}

static void write_smbios(const struct captured_tree *tree, const struct smbios_table *table) {
        uint8_t entry_point[0x18];

        entry_point_64(entry_point, table->size);
        tree_write_bytes(tree, "sys/firmware/dmi/tables/smbios_entry_point", entry_point,
                         sizeof(entry_point));
        tree_write_bytes(tree, "sys/firmware/dmi/tables/DMI", table->bytes, table->size);
}

#define CPUINFO(number, microcode)                                                                           \
        "processor\t: " number "\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\n"              \
        "model name\t: Fast 9000\nstepping\t: 8\nmicrocode\t: " microcode                                    \
        "\nflags\t\t: fpu avx2 amx_tile\n\n"

static void processors_join_running_packages_to_sockets(void **state) {
        static const uint8_t enabled[0x1a] = {[0x04] = 1, 3, [0x18] = 0x41}, empty[0x1a] = {[0x04] = 1, 3};
        struct captured_tree *tree = *state;
        struct smbios_table table = {};

        table_append(&table, SMBIOS_PROCESSOR, 0x0400, enabled + 4, sizeof(enabled) - 4,
                     TABLE_STRINGS("CPU 1"));
        table_append(&table, SMBIOS_PROCESSOR, 0x0401, empty + 4, sizeof(empty) - 4, TABLE_STRINGS("CPU 2"));
        table_append(&table, SMBIOS_PROCESSOR, 0x0402, enabled + 4, sizeof(enabled) - 4,
                     TABLE_STRINGS("CPU 3"));
        write_smbios(tree, &table);

        /* Two packages, a core with two threads and one with one; the kernel numbers them across. */
        tree_write(tree, "proc/cpuinfo",
                   CPUINFO("0", "0x10") CPUINFO("1", "0x20") CPUINFO("2", "0x10") CPUINFO("3", "0x10"));
        write_cpu(tree, 0, 0, 0);
        write_cpu(tree, 1, 1, 0);
        write_cpu(tree, 2, 0, 1);
        write_cpu(tree, 3, 0, 0);

        _cleanup_json_ json_t *part = tree_collect(tree, "processors");
        const json_t *sockets = json_object_get(part, "sockets");
        assert_json(part, "{\"package_count\": 2, \"core_count\": 3, \"thread_count\": 4,"
                          " \"flags\": [\"fpu\", \"avx2\", \"amx_tile\"]}");
        assert_int_equal(json_array_size(sockets), 3);
        assert_json(
                json_array_get(sockets, 0),
                "{\"socket\": \"CPU 1\", \"package\": 0, \"running_core_count\": 2, "
                "\"running_thread_count\": 3,"
                " \"microcode\": \"0x10\", \"model\": \"Fast 9000\", \"vendor_id\": \"GenuineIntel\","
                " \"family_number\": 6, \"model_number\": 143, \"stepping_number\": 8, \"caches\": null}");
        assert_json(json_array_get(sockets, 1),
                    "{\"socket\": \"CPU 2\", \"package\": null, \"model\": null}");
        assert_json(json_array_get(sockets, 2), "{\"socket\": \"CPU 3\", \"package\": 1, "
                                                "\"running_core_count\": 1, \"microcode\": \"0x20\"}");
}

static void packages_that_do_not_match_the_sockets_are_not_tied_to_them(void **state) {
        static const uint8_t enabled[0x1a] = {[0x04] = 1, 3, [0x18] = 0x41};
        struct captured_tree *tree = *state;
        struct smbios_table table = {};

        table_append(&table, SMBIOS_PROCESSOR, 0x0400, enabled + 4, sizeof(enabled) - 4,
                     TABLE_STRINGS("CPU 1"));
        table_append(&table, SMBIOS_PROCESSOR, 0x0401, enabled + 4, sizeof(enabled) - 4,
                     TABLE_STRINGS("CPU 2"));
        write_smbios(tree, &table);
        tree_write(tree, "proc/cpuinfo", CPUINFO("0", "0x10"));
        write_cpu(tree, 0, 0, 0);

        _cleanup_json_ json_t *part = tree_collect(tree, "processors");
        const json_t *sockets = json_object_get(part, "sockets");
        assert_int_equal(json_array_size(sockets), 3);
        assert_json(json_array_get(sockets, 0), "{\"socket\": \"CPU 1\", \"package\": null}");
        assert_json(json_array_get(sockets, 1), "{\"socket\": \"CPU 2\", \"package\": null}");
        assert_json(json_array_get(sockets, 2), "{\"socket\": null, \"status\": null, \"package\": 0}");
}

static void caches_are_counted_once_for_all_that_share_them(void **state) {
        struct captured_tree *tree = *state;

        tree_write(tree, "proc/cpuinfo", CPUINFO("0", "0x10") CPUINFO("1", "0x10"));
        write_cpu(tree, 0, 0, 0);
        write_cpu(tree, 1, 0, 1);
        write_cache(tree, 0, 0, "1", "Data", "32K", "0");
        write_cache(tree, 0, 1, "3", "Unified", "260M", "0-1");
        write_cache(tree, 1, 0, "1", "Data", "32K", "1");
        write_cache(tree, 1, 1, "3", "Unified", "260M", "0-1");

        _cleanup_json_ json_t *part = tree_collect(tree, "processors");
        const json_t *caches = json_object_get(json_array_get(json_object_get(part, "sockets"), 0), "caches");
        assert_int_equal(json_array_size(caches), 2);
        assert_json(
                json_array_get(caches, 0),
                "{\"level\": 1, \"type\": \"data\", \"size_bytes\": 32768, \"count\": 2, \"ways\": null}");
        assert_json(json_array_get(caches, 1),
                    "{\"level\": 3, \"type\": \"unified\", \"size_bytes\": 272629760, \"count\": 1}");
}

/* intel_pstate tells all three, acpi-cpufreq no base frequency, and a processor without a driver nothing. */
static void packages_have_the_frequencies_of_their_first_processor(void **state) {
        struct captured_tree *tree = *state;

        tree_write(tree, "proc/cpuinfo", CPUINFO("0", "0x10") CPUINFO("1", "0x10") CPUINFO("2", "0x10"));
        write_cpu(tree, 0, 0, 0);
        write_cpu(tree, 1, 1, 0);
        write_cpu(tree, 2, 2, 0);
        tree_write(tree, "sys/devices/system/cpu/cpufreq/policy0/cpuinfo_min_freq", "800000\n");
        tree_write(tree, "sys/devices/system/cpu/cpufreq/policy0/base_frequency", "2100000\n");
        tree_write(tree, "sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq", "3800000\n");
        tree_link(tree, "sys/devices/system/cpu/cpu0/cpufreq", "../cpufreq/policy0");
        tree_write(tree, "sys/devices/system/cpu/cpufreq/policy1/cpuinfo_min_freq", "1500000\n");
        tree_write(tree, "sys/devices/system/cpu/cpufreq/policy1/cpuinfo_max_freq", "<unknown>\n");
        tree_link(tree, "sys/devices/system/cpu/cpu1/cpufreq", "../cpufreq/policy1");

        _cleanup_json_ json_t *part = tree_collect(tree, "processors");
        const json_t *sockets = json_object_get(part, "sockets");
        assert_json(json_array_get(sockets, 0),
                    "{\"minimum_frequency_khz\": 800000, \"base_frequency_khz\": 2100000,"
                    " \"maximum_frequency_khz\": 3800000}");
        assert_json(json_array_get(sockets, 1),
                    "{\"minimum_frequency_khz\": 1500000, \"base_frequency_khz\": null,"
                    " \"maximum_frequency_khz\": null}");
        assert_json(json_array_get(sockets, 2),
                    "{\"minimum_frequency_khz\": null, \"base_frequency_khz\": null,"
                    " \"maximum_frequency_khz\": null}");
}

/* As the kernel has them: iTCO_wdt in a chipset, which has reset the machine before, and a driver that cannot
 * tell why the machine started. */
static void watchdogs_tell_their_state_and_what_they_did(void **state) {
        struct captured_tree *tree = *state;

        tree_write(tree, "sys/devices/platform/iTCO_wdt.1.auto/watchdog/watchdog0/identity", "iTCO_wdt\n");
        tree_write(tree, "sys/devices/platform/iTCO_wdt.1.auto/watchdog/watchdog0/state", "active\n");
        tree_write(tree, "sys/devices/platform/iTCO_wdt.1.auto/watchdog/watchdog0/timeout", "30\n");
        tree_write(tree, "sys/devices/platform/iTCO_wdt.1.auto/watchdog/watchdog0/bootstatus", "32\n");
        tree_link(tree, "sys/class/watchdog/watchdog0",
                  "../../devices/platform/iTCO_wdt.1.auto/watchdog/watchdog0");
        tree_write(tree, "sys/devices/pci0000:00/0000:00:05.0/watchdog/watchdog1/identity",
                   "i6300ESB timer\n");
        tree_write(tree, "sys/devices/pci0000:00/0000:00:05.0/watchdog/watchdog1/state", "inactive\n");
        tree_write(tree, "sys/devices/pci0000:00/0000:00:05.0/watchdog/watchdog1/timeout", "30\n");
        tree_link(tree, "sys/class/watchdog/watchdog1",
                  "../../devices/pci0000:00/0000:00:05.0/watchdog/watchdog1");

        _cleanup_json_ json_t *part = tree_collect(tree, "watchdogs");
        assert_int_equal(json_array_size(part), 2);
        assert_json(json_array_get(part, 0),
                    "{\"name\": \"watchdog0\", \"identity\": \"iTCO_wdt\", \"state\": \"active\","
                    " \"timeout_s\": 30, \"boot_status\": 32}");
        assert_json(json_array_get(part, 1),
                    "{\"name\": \"watchdog1\", \"identity\": \"i6300ESB timer\", \"state\": \"inactive\","
                    " \"timeout_s\": 30, \"boot_status\": null}");
}

static void cpuinfo_that_names_no_processor_is_refused(void **state) {
        static const char *const bad[] = {"", "\n\n\n", "processor", "processor\t: x\n",
                                          "model name\t: Fast\n\n"};
        struct captured_tree *tree = *state;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                json_t *part = NULL;

                tree_write(tree, "proc/cpuinfo", bad[i]);
                for (size_t j = 0; collectors[j]; j++)
                        if (streq(collectors[j]->name, "processors"))
                                assert_int_equal(collectors[j]->collect(&tree->roots, &part), -EBADMSG);
        }
}

static void memory_tells_usable_and_the_firmware_map(void **state) {
        struct captured_tree *tree = *state;

        tree_write(tree, "proc/meminfo", "MemTotal:        2029404 kB\nMemFree:         1000 kB\n");
        tree_write(tree, "sys/firmware/memmap/0/start", "0x0\n");
        tree_write(tree, "sys/firmware/memmap/0/end", "0x9ffff\n");
        tree_write(tree, "sys/firmware/memmap/0/type", "System RAM\n");
        tree_write(tree, "sys/firmware/memmap/1/start", "0x100000\n");
        tree_write(tree, "sys/firmware/memmap/1/end", "0x7fffffff\n");
        tree_write(tree, "sys/firmware/memmap/1/type", "System RAM\n");
        tree_write(tree, "sys/firmware/memmap/2/start", "0xffc00000\n");
        tree_write(tree, "sys/firmware/memmap/2/end", "0xffffffff\n");
        tree_write(tree, "sys/firmware/memmap/2/type", "Reserved\n");

        _cleanup_json_ json_t *part = tree_collect(tree, "memory");
        assert_json(part, "{\"usable_bytes\": 2078109696, \"firmware_ram_bytes\": 2147090432,"
                          " \"installed_bytes\": null, \"modules\": []}");
        assert_json(json_array_get(json_object_get(part, "firmware_map"), 2),
                    "{\"address\": 4290772992, \"size_bytes\": 4194304, \"type\": \"Reserved\"}");
}

static void system_tells_uefi_and_secure_boot(void **state) {
        struct captured_tree *tree = *state;

        tree_write_bytes(tree, "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
                         "\6\0\0\0\1", 5);

        _cleanup_json_ json_t *part = tree_collect(tree, "system");
        assert_json(part, "{\"boot_mode\": \"uefi\", \"secure_boot\": true, \"manufacturer\": null}");
}

static void secure_boot_variable_of_a_wrong_size_is_unknown(void **state) {
        struct captured_tree *tree = *state;

        tree_write_bytes(tree, "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
                         "\6\0\0\0", 4);

        _cleanup_json_ json_t *part = tree_collect(tree, "system");
        assert_json(part, "{\"boot_mode\": \"uefi\", \"secure_boot\": null}");
}

static const struct pci_function root_port = {.id = 0x8086347a,
                                              .class = 0x060400,
                                              .type = 4,
                                              .link_capabilities = 0x103,
                                              .link_capabilities2 = 0x3e};

static void pci_tells_ids_link_and_parent(void **state) {
        struct captured_tree *tree = *state;

        write_pci(tree, "", "0000:00:02.0", &root_port);
        write_pci(tree, "0000:00:02.0/", "0000:01:00.0", &nvme_drive);
        tree_link(tree, PCI_ROOT "0000:00:02.0/0000:01:00.0/driver", "../../../../bus/pci/drivers/nvme");

        _cleanup_json_ json_t *part = tree_collect(tree, "pci");
        assert_int_equal(json_array_size(part), 2);
        assert_json(json_array_get(part, 0), "{\"address\": \"0000:00:02.0\", \"class_name\": \"PCI bridge\","
                                             " \"type\": \"root port\", \"parent\": null, \"driver\": null}");
        assert_json(json_array_get(part, 1),
                    "{\"address\": \"0000:01:00.0\", \"class\": \"0x010802\", \"class_name\": \"NVMe "
                    "controller\","
                    " \"vendor_id\": \"0x144d\", \"device_id\": \"0xa80a\", \"revision\": \"0x02\","
                    " \"subsystem_vendor_id\": \"0x1af4\", \"subsystem_device_id\": \"0x1100\","
                    " \"type\": \"endpoint\", \"slot\": null,"
                    " \"parent\": \"0000:00:02.0\", \"driver\": \"nvme\", \"numa_node\": null,"
                    " \"link\": {\"speed_gts\": 8.0, \"width\": 2, \"maximum_speed_gts\": 16.0,"
                    " \"maximum_width\": 4, \"port_maximum_speed_gts\": 32.0,"
                    " \"port_maximum_width\": 16}}");
}

static void pci_slot_is_that_of_the_address_without_the_function(void **state) {
        struct captured_tree *tree = *state;

        write_pci(tree, "", "0000:00:03.1", &nvme_drive);
        tree_write(tree, "sys/bus/pci/slots/17/address", "0000:00:03\n");

        _cleanup_json_ json_t *part = tree_collect(tree, "pci");
        assert_json(json_array_get(part, 0), "{\"slot\": \"17\"}");
}

static void pci_device_without_a_link_has_none(void **state) {
        static const struct pci_function integrated = {
                .id = 0x1b36000d, .class = 0x0c0330, .type = 9, .link_capabilities = 0x41};
        static const struct pci_function conventional = {.id = 0x1b36000e, .class = 0x0c0330};
        struct captured_tree *tree = *state;

        write_pci(tree, "", "0000:00:04.0", &integrated);
        write_pci(tree, "", "0000:00:05.0", &conventional);

        _cleanup_json_ json_t *part = tree_collect(tree, "pci");
        assert_json(json_array_get(part, 0),
                    "{\"type\": \"root complex integrated endpoint\", \"link\": null}");
        assert_json(json_array_get(part, 1), "{\"type\": null, \"link\": null}");
}

static void pci_link_that_is_down_is_unknown(void **state) {
        struct captured_tree *tree = *state;

        write_pci(tree, "", "0000:00:02.0", &root_port);

        _cleanup_json_ json_t *part = tree_collect(tree, "pci");
        assert_json(json_array_get(part, 0),
                    "{\"link\": {\"speed_gts\": null, \"width\": null,"
                    " \"maximum_speed_gts\": 32.0, \"maximum_width\": 16,"
                    " \"port_maximum_speed_gts\": null, \"port_maximum_width\": null}}");
}

static void pci_device_that_fell_off_the_bus_is_told(void **state) {
        static const struct pci_function gone = {.id = 0xffffffff, .class = 0xffffff};
        struct captured_tree *tree = *state;

        write_pci(tree, "", "0000:00:04.0", &gone);
        tree_write(tree, PCI_ROOT "0000:00:04.0/vendor", "0x10de\n");

        _cleanup_json_ json_t *part = tree_collect(tree, "pci");
        assert_json(json_array_get(part, 0),
                    "{\"address\": \"0000:00:04.0\", \"responding\": false,"
                    " \"vendor_id\": \"0x10de\", \"device_id\": null, \"link\": null}");
}

/* A link to a device that has gone in the meantime; others that lead in a circle. */
static void links_that_lead_nowhere_are_left_out(void **state) {
        struct captured_tree *tree = *state;

        write_pci(tree, "", "0000:00:03.0", &nvme_drive);
        tree_link(tree, "sys/bus/pci/devices/0000:00:05.0", "../../../devices/pci0000:00/0000:00:05.0");
        tree_link(tree, "sys/bus/pci/devices/0000:00:06.0", "0000:00:06.0");
        tree_link(tree, PCI_ROOT "0000:00:07.0", "0000:00:07.0");
        tree_link(tree, "sys/bus/pci/devices/0000:00:07.0", "../../../devices/pci0000:00/0000:00:07.0");
        tree_write(tree, PCI_ROOT "0000:00:08.0", "a file\n");
        tree_link(tree, "sys/bus/pci/devices/0000:00:08.0", "../../../devices/pci0000:00/0000:00:08.0");

        _cleanup_json_ json_t *part = tree_collect(tree, "pci");
        assert_int_equal(json_array_size(part), 1);
        assert_json(json_array_get(part, 0), "{\"address\": \"0000:00:03.0\"}");
}

static void machine_without_pci_has_no_such_part(void **state) {
        struct captured_tree *tree = *state;
        json_t *part = NULL;

        for (size_t i = 0; collectors[i]; i++)
                if (streq(collectors[i]->name, "pci"))
                        assert_int_equal(collectors[i]->collect(&tree->roots, &part), -ENODEV);
}

#define NET PCI_ROOT "0000:00:04.0/net/eth0/"

static void interface_tells_addresses_link_and_place(void **state) {
        struct captured_tree *tree = *state;

        write_pci(tree, "", "0000:00:04.0", &(struct pci_function){.id = 0x808610d3, .class = 0x020000});
        tree_write(tree, NET "address", "52:54:00:12:34:56\n");
        tree_write(tree, NET "addr_assign_type", "0\n");
        tree_write(tree, NET "operstate", "up\n");
        tree_write(tree, NET "carrier", "1\n");
        tree_write(tree, NET "speed", "25000\n");
        tree_write(tree, NET "mtu", "1500\n");
        tree_link(tree, NET "device", "../../../0000:00:04.0");
        tree_link(tree, PCI_ROOT "0000:00:04.0/driver", "../../../bus/pci/drivers/e1000e");
        tree_link(tree, "sys/class/net/eth0", "../../devices/pci0000:00/0000:00:04.0/net/eth0");
        tree_write(tree, "sys/devices/virtual/net/lo/address", "00:00:00:00:00:00\n");
        tree_link(tree, "sys/class/net/lo", "../../devices/virtual/net/lo");
        tree_write(tree, "sys/class/net/bonding_masters", "\n");

        _cleanup_json_ json_t *part = tree_collect(tree, "network");
        assert_int_equal(json_array_size(part), 1);
        assert_json(json_array_get(part, 0),
                    "{\"name\": \"eth0\", \"mac_address\": \"52:54:00:12:34:56\","
                    " \"permanent_mac_address\": \"52:54:00:12:34:56\", \"state\": \"up\", \"carrier\": true,"
                    " \"speed_mbps\": 25000, \"mtu_bytes\": 1500, \"driver\": \"e1000e\","
                    " \"pci_address\": \"0000:00:04.0\", \"usb_device\": null}");
}

static void address_that_somebody_set_is_not_the_permanent_one(void **state) {
        struct captured_tree *tree = *state;

        tree_write(tree, NET "address", "02:00:00:00:00:01\n");
        tree_write(tree, NET "addr_assign_type", "3\n");
        tree_write(tree, NET "speed", "-1\n");
        tree_link(tree, "sys/class/net/eth0", "../../devices/pci0000:00/0000:00:04.0/net/eth0");

        _cleanup_json_ json_t *part = tree_collect(tree, "network");
        assert_json(json_array_get(part, 0), "{\"mac_address\": \"02:00:00:00:00:01\","
                                             " \"permanent_mac_address\": null, \"speed_mbps\": null,"
                                             " \"carrier\": null}");
}

#define USB PCI_ROOT "0000:00:05.0/usb1/"

static void usb_devices_name_parent_and_drivers(void **state) {
        struct captured_tree *tree = *state;

        write_pci(tree, "", "0000:00:05.0", &(struct pci_function){.id = 0x1b36000d, .class = 0x0c0330});
        tree_write(tree, USB "idVendor", "1d6b\n");
        tree_write(tree, USB "speed", "480\n");
        tree_link(tree, USB "subsystem", "../../../../bus/usb");
        tree_write(tree, USB "1-1/idVendor", "0525\n");
        tree_write(tree, USB "1-1/idProduct", "a4a2\n");
        tree_write(tree, USB "1-1/product", "RNDIS/QEMU USB Network Device\n");
        tree_write(tree, USB "1-1/speed", "1.5\n");
        tree_link(tree, USB "1-1/subsystem", "../../../../../bus/usb");
        tree_write(tree, USB "1-1/1-1:1.0/bInterfaceClass", "02\n");
        tree_link(tree, USB "1-1/1-1:1.0/driver", "../../../../../bus/usb/drivers/cdc_ether");
        tree_link(tree, "sys/bus/usb/devices/usb1", "../../../devices/pci0000:00/0000:00:05.0/usb1");
        tree_link(tree, "sys/bus/usb/devices/1-1", "../../../devices/pci0000:00/0000:00:05.0/usb1/1-1");
        tree_link(tree, "sys/bus/usb/devices/1-1:1.0",
                  "../../../devices/pci0000:00/0000:00:05.0/usb1/1-1/1-1:1.0");

        _cleanup_json_ json_t *part = tree_collect(tree, "usb");
        assert_int_equal(json_array_size(part), 2);
        assert_json(json_array_get(part, 1),
                    "{\"name\": \"1-1\", \"parent\": \"usb1\", \"pci_address\": \"0000:00:05.0\","
                    " \"vendor_id\": \"0x0525\", \"product_id\": \"0xa4a2\","
                    " \"product\": \"RNDIS/QEMU USB Network Device\", \"speed_mbps\": 1.5, "
                    "\"serial_number\": null,"
                    " \"interfaces\": [{\"class\": \"0x02\", \"subclass\": null, \"protocol\": null,"
                    " \"driver\": \"cdc_ether\"}]}");
        assert_json(json_array_get(part, 0), "{\"name\": \"usb1\", \"parent\": null, \"interfaces\": []}");
}

#define USB_DISK USB "1-2/1-2:1.0/host5/target5:0:0/5:0:0:0/"

static void usb_drive_has_the_serial_number_of_its_usb_device(void **state) {
        struct captured_tree *tree = *state;

        tree_write(tree, USB "1-2/serial", "ABC123\n");
        tree_link(tree, USB "1-2/subsystem", "../../../../../bus/usb");
        tree_link(tree, USB "1-2/1-2:1.0/subsystem", "../../../../../../bus/usb");
        tree_write(tree, USB_DISK "vendor", "Maker\n");
        tree_write(tree, USB_DISK "block/sda/size", "16\n");
        tree_link(tree, USB_DISK "block/sda/device", "../../../5:0:0:0");
        tree_link(
                tree, "sys/class/block/sda",
                "../../devices/pci0000:00/0000:00:05.0/usb1/1-2/1-2:1.0/host5/target5:0:0/5:0:0:0/block/sda");
        tree->roots.dev = NULL;

        _cleanup_json_ json_t *part = tree_collect(tree, "storage");
        assert_json(json_array_get(part, 0), "{\"transport\": \"usb\", \"vendor\": \"Maker\","
                                             " \"serial_number\": \"ABC123\"}");
}

static void usb_interface_names_its_usb_device(void **state) {
        struct captured_tree *tree = *state;

        tree_link(tree, USB "1-2/subsystem", "../../../../../bus/usb");
        tree_link(tree, USB "1-2/1-2:1.0/subsystem", "../../../../../../bus/usb");
        tree_write(tree, USB "1-2/1-2:1.0/net/usb0/address", "52:54:00:00:00:02\n");
        tree_link(tree, "sys/class/net/usb0",
                  "../../devices/pci0000:00/0000:00:05.0/usb1/1-2/1-2:1.0/net/usb0");

        _cleanup_json_ json_t *part = tree_collect(tree, "network");
        assert_json(json_array_get(part, 0), "{\"name\": \"usb0\", \"usb_device\": \"1-2\"}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_test_setup, tree_test_teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(processors_join_running_packages_to_sockets),
                TEST(packages_that_do_not_match_the_sockets_are_not_tied_to_them),
                TEST(caches_are_counted_once_for_all_that_share_them),
                TEST(packages_have_the_frequencies_of_their_first_processor),
                TEST(watchdogs_tell_their_state_and_what_they_did),
                TEST(cpuinfo_that_names_no_processor_is_refused),
                TEST(memory_tells_usable_and_the_firmware_map),
                TEST(system_tells_uefi_and_secure_boot),
                TEST(secure_boot_variable_of_a_wrong_size_is_unknown),
                TEST(pci_tells_ids_link_and_parent),
                TEST(pci_device_without_a_link_has_none),
                TEST(pci_link_that_is_down_is_unknown),
                TEST(pci_slot_is_that_of_the_address_without_the_function),
                TEST(pci_device_that_fell_off_the_bus_is_told),
                TEST(links_that_lead_nowhere_are_left_out),
                TEST(machine_without_pci_has_no_such_part),
                TEST(interface_tells_addresses_link_and_place),
                TEST(address_that_somebody_set_is_not_the_permanent_one),
                TEST(usb_devices_name_parent_and_drivers),
                TEST(usb_drive_has_the_serial_number_of_its_usb_device),
                TEST(usb_interface_names_its_usb_device),
        };

        return cmocka_run_group_tests_name("inventory-tree", tests, NULL, NULL);
}
