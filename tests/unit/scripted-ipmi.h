/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scripted-ipmi.h: a way to a BMC that answers with what the test has put down for it. */
#pragma once

#include <errno.h>
#include <string.h>

#include "bmc/ipmi/ipmi.h"
#include "bmc/wait.h"
#include "tests/unit/unit.h"

struct scripted {
        struct ipmi ipmi;
        const uint8_t *responses[8];
        size_t sizes[8];
        unsigned n_asked;
        uint8_t netfn, command, request[64];
        size_t request_size;
};

static inline int scripted_exchange(struct ipmi *ipmi, struct wait *w _unused_, uint8_t netfn,
                                    uint8_t command, const void *request, size_t size,
                                    uint64_t until _unused_, uint8_t response[static IPMI_RESPONSE_MAX],
                                    size_t *ret_size) {
        struct scripted *s = (struct scripted *) ipmi;
        unsigned i = s->n_asked++;

        s->netfn = netfn;
        s->command = command;
        s->request_size = size;
        assert_in_range(size, 0, sizeof(s->request));
        if (size > 0)
                memcpy(s->request, request, size);

        assert_in_range(i, 0, 7);
        if (!s->responses[i])
                return -ETIMEDOUT;

        memcpy(response, s->responses[i], s->sizes[i]);
        *ret_size = s->sizes[i];
        return 0;
}

static const struct ipmi_operations scripted_operations = {.exchange = scripted_exchange};

static inline struct scripted scripted(void) {
        static char name[] = "/dev/ipmi0";

        return (struct scripted){.ipmi = {.name = name, .operations = &scripted_operations}};
}

#define ANSWER(s, i, ...)                                                                                    \
        do {                                                                                                 \
                static const uint8_t bytes_[] = {__VA_ARGS__};                                               \
                (s)->responses[i] = bytes_;                                                                  \
                (s)->sizes[i] = sizeof(bytes_);                                                              \
        } while (0)
