/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <lzma.h>

#include "base/macro.h"
#include "xz.h"

#define DICTIONARY_MIN (1U << 20)
#define DICTIONARY_MAX (1U << 26)

int xz_encode(const void *data, size_t size, uint8_t **ret, size_t *ret_size) {
        _cleanup_free_ uint8_t *buffer = NULL;
        size_t room = lzma_stream_buffer_bound(size), used = 0;
        lzma_options_lzma options;
        lzma_filter filters[] = {
                {LZMA_FILTER_X86, NULL},
                {LZMA_FILTER_LZMA2, &options},
                {LZMA_VLI_UNKNOWN, NULL},
        };
        lzma_ret r;

        if (room == 0 || lzma_lzma_preset(&options, 9 | LZMA_PRESET_EXTREME))
                return -EIO;

        /* The kernel allocates the dictionary: no larger than what it can refer to. Of the other settings, lc
         * 3, lp 0 and pb 2 have been the smallest for x86 programs and libraries against lc 0 to 4 and pb 0
         * to 2. */
        options.dict_size = DICTIONARY_MIN;
        while (options.dict_size < size && options.dict_size < DICTIONARY_MAX)
                options.dict_size *= 2;
        options.nice_len = 273;

        buffer = malloc(room);
        if (!buffer)
                return -ENOMEM;

        r = lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, data, size, buffer, &used, room);
        if (r != LZMA_OK)
                return r == LZMA_MEM_ERROR ? -ENOMEM : -EIO;

        *ret = TAKE_PTR(buffer);
        *ret_size = used;
        return 0;
}
