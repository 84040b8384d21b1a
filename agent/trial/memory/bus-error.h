/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bus-error.h: SIGBUS, by which the kernel tells a process that memory which it reads holds an uncorrected
 * error, caught in the thread that it hits. */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

struct bus_error {
        const char *address; /* of the page that is gone */
        size_t size;         /* 0 where the kernel does not tell which it is */
};

/* From now on a SIGBUS in a thread that is between bus_error_expect() and bus_error_expect(NULL) jumps there;
 * any other one kills the process as before. Returns 0, a negative errno. */
int bus_errors_catch(void);

/* Where this thread goes on after a bus error: sigsetjmp()'s buffer, NULL for nowhere. */
void bus_error_expect(sigjmp_buf *buffer);

/* The one that this thread came back with. */
struct bus_error bus_error_last(void);
