/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "bmc/channel.h"
#include "journal.h"
#include "sink.h"

/* The channel, which reads the journal's file at its own pace, is somebody else's: nothing to free here. */
static void bmc_free(void *p _unused_) {
}

static int bmc_open(const struct sink_environment *environment, void **ret) {
        *ret = environment->options->channel;
        return environment->options->channel != NULL;
}

static int bmc_record(void *p, const struct journal_record *record) {
        channel_notify(p, record->number);
        return 0;
}

static int bmc_flush(void *p, uint64_t timeout_usec) {
        return channel_flush(p, timeout_usec);
}

static int bmc_close(void *p, uint64_t timeout_usec) {
        return channel_close(p, timeout_usec);
}

const struct sink sink_bmc = {
        .name = "BMC channel",
        .open = bmc_open,
        .record = bmc_record,
        .flush = bmc_flush,
        .close = bmc_close,
        .free = bmc_free,
};
