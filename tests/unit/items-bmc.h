/* SPDX-License-Identifier: GPL-3.0-or-later */
/* items-bmc.h: a BMC in memory with all that items are written to, each command of which may misbehave. */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bmc/ipmi/blob.h"
#include "bmc/ipmi/ipmi.h"
#include "bmc/ipmi/sel.h"
#include "bmc/items/items.h"
#include "bmc/wait.h"
#include "tests/unit/unit.h"

/* NetFn and command. */
#define PLATFORM_EVENT    0x0402
#define SET_SYSTEM_INFO   0x0658
#define GET_SYSTEM_INFO   0x0659
#define GET_SEL_ENTRY     0x0a43
#define ADD_SEL_ENTRY     0x0a44
#define SET_BOOT_PROGRESS 0x2c02
#define GET_BOOT_PROGRESS 0x2c03
#define BLOB              0x2e80

enum behaviour {
        WORKS,
        UNKNOWN_COMMAND,
        REFUSES,
        LIES,             /* says yes, and does nothing */
        REFUSES_BUT_DOES, /* does it, and says no */
        DOES_SILENTLY,    /* does it, and does not answer */
        SILENT,
};

struct bmc {
        struct ipmi ipmi;
        uint8_t behaviours[0x10000]; /* enum behaviour, by NetFn and command */
        unsigned asked[0x10000], n_asked;

        uint8_t records[64][16];
        unsigned n_records, n_events; /* of them: those written by us */
        bool another_writes;          /* an event of its own after each of ours */

        uint8_t system_info[8][17][16];
        uint8_t boot_progress[9];

        uint8_t blob[65536];
        size_t blob_size, blob_message_max;
        const char *blob_name; /* NULL: none */
        uint16_t blob_state, blob_state_after_commit;
        unsigned n_opened;
};

static inline void bmc_store(struct bmc *bmc, const uint8_t *event) {
        uint8_t *record = bmc->records[bmc->n_records];
        uint16_t id = (uint16_t) (0x100 + bmc->n_records++);

        memcpy(record, (const uint8_t[]){(uint8_t) id, (uint8_t) (id >> 8), 0x02, 1, 2, 3, 4}, 7);
        memcpy(record + 7, event, 9);
}

static inline void bmc_store_ours(struct bmc *bmc, const uint8_t *event) {
        static const uint8_t another[9] = {0x20, 0, 4, 1, 1, 1, 0x57, 0, 0};

        bmc->n_events++;
        bmc_store(bmc, event);
        if (bmc->another_writes)
                bmc_store(bmc, another);
}

static inline size_t bmc_get_record(const struct bmc *bmc, const uint8_t *request, uint8_t *response) {
        unsigned id = (unsigned) (request[2] | request[3] << 8), i, next;

        i = id == SEL_FIRST ? 0 : id == SEL_LAST ? bmc->n_records - 1 : id - 0x100;
        if (i >= bmc->n_records) {
                response[0] = 0xcb;
                return 1;
        }

        next = i + 1 < bmc->n_records ? 0x100 + i + 1 : SEL_LAST;
        memcpy(response, (const uint8_t[]){0, (uint8_t) next, (uint8_t) (next >> 8)}, 3);
        memcpy(response + 3, bmc->records[i], 16);
        return 19;
}

/* Fills in the body behind its CRC. */
static inline size_t bmc_blob_body(struct bmc *bmc, uint8_t subcommand, const uint8_t *body, size_t size,
                                   uint8_t *ret) {
        size_t length = strlen(bmc->blob_name ?: "") + 1;
        uint32_t offset;

        switch (subcommand) {
        case 0:
                ret[0] = bmc->blob_name ? 1 : 0;
                return 4;
        case 1:
                memcpy(ret, bmc->blob_name, length);
                return length;
        case 2:
                assert_int_equal(size, 2 + length);
                assert_memory_equal(body + 2, bmc->blob_name, length);
                bmc->n_opened++;
                bmc->blob_size = 0;
                bmc->blob_state = 2;
                memcpy(ret, "\x34\x12", 2);
                return 2;
        case 4:
                offset = (uint32_t) (body[2] | body[3] << 8 | body[4] << 16);
                memcpy(bmc->blob + offset, body + 6, size - 6);
                bmc->blob_size = MAX(bmc->blob_size, offset + size - 6);
                return 0;
        case 5:
                bmc->blob_state = bmc->blob_state_after_commit;
                return 0;
        case 9:
                memcpy(ret, (const uint8_t[]){(uint8_t) bmc->blob_state, 0, 0, 0, 0, 0, 0}, 7);
                return 7;
        default:
                return 0;
        }
}

static inline size_t bmc_blob(struct bmc *bmc, const uint8_t *request, size_t size, uint8_t *response) {
        size_t n;

        assert_true(size == 4 || size > 6);
        if (size > 6)
                assert_int_equal(blob_crc(request + 6, size - 6), request[4] | request[5] << 8);
        if (bmc->blob_message_max && size > bmc->blob_message_max) {
                response[0] = 0xc7;
                return 1;
        }
        if (request[3] > 2)
                assert_memory_equal(request + 6, "\x34\x12", 2);

        memcpy(response, (const uint8_t[]){0, 0xcf, 0xc2, 0, 0, 0, 0, 0, 0, 0}, 10);
        n = bmc_blob_body(bmc, request[3], request + 6, size == 4 ? 0 : size - 6, response + 6);
        if (n == 0)
                return 4;

        response[4] = (uint8_t) blob_crc(response + 6, n);
        response[5] = (uint8_t) (blob_crc(response + 6, n) >> 8);
        return 6 + n;
}

