/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/message.h"

/* What a child whose memory is bad may write. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_json_ json_t *value = NULL;

        (void) message_decode(data, size, &value);
        return 0;
}
