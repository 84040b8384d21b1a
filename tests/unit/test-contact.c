/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The walk through what could be the way to the BMC, in this process, against the real Redfish service over
 * loopback. */

#include "bmc/redfish/http.h"
#include "bmc/wait.h"
#include "plan/plan.h"
#include "tests/unit/test-channel-bmc.h"

#define PRESENT 0xa4a2 /* products of USB devices */
#define ABSENT  0xa4a3
#define NOBODY  1 /* a port on which nobody listens */

struct fixture {
        struct bmc bmc;
        struct plan *plan;
        struct wait wait;
        struct contact_environment environment;
        struct contact *contact;
        struct smbios_table table;
        uint16_t handle;
        char *told; /* a line each: severity and text */
        unsigned n_told;
};

/* A device that is there is the loopback interface. */
static int find_present(struct interface_watch *watch, const struct host_device *device,
                        const unsigned *passed, size_t n_passed, struct interface *ret) {
        if (device->has_id && device->product == ABSENT)
                return INTERFACE_OTHER;

        return find_loopback(watch, device, passed, n_passed, ret);
}

/* IPMI that knows a LAN channel with the service's address beside what bootstrapping needs. */
static int lan_exchange(struct ipmi *ipmi, struct wait *w, uint8_t netfn, uint8_t command,
                        const void *request, size_t size, uint64_t until,
                        uint8_t response[static IPMI_RESPONSE_MAX], size_t *ret_size) {
        static const uint8_t ip[] = {0, 0x11, 127, 0, 0, 1}, mask[] = {0, 0x11, 255, 255, 255, 0},
                             mac[] = {0, 0x11, 2, 0, 0, 0, 0, 1}, info[] = {0, 1, 4, 1}, none[] = {0xcb};
        const uint8_t *q = request;

        if (netfn != 0x06 && netfn != 0x0c)
                return fake_exchange(ipmi, w, netfn, command, request, size, until, response, ret_size);

#define ANSWER(bytes)                                                                                        \
        do {                                                                                                 \
                memcpy(response, bytes, sizeof(bytes));                                                      \
                *ret_size = sizeof(bytes);                                                                   \
        } while (0)

        if (netfn == 0x06 && q[0] == 1)
                ANSWER(info);
        else if (netfn == 0x0c && q[1] == 3)
                ANSWER(ip);
        else if (netfn == 0x0c && q[1] == 5)
                ANSWER(mac);
        else if (netfn == 0x0c && q[1] == 6)
                ANSWER(mask);
        else
                ANSWER(none);
#undef ANSWER
        return 0;
}

static const struct ipmi_operations lan_operations = {.exchange = lan_exchange, .free = fake_free};

static int open_lan(const char *dev_root, struct ipmi_list *ret) {
        assert_int_equal(fake_open_ipmi(dev_root, ret), 0);
        ret->items[0]->operations = &lan_operations;
        return 0;
}

static int enter_with_http(void **state) {
        (void) enter(state);
        return http_initialize();
}

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        *state = f;
        if (!loopback)
                return 0;

        bmc_new(&f->bmc);
        f->environment = bmc_environment(&f->bmc);
        f->environment.find_interface = find_present;
        f->wait = WAIT_ALONE;
        f->handle = 0x2a00;
        assert_int_equal(plan_new(&f->plan), 0);
        f->plan->bmc_interface_wait = USEC_PER_SEC / 5;
        return 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;

        if (loopback) {
                contact_free(f->contact);
                plan_free(f->plan);
                bmc_done(&f->bmc);
        }
        free(f->told);
        free(f);
        return 0;
}

static void on_note(const char *severity, const char *text, void *userdata) {
        struct fixture *f = userdata;
        char *longer = strprintf("%s%s %s\n", f->told ?: "", severity, text);

        free(f->told);
        f->told = longer;
        f->n_told++;
}

