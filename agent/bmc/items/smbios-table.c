/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the firmware says of this machine, so that the BMC can show it without an operating system. The blob
 * /smbios takes the table with its entry point behind it. */

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "bmc/ipmi/blob.h"
#include "bmc/ipmi/ipmi.h"
#include "bmc/wait.h"
#include "item.h"

#define BLOB           "/smbios"
#define TABLE_MAX      ((size_t) 64 * 1024) /* what OpenBMC takes */
#define SLICE          (200 * USEC_PER_MSEC)
#define COMMIT_PAUSE   (50 * USEC_PER_MSEC)
#define COMMIT_TIMEOUT (10 * USEC_PER_SEC)
#define TRIES_MAX      3U

struct smbios_table {
        enum { WAITING, FIND, OPEN, WRITE, COMMIT, POLL, OVER } phase;
        struct ipmi_way way;
        struct blob blob;
        unsigned tries;

        uint8_t *data;
        size_t size, written;
        uint64_t until; /* in now_usec() time: when the BMC must have stored it */
};

static int smbios_table_see(void *state, const struct happening *h) {
        struct smbios_table *table = state;

        if (h->kind == STAGE_BEGINS && table->phase == WAITING)
                table->phase = FIND;
        return 0;
}

static int read_part(const char *sys_root, const char *name, char **ret, size_t *ret_size) {
        _cleanup_free_ char *path = strprintf("%s/firmware/dmi/tables/%s", sys_root, name);

        return path ? read_file(path, TABLE_MAX, ret, ret_size) : -ENOMEM;
}

static int read_table(struct smbios_table *table, const char *sys_root) {
        _cleanup_free_ char *dmi = NULL, *entry_point = NULL;
        size_t dmi_size, entry_point_size;
        int r;

        r = read_part(sys_root, "DMI", &dmi, &dmi_size);
        if (r >= 0)
                r = read_part(sys_root, "smbios_entry_point", &entry_point, &entry_point_size);
        if (r < 0)
                return r;
        if (dmi_size + entry_point_size > TABLE_MAX)
                return -EFBIG;

        table->size = dmi_size + entry_point_size;
        table->data = malloc(table->size);
        if (!table->data)
                return -ENOMEM;

        memcpy(table->data, dmi, dmi_size);
        memcpy(table->data + dmi_size, entry_point, entry_point_size);
        return 0;
}

static int finish(struct smbios_table *table, struct item_call *call, enum item_state state, char *detail) {
        item_report(call, table->way.name, state, detail);
        table->phase = OVER;
        return 0;
}

static int find(struct smbios_table *table, struct item_call *call, char **ret_problem) {
        int r;

        r = blob_find(&table->blob, BLOB, ret_problem);
        if (r < 0)
                return r;
        if (r == 0)
                return finish(
                        table, call, ITEM_NOT_OFFERED,
                        strprintf("%s: the BMC has blobs, and none called " BLOB, table->blob.ipmi->name));

        if (!table->data) {
                r = read_table(table, call->options->sys_root);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        return finish(table, call, ITEM_REFUSED,
                                      strprintf("the table in %s/firmware/dmi/tables cannot be taken: %s",
                                                call->options->sys_root, strerror(-r)));
        }

        table->phase = OPEN;
        return 0;
}

static int write_chunk(struct smbios_table *table, char **ret_problem) {
        size_t n;
        int r;

        r = blob_write(&table->blob, table->written, table->data + table->written,
                       table->size - table->written, &n, ret_problem);
        if (r < 0)
                return r;

        table->written += n;
        if (table->written == table->size)
                table->phase = COMMIT;
        return 0;
}

static int poll_commit(struct smbios_table *table, struct item_call *call, char **ret_problem) {
        uint16_t state;
        int r;

        r = blob_get_state(&table->blob, &state, ret_problem);
        if (r < 0)
                return r;

        if (state & BLOB_COMMIT_ERROR)
                finish(table, call, ITEM_REFUSED,
                       strprintf("%s: the BMC could not store the table", table->blob.ipmi->name));
        else if (state & BLOB_COMMITTED)
                finish(table, call, ITEM_VERIFIED,
                       strprintf("%s: %zu bytes, which the BMC says are stored", table->blob.ipmi->name,
                                 table->size));
        else if (now_usec() >= table->until)
                finish(table, call, ITEM_ACCEPTED,
                       strprintf("%s: the BMC has not stored the table within %s", table->blob.ipmi->name,
                                 FORMAT_DURATION(COMMIT_TIMEOUT)));
        else {
                r = wait_for(call->means->wait, -EBADF, 0, wait_until(call->means->wait, COMMIT_PAUSE));
                return r == -ETIMEDOUT ? 0 : r;
        }

        /* It holds one session at a time. That this one cannot be closed is nothing that matters here. */
        if (blob_close(&table->blob, ret_problem) < 0)
                free(TAKE_PTR(*ret_problem));
        return 0;
}

static int step(struct smbios_table *table, struct item_call *call, char **ret_problem) {
        int r;

        switch (table->phase) {
        case FIND:
                return find(table, call, ret_problem);
        case OPEN:
                r = blob_open(&table->blob, BLOB, ret_problem);
                if (r >= 0) {
                        table->written = 0;
                        table->phase = WRITE;
                }
                return r;
        case WRITE:
                return write_chunk(table, ret_problem);
        case COMMIT:
                r = blob_commit(&table->blob, ret_problem);
                if (r >= 0) {
                        table->until = now_usec() + COMMIT_TIMEOUT;
                        table->phase = POLL;
                }
                return r;
        case POLL:
                return poll_commit(table, call, ret_problem);
        default:
                return 0;
        }
}

/* Returns 1 to go on at once. */
static int failed(struct smbios_table *table, struct item_call *call, int error, char *problem) {
        int r;

        r = item_ipmi_failed(call, &table->way, error, problem);
        if (r < 0)
                return r;

        /* The session may have ended with a restart of the BMC: from the beginning, but not for ever. */
        table->phase = item_is_answer(error) && error != -EOPNOTSUPP ? OVER : FIND;
        if (!item_is_answer(error) && ++table->tries == TRIES_MAX)
                table->phase = OVER;
        return r;
}

static int smbios_table_write(void *state, struct item_call *call) {
        struct smbios_table *table = state;
        uint64_t end = now_usec() + SLICE;

        table->way.name = "OpenBMC blob " BLOB;
        while (table->phase != WAITING && table->phase != OVER) {
                _cleanup_free_ char *problem = NULL;
                int r, error;

                table->blob.ipmi = item_ipmi(call, &table->way);
                table->blob.wait = call->means->wait;
                if (!table->blob.ipmi)
                        return 0;

                error = step(table, call, &problem);
                if (error < 0) {
                        r = failed(table, call, error, TAKE_PTR(problem));
                        if (r <= 0)
                                return r;
                }
                if (now_usec() >= end)
                        return table->phase != OVER;
        }

        return 0;
}

static void smbios_table_done(void *state) {
        struct smbios_table *table = state;

        free(table->data);
}

const struct item item_smbios_table = {
        .name = "SMBIOS table",
        .state_size = sizeof(struct smbios_table),
        .see = smbios_table_see,
        .write = smbios_table_write,
        .done = smbios_table_done,
};
