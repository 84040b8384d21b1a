/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "base/macro.h"
#include "inventory/pci-names.h"
#include "tests/unit/unit.h"

static const char ids[] = "# A comment\n"
                          "\n"
                          "1af4  Red Hat, Inc.\n"
                          "\t1000  Virtio network device\n"
                          "\t\t1af4 0001  A subsystem\n"
                          "\t1041  Virtio 1.0 network device\n"
                          "8086  Intel Corporation\n"
                          "\t1041  Of another vendor\n"
                          "\t29c0  82G33/G31 DRAM Controller\n"
                          "C 02  Network controller\n"
                          "\t00  Ethernet controller\n";

static void assert_text(const char *text, size_t size, const char *expected) {
        if (!expected) {
                assert_null(text);
                return;
        }

        assert_non_null(text);
        assert_int_equal(size, strlen(expected));
        assert_memory_equal(text, expected, size);
}

static void finds(uint16_t vendor_id, uint16_t device_id, const char *vendor, const char *device) {
        struct pci_name name = {.vendor_id = vendor_id, .device_id = device_id};

        pci_names_find(ids, sizeof(ids) - 1, &name, 1);
        assert_text(name.vendor, name.vendor_size, vendor);
        assert_text(name.device, name.device_size, device);
}

static void device_is_looked_for_below_its_vendor(void **state _unused_) {
        finds(0x1af4, 0x1041, "Red Hat, Inc.", "Virtio 1.0 network device");
        finds(0x8086, 0x1041, "Intel Corporation", "Of another vendor");
        finds(0x8086, 0x29c0, "Intel Corporation", "82G33/G31 DRAM Controller");
}

static void what_is_not_there_is_not_found(void **state _unused_) {
        finds(0x8086, 0x1000, "Intel Corporation", NULL);
        finds(0x1234, 0x1000, NULL, NULL);
        finds(0x0002, 0x0000, NULL, NULL); /* neither is a class a vendor */
        finds(0x1af4, 0x0001, "Red Hat, Inc.", NULL);
}

static void several_are_found_in_one_pass(void **state _unused_) {
        struct pci_name names[] = {{.vendor_id = 0x8086, .device_id = 0x29c0},
                                   {.vendor_id = 0x1af4, .device_id = 0x1000},
                                   {.vendor_id = 0x8086, .device_id = 0x29c0}};

        pci_names_find(ids, sizeof(ids) - 1, names, ELEMENTSOF(names));
        assert_text(names[0].device, names[0].device_size, "82G33/G31 DRAM Controller");
        assert_text(names[1].device, names[1].device_size, "Virtio network device");
        assert_text(names[2].device, names[2].device_size, "82G33/G31 DRAM Controller");
}

/* Each cut stands at the very end of its own memory, so that the sanitizers see a byte too many. */
static void file_that_is_cut_off_anywhere_is_read_to_its_end(void **state _unused_) {
        for (size_t size = 0; size < sizeof(ids); size++) {
                struct pci_name name = {.vendor_id = 0x8086, .device_id = 0x29c0};
                char *cut = malloc(size ?: 1);

                assert_non_null(cut);
                memcpy(cut, ids, size);
                pci_names_find(cut, size, &name, 1);
                free(cut);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(device_is_looked_for_below_its_vendor),
                cmocka_unit_test(what_is_not_there_is_not_found),
                cmocka_unit_test(several_are_found_in_one_pass),
                cmocka_unit_test(file_that_is_cut_off_anywhere_is_read_to_its_end),
        };

        return cmocka_run_group_tests_name("inventory-pci-names", tests, NULL, NULL);
}
