/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/pci-tree.h"

#define NVME PCI_ROOT "0000:00:03.0/nvme/nvme0/"

static void write_nvme(const struct captured_tree *tree, const char *sectors) {
        write_pci(tree, "", "0000:00:03.0", &nvme_drive);
        tree_write(tree, NVME "model", "Fine Drive 1T                 \n");
        tree_write(tree, NVME "serial", "S1\033[2J\n");
        tree_write(tree, NVME "firmware_rev", "GXA7301Q\n");
        tree_link(tree, NVME "subsystem", "../../../../../class/nvme");
        tree_write(tree, NVME "nvme0n1/size", sectors);
        tree_write(tree, NVME "nvme0n1/wwid", "eui.0025388b710116a1\n");
        tree_write(tree, NVME "nvme0n1/queue/logical_block_size", "512\n");
        tree_write(tree, NVME "nvme0n1/queue/rotational", "0\n");
        tree_link(tree, NVME "nvme0n1/device", "../../nvme0");
        tree_link(tree, NVME "nvme0n1/subsystem", "../../../../../../class/block");
        tree_link(tree, "sys/class/block/nvme0n1",
                  "../../devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1");
}

static void drive_tells_who_it_is_and_where(void **state) {
        struct captured_tree *tree = *state;

        write_nvme(tree, "1953525168\n");
        tree->roots.dev = NULL;

        _cleanup_json_ json_t *part = tree_collect(tree, "storage");
        assert_json(json_array_get(part, 0),
                    "{\"name\": \"nvme0n1\", \"transport\": \"nvme\", \"size_bytes\": 1000204886016,"
                    " \"logical_block_bytes\": 512, \"physical_block_bytes\": null, \"rotational\": false,"
                    " \"model\": \"Fine Drive 1T\", \"serial_number\": \"S1?[2J\","
                    " \"firmware_version\": \"GXA7301Q\", \"wwid\": \"eui.0025388b710116a1\","
                    " \"controller\": \"nvme0\", \"pci_address\": \"0000:00:03.0\", \"read_error\": null,"
                    " \"partition_table\": null, \"partitions\": []}");
}

static void drive_shows_partitions_and_file_systems(void **state) {
        /* A DOS table with one entry: type 82h, from sector 64 on, 128 sectors. */
        static const uint8_t entry[16] = {0, 0, 0, 0, 0x82, 0, 0, 0, 64, 0, 0, 0, 128, 0, 0, 0};
        struct captured_tree *tree = *state;
        _cleanup_free_ uint8_t *image = calloc(256, 512);
        uint8_t *swap = image + 64 * 512;

        memcpy(image + 440, "\x44\x33\x22\x11", 4);
        memcpy(image + 446, entry, sizeof(entry));
        memcpy(image + 510, "\x55\xaa", 2);

        /* A swap area: version 1, 15 pages, UUID, label, and the signature at the end of the first page. */
        memcpy(swap + 1024, "\1\0\0\0\17\0\0\0", 8);
        memcpy(swap + 1036, "\x12\x34\x56\x78\x9a\xbc\xde\xf0\x12\x34\x56\x78\x9a\xbc\xde\xf0", 16);
        memcpy(swap + 1052, "paging", 6);
        memcpy(swap + 4086, "SWAPSPACE2", 10);

        write_nvme(tree, "256\n");
        tree_write_bytes(tree, "dev/nvme0n1", image, 256 * 512);

        _cleanup_json_ json_t *part = tree_collect(tree, "storage");
        assert_json(json_array_get(part, 0),
                    "{\"partition_table\": \"dos\", \"partition_table_uuid\": \"11223344\","
                    " \"filesystem\": null, \"read_error\": null}");
        assert_json(json_array_get(json_object_get(json_array_get(part, 0), "partitions"), 0),
                    "{\"name\": \"nvme0n1p1\", \"number\": 1, \"start_bytes\": 32768, \"size_bytes\": 65536,"
                    " \"uuid\": \"11223344-01\", \"type\": \"0x82\", \"label\": null,"
                    " \"filesystem\": {\"type\": \"swap\", \"usage\": \"other\", \"label\": \"paging\","
                    " \"uuid\": \"12345678-9abc-def0-1234-56789abcdef0\"}}");
}

static void drive_that_cannot_be_opened_keeps_its_place(void **state) {
        struct captured_tree *tree = *state;

        write_nvme(tree, "256\n");

        _cleanup_json_ json_t *part = tree_collect(tree, "storage");
        assert_json(json_array_get(part, 0),
                    "{\"name\": \"nvme0n1\", \"read_error\": \"No such file or directory\","
                    " \"partitions\": [], \"filesystem\": null}");
}

