/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "inventory/findings.h"
#include "inventory/identity.h"
#include "manifest/condition.h"
#include "manifest/manifest.h"
#include "tests/unit/unit.h"

static json_t *parse(const char *text) {
        json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

        assert_non_null(value);
        return value;
}

static bool holds(const char *condition_text, const char *value_text) {
        _cleanup_json_ json_t *condition = parse(condition_text),
                              *value = value_text ? parse(value_text) : NULL;

        assert_true(condition_is_valid(condition));
        return condition_holds(condition, value);
}

static void value_must_be_exactly_that(void **state _unused_) {
        assert_true(holds("\"A\"", "\"A\""));
        assert_false(holds("\"A\"", "\"a\""));
        assert_true(holds("8", "8.0"));
        assert_false(holds("8", "\"8\""));
        assert_false(holds("8", "null"));
        assert_true(holds("null", "null"));
        assert_true(holds("null", NULL));
        assert_false(holds("false", NULL));
}

static void at_least_and_at_most_hold_for_numbers_alone(void **state _unused_) {
        assert_true(holds("{\"at_least\": 4}", "4"));
        assert_false(holds("{\"at_least\": 4}", "3"));
        assert_false(holds("{\"at_least\": 4, \"at_most\": 8}", "9"));
        assert_true(holds("{\"at_least\": 4, \"at_most\": 8}", "6"));
        assert_false(holds("{\"at_least\": 4}", "\"9\""));
        assert_false(holds("{\"at_most\": 4}", "null"));
        assert_false(holds("{\"at_most\": 4}", NULL));
}

static void one_of_and_patterns(void **state _unused_) {
        assert_true(holds("{\"one_of\": [\"1.0\", \"1.1\"]}", "\"1.1\""));
        assert_false(holds("{\"one_of\": [\"1.0\", \"1.1\"]}", "\"1.2\""));
        assert_false(holds("{\"one_of\": [null]}", NULL));
        assert_true(holds("{\"matches\": \"GDC5?02Q\"}", "\"GDC5602Q\""));
        assert_false(holds("{\"matches\": \"GDC5?02Q\"}", "\"GDC5602\""));
        assert_false(holds("{\"matches\": \"*\"}", "null"));
}

static void conditions_of_another_form_are_refused(void **state _unused_) {
        static const char *const texts[] = {"{}",
                                            "{\"atleast\": 4}",
                                            "{\"at_least\": \"4\"}",
                                            "{\"one_of\": []}",
                                            "{\"one_of\": [[1]]}",
                                            "{\"matches\": 1}",
                                            "[1]",
                                            "{\"at_least\": 1, \"about\": 2}"};

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_json_ json_t *condition = parse(texts[i]);

                assert_false(condition_is_valid(condition));
        }
}

static void manifest_with_a_mistake_is_named_by_rule(void **state _unused_) {
        static const struct {
                const char *text, *error;
        } mistakes[] = {
                {"{", "is no JSON"},
                {"{\"rules\": []}", "is no manifest of schema_version 1"},
                {"{\"schema_version\": 1, \"rules\": [{\"part\": \"pci\"}, {}]}", "rule 2 has no part"},
                {"{\"schema_version\": 1, \"rules\": [{\"part\": \"pci\", \"expects\": {}}]}",
                 "rule 1 has a member that rules do not have"},
                {"{\"schema_version\": 1, \"rules\": [{\"part\": \"pci\", \"expect\": {\"a\": []}}]}",
                 "rule 1 has an expect that is no object of conditions"},
                {"{\"schema_version\": 1, \"rules\": [{\"part\": \"pci\", \"severity\": \"bad\"}]}",
                 "rule 1 has a severity that is neither critical nor warning"},
        };

        for (size_t i = 0; i < ELEMENTSOF(mistakes); i++) {
                _cleanup_free_ char *error = NULL;
                json_t *manifest = NULL;

                assert_int_equal(
                        manifest_parse(mistakes[i].text, strlen(mistakes[i].text), &manifest, &error),
                        -EBADMSG);
                assert_string_equal(error, mistakes[i].error);
                assert_null(manifest);
        }
}

static json_t *check(const char *rules, const char *inventory_text) {
        _cleanup_json_ json_t *inventory = parse(inventory_text), *manifest = NULL;
        _cleanup_free_ char *text = strprintf("{\"schema_version\": 1, \"rules\": %s}", rules), *error = NULL;
        json_t *deviations = NULL;

        assert_int_equal(manifest_parse(text, strlen(text), &manifest, &error), 0);
        assert_int_equal(manifest_check(manifest, inventory, &deviations), 0);
        return deviations;
}