/* Appends a host interface with the host at 127.0.0.18/24 and the service at 127.0.0.1. */
static void describe(struct fixture *f, uint16_t product, unsigned port) {
        uint8_t fields[2 + 0x0d + 1 + 2 + 0x5b] = {0x40, 0x0d, 0x04, 0x0d, 0x25, 0x05};
        uint8_t *p = fields + 2 + 0x0d;

        fields[6] = (uint8_t) product;
        fields[7] = (uint8_t) (product >> 8);
        *p++ = 1;
        *p++ = 0x04;
        *p++ = 0x5b;
        p[0x10] = p[0x11] = p[0x32] = p[0x33] = 1;
        memcpy(p + 0x12, (uint8_t[]){127, 0, 0, 18}, 4);
        memcpy(p + 0x22, (uint8_t[]){255, 255, 255, 0}, 4);
        memcpy(p + 0x34, (uint8_t[]){127, 0, 0, 1}, 4);
        memcpy(p + 0x44, (uint8_t[]){255, 255, 255, 0}, 4);
        p[0x54] = (uint8_t) port;
        p[0x55] = (uint8_t) (port >> 8);
        table_append(&f->table, 42, f->handle++, fields, sizeof(fields), NULL);
}

static struct contact *open_contact(struct fixture *f) {
        bmc_write_tables(&f->bmc, &f->table);
        assert_int_equal(contact_new(&f->environment, &f->wait, f->plan, on_note, f, &f->contact), 0);
        assert_int_equal(contact_read_candidates(f->contact), 0);
        return f->contact;
}

static int reach(struct contact *contact) {
        int r = contact_prepare(contact);

        return r < 0 ? r : contact_connect(contact);
}

static bool told(const struct fixture *f, const char *text) {
        return f->told && strstr(f->told, text);
}

#define FIXTURE(f)                                                                                           \
        struct fixture *f = *state;                                                                          \
        if (!loopback)                                                                                       \
        skip()

static void second_way_is_taken_when_the_first_leads_nowhere(void **state) {
        FIXTURE(f);
        struct contact *contact;

        describe(f, PRESENT, NOBODY);
        describe(f, PRESENT, f->bmc.port);
        contact = open_contact(f);
        assert_int_equal(reach(contact), 0);
        assert_string_equal(contact->way.candidate->source, "host interface 2a01h");
        assert_true(contact->trusted);
        assert_true(told(f, "WARNING 127.0.0.1 on lo: "));
        assert_true(told(f, "as host interface 2a01h has it"));
        assert_int_equal(f->n_told, 2);

        /* The one that was trusted comes first from now on, and nothing is told twice. */
        contact_doubt(contact);
        way_end(&contact->way);
        assert_int_equal(contact_prepare(contact), 0);
        assert_string_equal(contact->way.candidate->source, "host interface 2a01h");
        assert_int_equal(contact_connect(contact), 0);
        assert_int_equal(f->n_told, 2);
}

static void device_that_is_missing_does_not_hold_up_one_that_is_there(void **state) {
        FIXTURE(f);
        uint64_t begin = now_usec();

        f->plan->bmc_interface_wait = 60 * USEC_PER_SEC;
        describe(f, ABSENT, f->bmc.port);
        describe(f, PRESENT, f->bmc.port);
        assert_int_equal(reach(open_contact(f)), 0);
        assert_string_equal(f->contact->way.candidate->source, "host interface 2a01h");
        assert_true(now_usec() - begin < 30 * USEC_PER_SEC);
}

static void what_may_pass_is_told_of_a_round_and_the_rest_beside_it(void **state) {
        FIXTURE(f);
        struct contact *contact;

        describe(f, ABSENT, f->bmc.port);
        describe(f, PRESENT, NOBODY);
        contact = open_contact(f);
        for (unsigned i = 0; i < 2; i++) {
                assert_true(contact_is_passing(reach(contact)));
                assert_non_null(strstr(contact->problem, "127.0.0.1 on lo: "));
                assert_null(contact->way.candidate);
                contact_doubt(contact);
        }
        assert_string_equal(f->told,
                            "WARNING the network device of host interface 2a00h (USB 0525:a4a3) was not "
                            "found within 0.2 s\n");
}

static void only_way_stays_up_for_another_try(void **state) {
        FIXTURE(f);
        struct contact *contact;

        describe(f, PRESENT, f->bmc.port);
        contact = open_contact(f);
        bmc_stop(&f->bmc);
        f->environment.open_ipmi = fake_open_ipmi;
        assert_true(contact_prepare(contact) < 0); /* nobody tells the fingerprint */
        assert_true(contact->way.link != NULL);
        bmc_start(&f->bmc);
        contact_doubt(contact);
        assert_int_equal(reach(contact), 0);
        assert_int_equal(f->n_told, 1);
}

