/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who runs on this machine at the moment. A BMC forgets it when it restarts, and the production OS tells its
 * own name over it. */

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "bmc/ipmi/ipmi.h"
#include "bmc/ipmi/system-info.h"
#include "item.h"

static const struct {
        const char *way;
        enum system_info_parameter parameter;
        const char *text; /* NULL: the host's name */
} texts[] = {
        {"System Info: firmware version", SYSTEM_INFO_FIRMWARE_VERSION, "seatrial " SEATRIAL_VERSION},
        {"System Info: system name", SYSTEM_INFO_NAME, NULL},
        {"System Info: operating system", SYSTEM_INFO_OS_NAME, "seatrial"},
        {"System Info: operating system version", SYSTEM_INFO_OS_VERSION, SEATRIAL_VERSION},
};

struct system_info {
        bool seen;
        size_t done; /* so many of texts */
        struct ipmi_way way;
};

static int system_info_see(void *state, const struct happening *h) {
        struct system_info *info = state;

        info->seen = info->seen || h->kind == STAGE_BEGINS;
        return 0;
}

/* Writes a text and reads it back. */
static int tell(struct item_call *call, struct ipmi *ipmi, size_t i, const char *text, char **ret_problem) {
        _cleanup_free_ char *told = NULL, *problem = NULL;
        struct wait *w = call->means->wait;
        int r;

        r = system_info_set(ipmi, w, texts[i].parameter, text, ret_problem);
        if (r < 0)
                return r;

        r = system_info_get(ipmi, w, texts[i].parameter, &told, &problem);
        if (r < 0)
                item_report(call, texts[i].way, ITEM_ACCEPTED, TAKE_PTR(problem));
        else if (!streq(told, text))
                item_report(call, texts[i].way, ITEM_ACCEPTED,
                            strprintf("%s: the BMC takes it, and tells another one", ipmi->name));
        else
                item_report(call, texts[i].way, ITEM_VERIFIED, strprintf("%s: \"%s\"", ipmi->name, text));

        return r == -ENOMEM ? r : 0;
}

static int system_info_write(void *state, struct item_call *call) {
        struct system_info *info = state;
        char host[HOST_NAME_MAX + 1] = {};
        struct ipmi *ipmi;

        info->way.name = "System Info";
        if (!info->seen || info->done == ELEMENTSOF(texts) || gethostname(host, sizeof(host) - 1) < 0)
                return 0;

        while (info->done < ELEMENTSOF(texts) && (ipmi = item_ipmi(call, &info->way))) {
                _cleanup_free_ char *problem = NULL;
                struct ipmi_way one = info->way;
                int r, error;

                error = tell(call, ipmi, info->done, texts[info->done].text ?: host, &problem);
                if (error >= 0) {
                        info->done++;
                        continue;
                }

                /* That one text is not taken says nothing about the next. */
                if (item_is_answer(error) && error != -EOPNOTSUPP) {
                        one.name = texts[info->done++].way;
                        r = item_ipmi_failed(call, &one, error, TAKE_PTR(problem));
                        if (r < 0)
                                return r;
                        continue;
                }

                r = item_ipmi_failed(call, &info->way, error, TAKE_PTR(problem));
                if (r <= 0)
                        return r;
        }

        return 0;
}

const struct item item_system_info = {
        .name = "system info",
        .state_size = sizeof(struct system_info),
        .see = system_info_see,
        .write = system_info_write,
};
