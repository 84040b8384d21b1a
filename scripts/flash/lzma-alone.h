/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lzma-alone.h: LZMA-alone as edk2's LzmaCustomDecompressLib reads it: the header holds the real size. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Decodes size bytes at data into a new buffer. Returns 0, -EBADMSG when they are no LZMA or end too early,
 * -EFBIG when the header promises more than max bytes, -ENOMEM. */
int alone_decode(const void *data, size_t size, size_t max, uint8_t **ret, size_t *ret_size);

/* Encodes size bytes at data into a new buffer. Returns 0, -ENOMEM, -EIO when liblzma fails otherwise. */
int alone_encode(const void *data, size_t size, uint8_t **ret, size_t *ret_size);