static void certificate_that_is_wrong_everywhere_is_final(void **state) {
        FIXTURE(f);
        int r;

        bmc_fault(&f->bmc, json_pack("{ssss}", "ipmi", "fingerprint", "action", "wrong-digest"));
        describe(f, PRESENT, f->bmc.port);
        describe(f, PRESENT, f->bmc.port);
        r = reach(open_contact(f));
        assert_int_equal(r, -EKEYREJECTED);
        assert_false(contact_is_passing(r));
        assert_int_equal(bmc_count(&f->bmc, "requests"), 0);
}

static void plan_takes_the_place_of_what_firmware_says(void **state) {
        FIXTURE(f);
        _cleanup_(plan_problems_done) struct plan_problems problems = {};
        _cleanup_free_ char *address = strprintf("127.0.0.1:%u", f->bmc.port);
        struct contact *contact;

        assert_int_equal(plan_set(f->plan, "bmc.address", address, "test", &problems), 0);
        assert_int_equal(plan_set(f->plan, "bmc.interface", "lo", "test", &problems), 0);
        assert_int_equal(plan_set(f->plan, "bmc.host-address", "127.0.0.50/24", "test", &problems), 0);
        assert_int_equal(plan_set(f->plan, "bmc.host-address", "127.0.0.50", "test", &problems), -EINVAL);
        describe(f, ABSENT, NOBODY);
        contact = open_contact(f);
        assert_int_equal(contact->candidates.n_items, 1);
        assert_int_equal(reach(contact), 0);
        assert_string_equal(contact->way.candidate->source, "the plan");
        assert_string_equal(FORMAT_IP(&contact->way.candidate->addressing.host), "127.0.0.50");
}

static void plan_names_the_device_of_what_firmware_says(void **state) {
        FIXTURE(f);
        _cleanup_(plan_problems_done) struct plan_problems problems = {};

        assert_int_equal(plan_set(f->plan, "bmc.interface", "usb:0525:a4a2", "test", &problems), 0);
        describe(f, ABSENT, f->bmc.port);
        assert_int_equal(reach(open_contact(f)), 0);
        assert_string_equal(f->contact->way.candidate->source, "host interface 2a00h");
}

/* Port 443 of that address serves nothing: a machine without type 42 is not kept waiting for it. */
static void guess_that_leads_nowhere_is_final(void **state) {
        FIXTURE(f);
        struct contact *contact;
        int r;

        f->environment.open_ipmi = open_lan;
        contact = open_contact(f);
        assert_int_equal(contact->candidates.n_items, 2);
        assert_string_equal(contact->candidates.items[0].source, "LAN channel 1 of IPMI");
        assert_string_equal(FORMAT_IP(&contact->candidates.items[0].addressing.host), "127.0.0.0");
        assert_int_equal(contact->candidates.items[1].addressing.kind, ADDRESSING_DHCP);
        r = reach(contact);
        assert_int_equal(r, -ENXIO);
        assert_false(told(f, "WARNING"));
}

/* Nothing is brought up for a BMC that nobody speaks of and that could not be trusted. */
static void guess_is_left_alone_without_a_fingerprint(void **state) {
        FIXTURE(f);
        struct contact *contact;

        bmc_fault(&f->bmc, json_pack("{sssssi}", "ipmi", "fingerprint", "action", "completion-code",
                                     "completionCode", 0xc1));
        f->environment.open_ipmi = open_lan;
        contact = open_contact(f);
        assert_true(contact_prepare(contact) < 0);
        assert_null(contact->way.candidate);
        assert_int_equal(bmc_count(&f->bmc, "connections"), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(second_way_is_taken_when_the_first_leads_nowhere),
                TEST(device_that_is_missing_does_not_hold_up_one_that_is_there),
                TEST(what_may_pass_is_told_of_a_round_and_the_rest_beside_it),
                TEST(only_way_stays_up_for_another_try),
                TEST(certificate_that_is_wrong_everywhere_is_final),
                TEST(plan_takes_the_place_of_what_firmware_says),
                TEST(plan_names_the_device_of_what_firmware_says),
                TEST(guess_that_leads_nowhere_is_final),
                TEST(guess_is_left_alone_without_a_fingerprint),
        };

        return cmocka_run_group_tests_name("contact", tests, enter_with_http, leave);
}