static void drives_that_are_no_hardware_are_left_out(void **state) {
        struct captured_tree *tree = *state;

        write_nvme(tree, "256\n");
        tree->roots.dev = NULL;
        tree_write(tree, "sys/devices/virtual/block/loop0/size", "8\n");
        tree_link(tree, "sys/class/block/loop0", "../../devices/virtual/block/loop0");
        tree_write(tree, NVME "nvme0n1/nvme0n1p1/partition", "1\n");
        tree_link(tree, "sys/class/block/nvme0n1p1",
                  "../../devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1/nvme0n1p1");
        tree_write(tree, NVME "nvme0c0n1/hidden", "1\n");
        tree_link(tree, NVME "nvme0c0n1/device", "../../nvme0");
        tree_link(tree, "sys/class/block/nvme0c0n1",
                  "../../devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0c0n1");

        _cleanup_json_ json_t *part = tree_collect(tree, "storage");
        assert_int_equal(json_array_size(part), 1);
        assert_json(json_array_get(part, 0), "{\"name\": \"nvme0n1\"}");
}

#define ATA PCI_ROOT "0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/"

/* Two characters a word, the first in the high byte. */
static void put_ata_text(uint8_t *identify, size_t word, const char *text) {
        for (size_t i = 0; text[i]; i++)
                identify[2 * word + (i ^ 1)] = (uint8_t) text[i];
}

/* The disk that the tree's ATA device is, asked for by its files alone. */
static void link_ata_disk(struct captured_tree *tree) {
        tree_write(tree, ATA "block/sda/size", "16\n");
        tree_link(tree, ATA "block/sda/device", "../../../0:0:0:0");
        tree_link(tree, "sys/class/block/sda",
                  "../../devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda");
        tree->roots.dev = NULL;
}

static void sata_drive_has_its_whole_model_and_firmware_version(void **state) {
        struct captured_tree *tree = *state;
        uint8_t page[572] = {0, 0x89, 0x02, 0x38};

        put_ata_text(page + 60, 10, "    SER-213         ");
        put_ata_text(page + 60, 23, "FI1.2   ");
        put_ata_text(page + 60, 27, "Model that is longer than 16 characters ");

        write_pci(tree, "", "0000:00:1f.2", &(struct pci_function){.id = 0x80862922, .class = 0x010601});
        tree_write(tree, ATA "vendor", "ATA     \n");
        tree_write(tree, ATA "model", "Model that is lo\n");
        tree_write(tree, ATA "rev", "FI1.\n");
        tree_write_bytes(tree, ATA "vpd_pg89", page, sizeof(page));
        link_ata_disk(tree);

        _cleanup_json_ json_t *part = tree_collect(tree, "storage");
        assert_json(json_array_get(part, 0),
                    "{\"name\": \"sda\", \"transport\": \"sata\", \"vendor\": null,"
                    " \"model\": \"Model that is longer than 16 characters\", \"serial_number\": \"SER-213\","
                    " \"firmware_version\": \"FI1.2\"}");
}

static void page_of_an_ata_drive_that_is_short_changes_nothing(void **state) {
        struct captured_tree *tree = *state;

        tree_write(tree, ATA "model", "Model\n");
        tree_write(tree, ATA "rev", "FI1.\n");
        tree_write_bytes(tree, ATA "vpd_pg89", (uint8_t[571]){0, 0x89}, 571);
        tree_write_bytes(tree, ATA "vpd_pg80", "\0\x80\0\4S-42", 8);
        link_ata_disk(tree);

        _cleanup_json_ json_t *part = tree_collect(tree, "storage");
        assert_json(json_array_get(part, 0),
                    "{\"model\": \"Model\", \"serial_number\": \"S-42\", \"firmware_version\": \"FI1.\"}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_test_setup, tree_test_teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(drive_tells_who_it_is_and_where),
                TEST(drive_shows_partitions_and_file_systems),
                TEST(drive_that_cannot_be_opened_keeps_its_place),
                TEST(drives_that_are_no_hardware_are_left_out),
                TEST(sata_drive_has_its_whole_model_and_firmware_version),
                TEST(page_of_an_ata_drive_that_is_short_changes_nothing),
        };

        return cmocka_run_group_tests_name("inventory-drives", tests, NULL, NULL);
}
