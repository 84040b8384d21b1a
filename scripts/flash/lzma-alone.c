/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <lzma.h>
#include <string.h>

#include "base/macro.h"
#include "lzma-alone.h"

/* LZMA-alone: one byte of properties, four of dictionary size, eight of uncompressed size. */
#define HEADER_SIZE 13U
#define SIZE_OFFSET 5U

#define DICTIONARY_MIN (64U * 1024)
#define DICTIONARY_MAX (16U * 1024 * 1024)
#define MEMORY_MAX     (256ULL * 1024 * 1024)

static int errno_from_lzma(lzma_ret r) {
        switch (r) {
        case LZMA_STREAM_END:
                return 0;
        case LZMA_MEM_ERROR:
                return -ENOMEM;
        case LZMA_FORMAT_ERROR:
        case LZMA_DATA_ERROR:
        case LZMA_OPTIONS_ERROR:
        case LZMA_MEMLIMIT_ERROR:
        case LZMA_BUF_ERROR:
        case LZMA_OK:
                return -EBADMSG;
        default:
                return -EIO;
        }
}

int alone_decode(const void *data, size_t size, size_t max, uint8_t **ret, size_t *ret_size) {
        _cleanup_free_ uint8_t *buffer = NULL;
        lzma_stream stream = LZMA_STREAM_INIT;
        uint64_t decoded_size;
        lzma_ret r;

        if (size < HEADER_SIZE)
                return -EBADMSG;

        memcpy(&decoded_size, (const uint8_t *) data + SIZE_OFFSET, sizeof(decoded_size));
        if (decoded_size == UINT64_MAX)
                return -EBADMSG;
        if (decoded_size > max)
                return -EFBIG;

        buffer = malloc(MAX(decoded_size, (uint64_t) 1));
        if (!buffer)
                return -ENOMEM;

        r = lzma_alone_decoder(&stream, MEMORY_MAX);
        if (r == LZMA_OK) {
                stream.next_in = data;
                stream.avail_in = size;
                stream.next_out = buffer;
                stream.avail_out = decoded_size;
                r = lzma_code(&stream, LZMA_FINISH);
        }
        lzma_end(&stream);

        /* Data without an end marker is complete when the size that the header gives has come out. */
        if (r == LZMA_OK && stream.avail_out == 0)
                r = LZMA_STREAM_END;
        if (r != LZMA_STREAM_END)
                return errno_from_lzma(r);
        if (stream.avail_out != 0)
                return -EBADMSG;

        *ret = TAKE_PTR(buffer);
        *ret_size = decoded_size;
        return 0;
}

int alone_encode(const void *data, size_t size, uint8_t **ret, size_t *ret_size) {
        _cleanup_free_ uint8_t *buffer = NULL;
        lzma_stream stream = LZMA_STREAM_INIT;
        size_t room = lzma_stream_buffer_bound(size);
        uint64_t decoded_size = size;
        lzma_options_lzma options;
        lzma_ret r;

        if (room == 0 || lzma_lzma_preset(&options, 9 | LZMA_PRESET_EXTREME))
                return -EIO;

        options.dict_size = DICTIONARY_MIN;
        while (options.dict_size < size && options.dict_size < DICTIONARY_MAX)
                options.dict_size *= 2;

        buffer = malloc(room);
        if (!buffer)
                return -ENOMEM;

        r = lzma_alone_encoder(&stream, &options);
        if (r == LZMA_OK) {
                stream.next_in = data;
                stream.avail_in = size;
                stream.next_out = buffer;
                stream.avail_out = room;
                r = lzma_code(&stream, LZMA_FINISH);
        }
        lzma_end(&stream);
        if (r != LZMA_STREAM_END)
                return r == LZMA_MEM_ERROR ? -ENOMEM : -EIO;

        /* liblzma says "unknown" there and writes an end marker; edk2 wants the size. */
        memcpy(buffer + SIZE_OFFSET, &decoded_size, sizeof(decoded_size));
        *ret_size = room - stream.avail_out;
        *ret = TAKE_PTR(buffer);
        return 0;
}
