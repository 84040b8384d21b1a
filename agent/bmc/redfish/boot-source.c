/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>

#include "base/macro.h"
#include "base/text.h"
#include "boot-source.h"
#include "redfish-message.h"
#include "redfish.h"

static const struct {
        const char *target;
        enum boot_override override;
} targets[] = {
        {"Hdd", BOOT_OVERRIDE_DISK}, {"Pxe", BOOT_OVERRIDE_NETWORK}, {"UefiHttp", BOOT_OVERRIDE_NETWORK},
        {"Cd", BOOT_OVERRIDE_CD},    {"Diags", BOOT_OVERRIDE_DIAG},  {"BiosSetup", BOOT_OVERRIDE_SETUP},
};

int boot_source_read(const json_t *system, struct boot_source *ret) {
        const json_t *boot = json_object_get(system, "Boot");
        const char *enabled = json_get_string(boot, "BootSourceOverrideEnabled");
        const char *target = json_get_string(boot, "BootSourceOverrideTarget");
        const char *uri = json_get_string(boot, "HttpBootUri");

        *ret = (struct boot_source){};
        if (!enabled || !target || streq(enabled, "Disabled") || streq(target, "None"))
                return 0;

        ret->once = !streq(enabled, "Continuous");
        ret->target = target;
        ret->uri = uri && *uri ? uri : NULL;
        for (size_t i = 0; i < ELEMENTSOF(targets); i++)
                if (streq(targets[i].target, target)) {
                        ret->override = targets[i].override;
                        return 0;
                }

        return -ENOTSUP;
}

int boot_source_clear(struct redfish *redfish, json_t **system) {
        _cleanup_json_ json_t *changes = NULL, *present = NULL;
        struct boot_source left;
        int r;

        changes = json_pack("{s{ss}}", "Boot", "BootSourceOverrideEnabled", "Disabled");
        if (!changes)
                return redfish_fail(redfish, -ENOMEM, "no memory");

        r = redfish_patch(redfish, *system, changes);
        if (r < 0 && r != -ESTALE)
                return r;

        if (redfish_get(redfish, redfish_path_of(*system), &present) < 0)
                return r < 0 ? r : -EIO;
        json_decref(*system);
        *system = TAKE_PTR(present);
        if (r < 0)
                return r;

        (void) boot_source_read(*system, &left);
        return left.target ? redfish_fail(redfish, -EIO, "the BMC has accepted that, and still shows %s",
                                          left.target)
                           : 0;
}
