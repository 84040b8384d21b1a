/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The number that this machine has in its owner's books, where the plan knows it. */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "bmc/redfish/redfish.h"
#include "item.h"

#define WAY       "Redfish AssetTag"
#define TRIES_MAX 5U

struct asset_tag {
        bool due, over;
        unsigned tries;
};

static int asset_tag_see(void *state, const struct happening *h) {
        struct asset_tag *tag = state;

        tag->due = tag->due || h->kind == STAGE_BEGINS;
        return 0;
}

static bool is_tag(const json_t *system, const char *wanted) {
        const char *is = json_get_string(system, "AssetTag");

        return is && streq(is, wanted);
}

/* Returns 1 when the BMC shows it, 0 when it has accepted it and shows another. */
static int tell(struct redfish *redfish, const char *path, const char *wanted) {
        _cleanup_json_ json_t *before = NULL, *after = NULL, *changes = NULL;
        int r;

        r = redfish_get(redfish, path, &before);
        if (r < 0)
                return r;
        if (is_tag(before, wanted))
                return 1;

        changes = json_pack("{s:s}", "AssetTag", wanted);
        if (!changes)
                return -ENOMEM;

        r = redfish_patch(redfish, before, changes);
        if (r < 0)
                return r;

        r = redfish_get(redfish, path, &after);
        return r < 0 ? r : is_tag(after, wanted);
}

static int asset_tag_write(void *state, struct item_call *call) {
        const struct item_means *means = call->means;
        const char *wanted = call->options->asset_tag;
        struct asset_tag *tag = state;
        char *problem;
        int r;

        if (!wanted || !tag->due || tag->over || !means->redfish || !means->system_path)
                return 0;

        r = tell(means->redfish, means->system_path, wanted);
        tag->over = true;
        if (r >= 0) {
                item_report(
                        call, WAY, r > 0 ? ITEM_VERIFIED : ITEM_ACCEPTED,
                        strprintf(r > 0 ? "\"%s\"" : "the BMC takes \"%s\", and shows another one", wanted));
                return 0;
        }

        problem = strprintf("%s", redfish_problem(means->redfish));
        switch (r) {
        case -ENOMEM:
                free(problem);
                return r;
        case -ENOENT:
                item_report(call, WAY, ITEM_NOT_OFFERED, problem);
                break;
        case -EREMOTEIO:
        case -EACCES:
        case -EBADMSG:
                item_report(call, WAY, ITEM_REFUSED, problem);
                break;
        default:
                /* A busy service, a connection that broke, a resource that somebody else changed meanwhile:
                 * to do it again is safe. */
                tag->over = ++tag->tries == TRIES_MAX;
                item_report(call, WAY, ITEM_UNKNOWN, problem);
        }

        return 0;
}

const struct item item_asset_tag = {
        .name = "asset tag",
        .state_size = sizeof(struct asset_tag),
        .see = asset_tag_see,
        .write = asset_tag_write,
};
