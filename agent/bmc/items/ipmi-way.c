/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>

#include "base/text.h"
#include "bmc/ipmi/ipmi.h"
#include "bmc/wait.h"
#include "item.h"

/* A BMC that does not answer takes seconds each time it is asked, in which nothing else is told to it. It is
 * left in peace for longer each time, or the one command of which it knows nothing. */
#define SILENCE_MIN  (10 * USEC_PER_SEC)
#define SILENCE_MAX  (300 * USEC_PER_SEC)
#define SILENCES_MAX 3U

struct ipmi *item_ipmi(struct item_call *call, struct ipmi_way *way) {
        const struct ipmi_list *list = call->means->ipmi;
        bool last_chance = call->means->wait->closing && way->patient;
        uint64_t now = now_usec();

        if (way->closed || !list || (way->silence.until > now && !last_chance))
                return NULL;

        for (size_t i = way->device; i < list->n_items && i < ITEM_DEVICES_MAX; i++) {
                uint64_t until = call->silences[i].until;

                if (until <= now || (last_chance && until != USEC_INFINITY)) {
                        way->device = i;
                        return list->items[i];
                }
        }

        return NULL;
}

static void be_silent(struct ipmi_silence *silence) {
        silence->pause = MIN(MAX(silence->pause * 2, SILENCE_MIN), SILENCE_MAX);
        silence->until = now_usec() + silence->pause;
        silence->times++;
}

/* Finds out whether it is the BMC that does not answer, or only to this command. At the end there is no time
 * for that. */
static void keep_silence(struct item_call *call, struct ipmi_way *way) {
        struct ipmi_silence *silence = &call->silences[way->device];
        uint8_t response[IPMI_RESPONSE_MAX];
        size_t size;
        int r;

        if (call->means->wait->closing) {
                silence->until = USEC_INFINITY;
                return;
        }

        r = ipmi_ask(call->means->ipmi->items[way->device], call->means->wait, IPMI_NETFN_APP,
                     IPMI_GET_DEVICE_ID, NULL, 0, IPMI_COMMAND_TIMEOUT, response, &size);
        be_silent(r < 0 || response[0] == IPMI_TIMEOUT ? silence : &way->silence);
        if (!way->patient && way->silence.times == SILENCES_MAX)
                way->closed = true;
}

int item_ipmi_failed(struct item_call *call, struct ipmi_way *way, int error, char *problem) {
        _cleanup_free_ char *owned = problem;

        switch (error) {
        case -EOPNOTSUPP:
                way->device++;
                if (way->device < MIN(call->means->ipmi->n_items, (size_t) ITEM_DEVICES_MAX))
                        return 1;
                way->closed = true;
                item_report(call, way->name, ITEM_NOT_OFFERED, TAKE_PTR(owned));
                return 0;
        case -ENOENT:
        case -EREMOTEIO:
                item_report(call, way->name, ITEM_REFUSED, TAKE_PTR(owned));
                return 0;
        case -ENOMEM:
                return error;
        case -EBADMSG:
                break;
        default:
                /* The time that the whole channel has left is over. */
                if (now_usec() >= call->means->wait->deadline)
                        return error;
                keep_silence(call, way);
        }

        item_report(call, way->name, ITEM_UNKNOWN, TAKE_PTR(owned));
        return 0;
}
