/* SPDX-License-Identifier: GPL-3.0-or-later */
/* leg.h: what one kernel's memory trial leaves to the next one's. The first tests what it can have; the
 * second is started inside memory that has passed, with the rest kept from it, and tests what the first one
 * sat on. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ranges.h"

/* Where the first one leaves it, and where the second one finds it in its initramfs. */
#define LEG_LEFT  "/run/seatrial/memory-leg"
#define LEG_FOUND "/etc/seatrial/memory-leg"

/* And what the production OS's kernel command line has to have, so that it leaves bad pages alone. */
#define LEG_EXCLUDE "/run/seatrial/memory-exclude"

/* Below, the kernel starts other processors: it stays with whoever runs. */
#define LEG_LOW_END (UINT64_C(1) << 20)

struct leg {
        struct ranges tested;    /* and found good */
        struct ranges remaining; /* RAM that the first kernel used for itself */
        struct ranges bad;       /* pages that failed */
};

void leg_done(struct leg *leg);

/* Reads what leg_write() has written; text is changed. Returns 0, -EBADMSG, -ENOMEM. */
int leg_parse(char *text, struct leg *ret);

/* Returns 0, -ENOENT when there is no such file, -EBADMSG, a negative errno. */
int leg_read(const char *path, struct leg *ret);
int leg_write(const char *path, const struct leg *leg);

/* Chooses where the second kernel lives: pieces of at least LEG_PIECE_MIN tested bytes below 4 GiB, the
 * largest first, until they are size bytes together. Returns 0, -ENOSPC when there are not so many, -ENOMEM.
 */
#define LEG_PIECE_MIN (UINT64_C(64) << 20)
int leg_choose_home(const struct leg *leg, uint64_t size, struct ranges *ret);

/* Appends to the kernel command line line what keeps RAM outside home, but for the first MiB, from the
 * kernel. Returns 0, -ENOMEM; newly allocated. */
int leg_command_line(const char *line, const struct ranges *ram, const struct ranges *home, char **ret);
