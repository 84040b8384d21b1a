/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kept.h: what is kept of the way into the BMC for whoever goes there next in the same boot of the host: the
 * account that it gives out once, and for the second leg of the memory trial the open session as well.
 *
 * It stands in a file in RAM. PID 1 makes it, empty, and wipes it before another kernel or nobody is started;
 * where nobody has made it, nothing is kept. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/state.h"
#include "bmc/redfish/redfish.h"

#define KEPT_FILE      STATE_DIRECTORY "/bmc-session"
#define KEPT_HANDED_ON "/etc/seatrial/bmc-session" /* in the second leg's initramfs, from the first */

#define KEPT_PATH_MAX  255U
#define KEPT_TOKEN_MAX 255U

/* All texts are printable ASCII. Secret: kept_done() wipes it. */
struct kept {
        struct account account;

        /* The session's path and token; empty when none is open. */
        char session[KEPT_PATH_MAX + 1], token[KEPT_TOKEN_MAX + 1];

        /* What was found in it: the computer system that this is, and where its log takes entries. */
        char system[KEPT_PATH_MAX + 1], entries[KEPT_PATH_MAX + 1];

        bool discovery_verified; /* inventory and discovery's report were read back from there */
};

/* As text: a line each, with its newline; behind it a NUL. */
#define KEPT_TEXT_MAX (USER_NAME_MAX + PASSWORD_MAX + KEPT_TOKEN_MAX + 3 * KEPT_PATH_MAX + 16U)

void kept_done(struct kept *kept);

/* Copies text into one of its texts. Returns 0, -EINVAL when it is too long. */
#define kept_text(field, text) kept_set((field), sizeof(field), (text))
int kept_set(char *field, size_t size, const char *text);

/* Takes the text to pieces. Returns 0, -EBADMSG when it is not what kept_write() writes. */
int kept_parse(const char *text, size_t size, struct kept *ret);

/* Returns 0, -ENOENT when nothing is kept, -EBADMSG, a negative errno. */
int kept_read(const char *path, struct kept *ret);

/* The same as the text that it is. */
int kept_read_text(const char *path, char ret[static KEPT_TEXT_MAX], size_t *ret_size);

/* Replaces what is there. Returns 0, -ENOENT when there is no such file, -EINVAL when a text of it cannot be
 * kept, a negative errno. */
int kept_write(const char *path, const struct kept *kept);

/* Wipes what is there; the file stays. Returns 0 (also when there is none), a negative errno. */
int kept_forget(const char *path);

/* For PID 1: makes the file, with what the first leg has handed on, which is wiped there. Returns 0, a
 * negative errno. */
int kept_make(const char *path, const char *handed_on);
