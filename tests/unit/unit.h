/* SPDX-License-Identifier: GPL-3.0-or-later */
/* unit.h: what every unit test begins with. */
#pragma once

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