static const char *message(const json_t *deviations, size_t i) {
        return json_get_string(json_array_get(deviations, i), "message");
}

static void part_that_is_not_there_deviates(void **state _unused_) {
        _cleanup_json_ json_t *deviations =
                check("[{\"part\": \"tpm\"}, {\"part\": \"tpm\", \"count\": 0},"
                      " {\"part\": \"system.firmware\", \"expect\": {\"version\": \"1\"}}]",
                      "{\"tpm\": []}");

        assert_int_equal(json_array_size(deviations), 2);
        assert_string_equal(message(deviations, 0), "tpm: at least 1 expected, 0 there");
        assert_string_equal(message(deviations, 1), "system.firmware: at least 1 expected, 0 there");
}

static void slot_that_is_empty_deviates_once(void **state _unused_) {
        _cleanup_json_ json_t *deviations =
                check("[{\"part\": \"memory.modules\", \"where\": {\"locator\": \"DIMM_B2\"},"
                      " \"expect\": {\"size_bytes\": 34359738368, \"type\": \"DDR5\", \"populated\": true}}]",
                      "{\"memory\": {\"modules\": [{\"locator\": \"DIMM_B2\", \"populated\": false, "
                      "\"size_bytes\": 0}]}}");

        assert_int_equal(json_array_size(deviations), 1);
        assert_string_equal(message(deviations, 0), "DIMM_B2: size_bytes: 32 GiB expected, slot empty");
        assert_string_equal(json_get_string(json_array_get(deviations, 0), "severity"), "critical");
}

static void member_that_is_unknown_deviates(void **state _unused_) {
        _cleanup_json_ json_t *deviations =
                check("[{\"part\": \"pci\", \"expect\": {\"link.width\": {\"at_least\": 8}}}]",
                      "{\"pci\": [{\"address\": \"0000:01:00.0\", \"link\": null}]}");

        assert_string_equal(message(deviations, 0), "0000:01:00.0: link.width: at least 8 expected, unknown");
}

static json_t *identity_of(const char *text) {
        _cleanup_json_ json_t *inventory = parse(text);
        json_t *identity = NULL;

        assert_int_equal(inventory_identity(inventory, &identity), 0);
        return identity;
}

#define DRIVES(a, b)                                                                                         \
        "{\"storage\": [{\"serial_number\": \"" a "\", \"health\": {}}, {\"serial_number\": \"" b "\"}],"    \
        " \"network\": []}"

static void identity_knows_parts_and_not_their_order_or_health(void **state _unused_) {
        _cleanup_json_ json_t *a = identity_of(DRIVES("S1", "S2")), *b = identity_of(DRIVES("S2", "S1")),
                              *c = identity_of(DRIVES("S1", "S3")), *same = NULL, *changes = NULL;

        assert_int_equal(inventory_identity_changes(a, b, &same), 0);
        assert_int_equal(json_array_size(same), 0);
        assert_int_equal(inventory_identity_changes(a, c, &changes), 0);
        assert_int_equal(json_array_size(changes), 1);
        assert_string_equal(json_string_value(json_array_get(changes, 0)), "storage");
}

static void part_that_one_boot_alone_has_is_a_change(void **state _unused_) {
        _cleanup_json_ json_t *a = identity_of("{\"tpm\": [{\"manufacturer\": \"IFX\"}]}"),
                              *b = identity_of("{}"), *changes = NULL;

        assert_int_equal(inventory_identity_changes(a, b, &changes), 0);
        assert_string_equal(json_string_value(json_array_get(changes, 0)), "tpm");
}

static void part_that_could_not_be_had_is_no_change(void **state _unused_) {
        _cleanup_json_ json_t *
                a = identity_of(DRIVES("S1", "S2")),
               *b = identity_of("{\"storage\": null, \"network\": [], \"problems\": [{\"part\": \"storage\", "
                                "\"message\": \"ran longer than its limit\"}]}"),
               *changes = NULL, *again = NULL;

        assert_int_equal(inventory_identity_changes(a, b, &changes), 0);
        assert_int_equal(json_array_size(changes), 0);

        /* The boot after compares with what was known last. */
        assert_int_equal(inventory_identity_complete(b, a), 0);
        assert_true(json_equal(a, b));
        assert_int_equal(inventory_identity_complete(b, NULL), 0);
        assert_int_equal(inventory_identity_changes(b, a, &again), 0);
        assert_int_equal(json_array_size(again), 0);
}

static json_t *findings_of(const char *text) {
        _cleanup_json_ json_t *inventory = parse(text);
        json_t *findings = NULL;

        assert_int_equal(inventory_findings(inventory, &findings), 0);
        return findings;
}

