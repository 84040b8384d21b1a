/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/event.h"
#include "tests/unit/captured-tree.h"

/* Long enough for all but a collector that hangs, also on a busy machine. */
#define LIMIT (3 * USEC_PER_SEC)

struct fixture {
        struct captured_tree tree;
        struct event *event;
        json_t *seen; /* by collector: "started", then what finished() was told */
};

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        tree_setup(&f->tree);
        tree_write(&f->tree, "proc/cpuinfo", "processor\t: 0\nmodel name\t: Fast 9000\n\n");
        tree_write(&f->tree, "proc/meminfo", "MemTotal: 1024 kB\n");
        assert_int_equal(event_new(&f->event), 0);
        f->seen = json_object();
        *state = f;
        return 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;

        event_free(f->event);
        json_decref(f->seen);
        tree_teardown(&f->tree);
        free(f);
        return 0;
}

static void on_started(const struct collector *collector, void *userdata) {
        struct fixture *f = userdata;

        assert_null(json_object_get(f->seen, collector->name));
        assert_int_equal(json_set_string(f->seen, collector->name, "started"), 0);
}

static void on_finished(const struct collector *collector, const json_t *part, const char *problem,
                        uint64_t usec _unused_, void *userdata) {
        struct fixture *f = userdata;

        assert_string_equal(json_get_string(f->seen, collector->name), "started");
        assert_int_equal(json_set_string(f->seen, collector->name, problem ?: part ? "part" : "nothing"), 0);
}

static const struct inventory_observer observer = {.started = on_started, .finished = on_finished};

static json_t *take(struct fixture *f, const char *name) {
        json_t *inventory = NULL;

        assert_int_equal(inventory_take(f->event, &f->tree.roots, name, LIMIT, &observer, f, &inventory), 0);
        return inventory;
}

static void parts_stand_in_the_order_of_the_table(void **state) {
        _cleanup_json_ json_t *inventory = take(*state, NULL);
        void *member = json_object_iter(inventory);

        assert_string_equal(json_object_iter_key(member), "schema_version");
        for (size_t i = 0; collectors[i]; i++) {
                member = json_object_iter_next(inventory, member);
                assert_string_equal(json_object_iter_key(member), collectors[i]->name);
        }
        member = json_object_iter_next(inventory, member);
        assert_string_equal(json_object_iter_key(member), "problems");
        assert_int_equal(json_array_size(json_object_get(inventory, "problems")), 0);
}

static void part_that_the_machine_does_not_have_is_null_without_a_problem(void **state) {
        struct fixture *f = *state;
        _cleanup_json_ json_t *inventory = take(f, NULL);

        assert_true(json_is_null(json_object_get(inventory, "pci")));
        assert_string_equal(json_get_string(f->seen, "pci"), "nothing");
        assert_string_equal(json_get_string(f->seen, "memory"), "part");
        assert_int_equal(json_array_size(json_object_get(inventory, "problems")), 0);
}

static void one_part_comes_alone(void **state) {
        struct fixture *f = *state;
        _cleanup_json_ json_t *inventory = take(f, "memory");

        assert_true(json_is_object(json_object_get(inventory, "memory")));
        assert_null(json_object_get(inventory, "system"));
        assert_int_equal(json_object_size(f->seen), 1);
}

static void unknown_part_is_refused(void **state) {
        struct fixture *f = *state;
        json_t *inventory = NULL;

        assert_int_equal(inventory_take(f->event, &f->tree.roots, "engine", LIMIT, NULL, NULL, &inventory),
                         -ENOENT);
        assert_null(inventory);
}

static void collector_that_hangs_costs_itself_alone(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *fifo = tree_path(&f->tree, "proc/cpuinfo");
        const json_t *problem;

        /* Whoever opens a pipe that nobody writes to waits for ever. */
        assert_int_equal(remove(fifo), 0);
        assert_int_equal(mkfifo(fifo, 0644), 0);

        _cleanup_json_ json_t *inventory = take(f, NULL);
        assert_true(json_is_null(json_object_get(inventory, "processors")));
        assert_true(json_is_object(json_object_get(inventory, "memory")));

        assert_int_equal(json_array_size(json_object_get(inventory, "problems")), 1);
        problem = json_array_get(json_object_get(inventory, "problems"), 0);
        assert_json(problem,
                    "{\"part\": \"processors\", \"message\": \"ran longer than its limit of 3.0 s\"}");
        assert_string_equal(json_get_string(f->seen, "processors"), json_get_string(problem, "message"));
}

