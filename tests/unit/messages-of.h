/* SPDX-License-Identifier: GPL-3.0-or-later */
/* messages-of.h: what somebody has reported through a pipe. */
#pragma once

#include "base/fd.h"
#include "base/message.h"
#include "tests/unit/unit.h"

static int messages_of_append(const json_t *message, void *userdata) {
        return json_append(userdata, json_incref((json_t *) message));
}

/* All of it up to its end, as an array. Closes fd. */
static json_t *messages_of(int fd) {
        struct messages messages = {};
        json_t *array = json_array();
        int r;

        while ((r = messages_read(&messages, fd, 1 << 20, messages_of_append, array)) > 0)
                ;
        assert_int_equal(r, 0);

        messages_done(&messages);
        safe_close(fd);
        return array;
}