static const char *verdict(const json_t *findings, size_t i) {
        return json_get_string(json_array_get(findings, i), "verdict");
}

static void machine_of_which_nothing_is_known_has_no_findings(void **state _unused_) {
        _cleanup_json_ json_t *findings = findings_of("{\"memory\": null, \"pci\": null, \"storage\": []}");

        assert_int_equal(json_array_size(findings), 0);
}

static void critical_findings_stand_before_warnings(void **state _unused_) {
        _cleanup_json_ json_t *findings =
                findings_of("{\"memory\": {\"modules\": [{\"locator\": \"A1\", \"speed_mts\": 5600, "
                            "\"configured_speed_mts\": 4800}]},"
                            " \"storage\": [{\"name\": \"sda\", \"read_error\": \"Input/output error\"}]}");

        assert_int_equal(json_array_size(findings), 2);
        assert_string_equal(verdict(findings, 0), "drive-unreadable");
        assert_string_equal(verdict(findings, 1), "dimm-slow");
}

static void slot_without_a_module_is_not_slow(void **state _unused_) {
        _cleanup_json_ json_t *findings =
                findings_of("{\"memory\": {\"modules\": [{\"locator\": \"A1\", \"populated\": false, "
                            "\"speed_mts\": 5600, \"configured_speed_mts\": 4800}]}}");

        assert_int_equal(json_array_size(findings), 0);
}

static void device_that_fell_off_the_bus_is_bad_news(void **state _unused_) {
        _cleanup_json_ json_t *findings =
                findings_of("{\"pci\": [{\"address\": \"0000:41:00.0\", \"responding\": false}]}");

        assert_int_equal(json_array_size(findings), 1);
        assert_string_equal(verdict(findings, 0), "pci-silent");
}

static json_t *link_findings(const char *now, const char *port) {
        _cleanup_free_ char *text = strprintf("{\"pci\": [{\"address\": \"0000:41:00.0\", \"link\": {%s,"
                                              " \"maximum_speed_gts\": 16.0, \"maximum_width\": 16, %s}}]}",
                                              now, port);

        return findings_of(text);
}

static void link_is_judged_by_what_both_of_its_ends_can(void **state _unused_) {
        _cleanup_json_ json_t
                *narrow = link_findings("\"speed_gts\": 16.0, \"width\": 8",
                                        "\"port_maximum_speed_gts\": 16.0, \"port_maximum_width\": 16"),
                *narrow_port = link_findings("\"speed_gts\": 16.0, \"width\": 8",
                                             "\"port_maximum_speed_gts\": 16.0, \"port_maximum_width\": 8"),
                *slow = link_findings("\"speed_gts\": 8.0, \"width\": 16",
                                      "\"port_maximum_speed_gts\": 32.0, \"port_maximum_width\": 16"),
                *no_port = link_findings("\"speed_gts\": 2.5, \"width\": 1",
                                         "\"port_maximum_speed_gts\": null, \"port_maximum_width\": null");

        assert_string_equal(verdict(narrow, 0), "pcie-link-narrow");
        assert_string_equal(message(narrow, 0), "x8 at 16 GT/s, device and port above can x16 at 16");
        assert_int_equal(json_array_size(narrow_port), 0);
        assert_string_equal(verdict(slow, 0), "pcie-link-slow");
        assert_int_equal(json_array_size(no_port), 0);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(value_must_be_exactly_that),
                cmocka_unit_test(part_that_could_not_be_had_is_no_change),
                cmocka_unit_test(slot_without_a_module_is_not_slow),
                cmocka_unit_test(device_that_fell_off_the_bus_is_bad_news),
                cmocka_unit_test(at_least_and_at_most_hold_for_numbers_alone),
                cmocka_unit_test(one_of_and_patterns),
                cmocka_unit_test(conditions_of_another_form_are_refused),
                cmocka_unit_test(manifest_with_a_mistake_is_named_by_rule),
                cmocka_unit_test(part_that_is_not_there_deviates),
                cmocka_unit_test(slot_that_is_empty_deviates_once),
                cmocka_unit_test(member_that_is_unknown_deviates),
                cmocka_unit_test(identity_knows_parts_and_not_their_order_or_health),
                cmocka_unit_test(part_that_one_boot_alone_has_is_a_change),
                cmocka_unit_test(machine_of_which_nothing_is_known_has_no_findings),
                cmocka_unit_test(critical_findings_stand_before_warnings),
                cmocka_unit_test(link_is_judged_by_what_both_of_its_ends_can),
        };

        return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