static inline size_t bmc_answer(struct bmc *bmc, unsigned code, const uint8_t *request, size_t size,
                                uint8_t *response) {
        uint8_t event[9] = {};

        response[0] = 0;
        switch (code) {
        case PLATFORM_EVENT:
                event[0] = request[0];
                memcpy(event + 2, request + 1, 7);
                bmc_store_ours(bmc, event);
                return 1;
        case ADD_SEL_ENTRY:
                bmc_store_ours(bmc, request + 7);
                return 3;
        case GET_SEL_ENTRY:
                return bmc_get_record(bmc, request, response);
        case SET_SYSTEM_INFO:
                memcpy(bmc->system_info[request[0]][request[1]], request + 2, 16);
                return 1;
        case GET_SYSTEM_INFO:
                response[1] = 0x11;
                response[2] = request[2];
                memcpy(response + 3, bmc->system_info[request[1]][request[2]], 16);
                return 19;
        case SET_BOOT_PROGRESS:
                memcpy(bmc->boot_progress, request + 1, 9);
                response[1] = 0xae;
                return 2;
        case GET_BOOT_PROGRESS:
                response[1] = 0xae;
                memcpy(response + 2, bmc->boot_progress, 9);
                return 11;
        case BLOB:
                return bmc_blob(bmc, request, size, response);
        default:
                response[0] = 0xc1;
                return 1;
        }
}

static inline int bmc_exchange(struct ipmi *ipmi, struct wait *w _unused_, uint8_t netfn, uint8_t command,
                               const void *request, size_t size, uint64_t until _unused_,
                               uint8_t response[static IPMI_RESPONSE_MAX], size_t *ret_size) {
        struct bmc *bmc = (struct bmc *) ipmi;
        unsigned code = (unsigned) netfn << 8 | command;

        bmc->n_asked++;
        bmc->asked[code]++;
        *ret_size = 1;
        switch ((enum behaviour) bmc->behaviours[code]) {
        case WORKS:
                *ret_size = bmc_answer(bmc, code, request, size, response);
                return 0;
        case UNKNOWN_COMMAND:
                response[0] = 0xc1;
                return 0;
        case REFUSES:
                response[0] = 0xc4;
                return 0;
        case LIES:
                memcpy(response, (const uint8_t[]){0, 0xff, 0xff}, 3);
                *ret_size = 3;
                return 0;
        case REFUSES_BUT_DOES:
                bmc_answer(bmc, code, request, size, response);
                response[0] = 0xcc;
                return 0;
        case DOES_SILENTLY:
                bmc_answer(bmc, code, request, size, response);
                return -ETIMEDOUT;
        case SILENT:
                break;
        }

        return -ETIMEDOUT;
}

static const struct ipmi_operations bmc_operations = {.exchange = bmc_exchange};

/* The items of a test, with what they report as "way: state" lines. */
struct state {
        struct bmc bmc, second;
        struct ipmi *list_items[2];
        struct ipmi_list list;
        struct wait wait;
        struct items *items;
        struct items_options options;
        const char *only; /* the item whose reports count */
        char reports[2048];
        char detail[256]; /* of the last one */
};

static inline void on_report(const char *item, const char *way, enum item_state item_state,
                             const char *detail, void *userdata) {
        struct state *s = userdata;

        if (!streq(item, s->only))
                return;
        snprintf(s->reports + strlen(s->reports), sizeof(s->reports) - strlen(s->reports), "%s: %s\n", way,
                 item_state_text(item_state));
        snprintf(s->detail, sizeof(s->detail), "%s", detail);
}

static inline int state_setup(void **state, const char *only) {
        static char names[2][16] = {"/dev/ipmi0", "/dev/ipmi1"};
        struct state *s = calloc(1, sizeof(*s));

        s->only = only;
        s->options.sys_root = "/nonexistent";
        s->bmc.ipmi = (struct ipmi){.name = names[0], .operations = &bmc_operations};
        s->bmc.blob_state_after_commit = BLOB_COMMITTED;
        s->second.ipmi = (struct ipmi){.name = names[1], .operations = &bmc_operations};
        s->list_items[0] = &s->bmc.ipmi;
        s->list_items[1] = &s->second.ipmi;
        s->list = (struct ipmi_list){.items = s->list_items, .n_items = 1};
        s->wait = WAIT_ALONE;
        assert_int_equal(items_new(&s->options, &s->items), 0);
        *state = s;
        return 0;
}

static inline int teardown(void **state) {
        struct state *s = *state;

        items_free(s->items);
        free(s);
        return 0;
}

static inline void see(struct state *s, const char *text) {
        _cleanup_json_ json_t *record = NULL;

        assert_int_equal(json_parse(text, strlen(text), &record), 0);
        assert_int_equal(items_see(s->items, record), 0);
}

static inline void see_begin(struct state *s, const char *stage) {
        _cleanup_free_ char *text = strprintf(
                "{\"testRunArtifact\":{\"testRunStart\":{\"metadata\":{\"stage\":\"%s\"}}}}", stage);

        see(s, text);
}

static inline void see_end(struct state *s, const char *status, const char *result) {
        _cleanup_free_ char *text =
                strprintf("{\"testRunArtifact\":{\"testRunEnd\":{\"status\":\"%s\",\"result\":\"%s\"}}}",
                          status, result);

        see(s, text);
}

/* As often as there is more to be done at once. */
static inline void write_items(struct state *s) {
        struct item_means means = {.ipmi = &s->list, .wait = &s->wait};
        int r;

        do
                r = items_write(s->items, &means, on_report, s);
        while (r > 0);
        assert_int_equal(r, 0);
}
