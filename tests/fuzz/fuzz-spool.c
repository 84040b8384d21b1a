/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What NVRAM may hold instead of a spool. The input is a spool's text, which is given the right frame, so
 * that the fuzzer need not find out checksums. */

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "bmc/journal-reader.h"
#include "bmc/spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_through(json_t *spool) {
        const json_t *run;
        void *packed;
        size_t i, packed_size;

        json_array_foreach(spool, i, run) {
                struct journal_batch batch = {};

                if (spool_batch(run, 0, 100, &batch) < 0)
                        abort();
                journal_batch_done(&batch);
        }

        if (spool_pack(spool, 512, &packed, &packed_size) >= 0)
                free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        uint32_t text_size = (uint32_t) size, crc;
        uLongf room = compressBound(size);
        uint8_t *framed = malloc(12 + room);
        json_t *spool = NULL;

        if (spool_unpack(data, size, &spool) >= 0)
                look_through(spool);
        json_decref(spool);
        spool = NULL;

        if (compress2(framed + 12, &room, data, size, 1) != Z_OK)
                abort();
        crc = (uint32_t) crc32(0, framed + 12, (uInt) room);
        memcpy(framed, "SPL1", 4);
        memcpy(framed + 4, &text_size, 4);
        memcpy(framed + 8, &crc, 4);
        if (spool_unpack(framed, 12 + room, &spool) >= 0)
                look_through(spool);
        json_decref(spool);
        free(framed);
        return 0;
}