static void collector_that_fails_tells_why(void **state) {
        struct fixture *f = *state;

        tree_write(&f->tree, "sys/firmware/dmi/tables/smbios_entry_point", "no such thing");
        tree_write(&f->tree, "sys/firmware/dmi/tables/DMI", "");

        _cleanup_json_ json_t *inventory = take(f, "system");
        assert_true(json_is_null(json_object_get(inventory, "system")));
        assert_json(json_array_get(json_object_get(inventory, "problems"), 0),
                    "{\"part\": \"system\", \"message\": \"failed: Bad message\"}");
}

static void device_that_names_nothing_costs_itself_alone(void **state) {
        struct fixture *f = *state;

        tree_write(&f->tree, "sys/bus/pci/devices/0000:00:00.0/class", "0x060000\n");

        _cleanup_json_ json_t *inventory = take(f, "pci");
        assert_json(json_array_get(json_object_get(inventory, "pci"), 0),
                    "{\"address\": \"0000:00:00.0\", \"class_name\": \"host bridge\", \"vendor_id\": null}");
        assert_int_equal(json_array_size(json_object_get(inventory, "problems")), 0);
}

static void sources_come_only_when_asked_for(void **state) {
        struct fixture *f = *state;

        _cleanup_json_ json_t *without = take(f, "memory");
        assert_null(json_object_get(json_object_get(without, "memory"), "sources"));

        json_object_clear(f->seen);
        f->tree.roots.sources = true;
        _cleanup_json_ json_t *with = take(f, "memory");
        assert_json(json_object_get(json_object_get(with, "memory"), "sources"),
                    "{\"usable_bytes\": \"/proc/meminfo\"}");
}

static const char *drive_error(const json_t *inventory, size_t i) {
        return json_get_string(json_array_get(json_object_get(inventory, "storage"), i), "read_error");
}

static void drive_that_hangs_costs_itself_alone(void **state) {
        struct fixture *f = *state;
        uint64_t start = now_usec();

        for (unsigned i = 0; i < 3; i++) {
                char path[64], target[64];

                snprintf(path, sizeof(path), "sys/devices/host%u/block/sd%c/size", i, (char) ('a' + i));
                tree_write(&f->tree, path, "8\n");
                snprintf(path, sizeof(path), "sys/devices/host%u/block/sd%c/device/model", i,
                         (char) ('a' + i));
                tree_write(&f->tree, path, "Disk\n");
                snprintf(path, sizeof(path), "sys/class/block/sd%c", (char) ('a' + i));
                snprintf(target, sizeof(target), "../../devices/host%u/block/sd%c", i, (char) ('a' + i));
                tree_link(&f->tree, path, target);
                snprintf(path, sizeof(path), "dev/sd%c", (char) ('a' + i));
                tree_write_bytes(&f->tree, path, (uint8_t[4096]){}, 4096);
        }

        /* A question that nobody answers: the reader of a pipe without a writer waits for ever. */
        _cleanup_free_ char *fifo = tree_path(&f->tree, "dev/sdb.exceptions-log");
        assert_int_equal(mkfifo(fifo, 0644), 0);
        f->tree.roots.device_limit_usec = USEC_PER_SEC;

        _cleanup_json_ json_t *inventory = take(f, "storage");
        assert_int_equal(json_array_size(json_object_get(inventory, "storage")), 3);
        assert_null(drive_error(inventory, 0));
        assert_string_equal(drive_error(inventory, 1), "did not answer within 1.0 s");
        assert_null(drive_error(inventory, 2));
        assert_json(json_array_get(json_object_get(inventory, "storage"), 1),
                    "{\"name\": \"sdb\", \"model\": \"Disk\", \"size_bytes\": 4096}");
        assert_int_equal(json_array_size(json_object_get(inventory, "problems")), 0);
        assert_true(now_usec() - start < LIMIT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(parts_stand_in_the_order_of_the_table),
                TEST(part_that_the_machine_does_not_have_is_null_without_a_problem),
                TEST(one_part_comes_alone),
                TEST(unknown_part_is_refused),
                TEST(collector_that_hangs_costs_itself_alone),
                TEST(collector_that_fails_tells_why),
                TEST(device_that_names_nothing_costs_itself_alone),
                TEST(sources_come_only_when_asked_for),
                TEST(drive_that_hangs_costs_itself_alone),
        };

        return cmocka_run_group_tests_name("inventory-take", tests, NULL, NULL);
}
