/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "json.h"
#include "outcome.h"
#include "text.h"

static const char *const actions[] = {
        [OUTCOME_RESCUE] = "rescue",
        [OUTCOME_KEXEC] = "kexec",
        [OUTCOME_POWEROFF] = "poweroff",
        [OUTCOME_REBOOT] = "reboot",
};

int outcome_write(enum outcome_action action, const char *reason) {
        _cleanup_json_ json_t *json = NULL;
        _cleanup_free_ char *text = NULL;

        json = json_pack("{s:s, s:s}", "action", actions[action], "reason", reason);
        text = json ? json_dumps(json, JSON_COMPACT) : NULL;
        if (!text)
                return -ENOMEM;

        return write_file_atomic(OUTCOME_FILE, text, strlen(text), 0600);
}

int outcome_take(struct outcome *ret) {
        _cleanup_json_ json_t *json = NULL;
        _cleanup_free_ char *text = NULL;
        const char *action, *reason;
        size_t size;
        int r;

        r = read_file(OUTCOME_FILE, 64 * 1024, &text, &size);
        if (r < 0)
                return r;

        if (unlink(OUTCOME_FILE) < 0)
                return -errno;

        r = json_parse(text, size, &json);
        if (r < 0)
                return r;

        action = json_get_string(json, "action");
        reason = json_get_string(json, "reason");
        if (!action || !reason)
                return -EBADMSG;

        for (size_t i = 0; i < ELEMENTSOF(actions); i++)
                if (streq(actions[i], action)) {
                        char *copy = strdup(reason);

                        if (!copy)
                                return -ENOMEM;

                        *ret = (struct outcome){.action = (enum outcome_action) i, .reason = copy};
                        return 0;
                }

        return -EBADMSG;
}

void outcome_done(struct outcome *outcome) {
        free(outcome->reason);
        outcome->reason = NULL;
}
