/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mark.h: the write-ahead mark. It says in an EFI variable where a boot has got to, before it gets there, and
 * is removed when the boot comes to an end of its own will (PID 1 does). One that is found at start was left
 * by a boot that a reset, a hang or a power cut has ended. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MARK_VARIABLE "SeatrialMark"

struct mark {
        char boot[40];  /* UUID in text form */
        char stage[32]; /* "trial" */
        char step[64];  /* "memory"; empty in a stage whose steps are not marked */
        unsigned percent;
        char time[32]; /* when it was written, as the journal's records have it */
};

/* Functions return 0 or a negative errno; -EOPNOTSUPP where the firmware offers no variables. root:
 * EFI_VARIABLE_ROOT, or another place in tests. */

/* text: what a variable holds; anybody with root on the machine can have written it. Returns -EBADMSG when it
 * is no mark. */
int mark_decode(const char *text, size_t size, struct mark *ret);

/* Returns -ENOENT when there is none, -EBADMSG. */
int mark_read(const char *root, struct mark *ret);

/* Returns -ENOSPC when the firmware has no room for it. */
int mark_write(const char *root, const struct mark *mark);

/* Returns 0 also when there is none. */
int mark_remove(const char *root);

/* "in stage trial, step memory, 40 % done". NULL when memory is short. */
char *mark_describe(const struct mark *mark);
