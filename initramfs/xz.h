/* SPDX-License-Identifier: GPL-3.0-or-later */
/* xz.h: packs for the decoder in Linux, Documentation/staging/xz.rst: CRC32, the x86 filter, LZMA2. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Packs size bytes at data into a new buffer, as small as it gets, the same every time. Returns 0, -ENOMEM,
 * -EIO when liblzma fails otherwise. */
int xz_encode(const void *data, size_t size, uint8_t **ret, size_t *ret_size);
