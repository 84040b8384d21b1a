/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/efi-variable.h"
#include "base/json.h"
#include "base/text.h"
#include "mark.h"

/* Printable ASCII that fits; empty only where that is allowed. */
static int take_text(const json_t *json, const char *key, bool may_be_empty, char *ret, size_t size) {
        const char *text = json_get_string(json, key);

        if (!text || (!*text && !may_be_empty) || strlen(text) >= size)
                return -EBADMSG;

        for (const char *c = text; *c; c++)
                if (*c < ' ' || *c > '~')
                        return -EBADMSG;

        strcpy(ret, text);
        return 0;
}

int mark_decode(const char *text, size_t size, struct mark *ret) {
        _cleanup_json_ json_t *json = NULL;
        struct mark mark = {};
        int64_t percent;
        int r;

        r = json_parse(text, size, &json);
        if (r < 0)
                return r;

        percent = json_get_integer(json, "percent", -1);
        if (percent < 0 || percent > 100 ||
            take_text(json, "boot", false, mark.boot, sizeof(mark.boot)) < 0 ||
            take_text(json, "stage", false, mark.stage, sizeof(mark.stage)) < 0 ||
            take_text(json, "step", true, mark.step, sizeof(mark.step)) < 0 ||
            take_text(json, "time", false, mark.time, sizeof(mark.time)) < 0)
                return -EBADMSG;

        mark.percent = (unsigned) percent;
        *ret = mark;
        return 0;
}

int mark_read(const char *root, struct mark *ret) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = efi_variable_read(root, MARK_VARIABLE, &text, &size);
        if (r < 0)
                return r;

        return mark_decode(text, size, ret);
}

int mark_write(const char *root, const struct mark *mark) {
        _cleanup_json_ json_t *json = NULL;
        _cleanup_free_ char *text = NULL;

        json = json_pack("{s:s, s:s, s:s, s:i, s:s}", "boot", mark->boot, "stage", mark->stage, "step",
                         mark->step, "percent", (int) mark->percent, "time", mark->time);
        text = json ? json_dumps(json, JSON_COMPACT) : NULL;
        if (!text)
                return -ENOMEM;

        return efi_variable_write(root, MARK_VARIABLE, text, strlen(text));
}

int mark_remove(const char *root) {
        return efi_variable_delete(root, MARK_VARIABLE);
}

char *mark_describe(const struct mark *mark) {
        if (!*mark->step)
                return strprintf("in stage %s", mark->stage);
        if (mark->percent == 0)
                return strprintf("in stage %s, step %s", mark->stage, mark->step);

        return strprintf("in stage %s, step %s, %u %% done", mark->stage, mark->step, mark->percent);
}
