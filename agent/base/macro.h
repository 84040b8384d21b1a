/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f)   __attribute__((cleanup(f)))
#define _printf_(f, a) __attribute__((format(printf, f, a)))
#define _unused_       __attribute__((unused))
#define _noreturn_     __attribute__((noreturn))

#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))
#define STRLEN(s)     (sizeof("" s "") - 1)

/* Some system headers bring those of <sys/param.h> along, whose operands are evaluated twice. */
#undef MIN
#undef MAX

/* The number gives nested uses names of their own. */
#define MIN(a, b)          PICK_(__COUNTER__, <, a, b)
#define MAX(a, b)          PICK_(__COUNTER__, >, a, b)
#define PICK_(n, op, a, b) PICK__(n, op, a, b)
#define PICK__(n, op, a, b)                                                                                  \
        ({                                                                                                   \
                __typeof__(a) _a##n = (a);                                                                   \
                __typeof__(b) _b##n = (b);                                                                   \
                _a##n op _b##n ? _a##n : _b##n;                                                              \
        })

/* Hands the value over to somebody else: returns it and leaves NULL (or -EBADF) behind for the cleanup. */
#define TAKE(x, null)                                                                                        \
        ({                                                                                                   \
                __typeof__(x) _x = (x);                                                                      \
                (x) = (null);                                                                                \
                _x;                                                                                          \
        })
#define TAKE_PTR(p) TAKE(p, NULL)
#define TAKE_FD(fd) TAKE(fd, -EBADF)

/* Defines the function for _cleanup_() that frees a pointer's target with f, which must take NULL. */
#define DEFINE_CLEANUP(type, f)                                                                              \
        static inline void f##p(type *p) {                                                                   \
                if (*p)                                                                                      \
                        f(*p);                                                                               \
        }                                                                                                    \
        struct __useless_struct_to_allow_trailing_semicolon__

static inline void freep(void *p) {
        free(*(void **) p);
}

#define _cleanup_free_ _cleanup_(freep)
