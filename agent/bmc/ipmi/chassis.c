/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>

#include "chassis.h"
#include "ipmi.h"

#define BOOT_FLAGS 0x05 /* boot option parameter */

#define FLAGS_VALID      0x80
#define FLAGS_PERSISTENT 0x40
#define PARAMETER_LOCKED 0x80 /* in the answer's parameter selector: marked invalid */

static const struct ipmi_command set_boot_options = {IPMI_NETFN_CHASSIS, 0x08, "Set System Boot Options", 0};
static const struct ipmi_command get_boot_options = {IPMI_NETFN_CHASSIS, 0x09, "Get System Boot Options", 0};

/* Boot device selectors; the first of an override is the one that is set. */
static const struct {
        uint8_t device;
        enum boot_override override;
} devices[] = {
        {0x0, BOOT_OVERRIDE_NONE},  {0x1, BOOT_OVERRIDE_NETWORK}, {0x2, BOOT_OVERRIDE_DISK},
        {0x3, BOOT_OVERRIDE_DISK},  {0x4, BOOT_OVERRIDE_DIAG},    {0x5, BOOT_OVERRIDE_CD},
        {0x6, BOOT_OVERRIDE_SETUP}, {0x8, BOOT_OVERRIDE_CD},      {0xb, BOOT_OVERRIDE_DISK},
};

int chassis_decode_boot_flags(const uint8_t *response, size_t size, struct chassis_boot_flags *ret) {
        if (size < 8 || (response[2] & 0x7f) != BOOT_FLAGS)
                return -EBADMSG;

        *ret = (struct chassis_boot_flags){
                .valid = (response[3] & FLAGS_VALID) && !(response[2] & PARAMETER_LOCKED),
                .persistent = response[3] & FLAGS_PERSISTENT,
                .device = (response[4] >> 2) & 0x0f,
        };
        return 0;
}

int chassis_boot_flags_override(const struct chassis_boot_flags *flags, enum boot_override *ret) {
        if (!flags->valid) {
                *ret = BOOT_OVERRIDE_NONE;
                return 0;
        }

        for (size_t i = 0; i < ELEMENTSOF(devices); i++)
                if (devices[i].device == flags->device) {
                        *ret = devices[i].override;
                        return 0;
                }

        return -ENOTSUP;
}

int chassis_get_boot_flags(struct ipmi *ipmi, struct wait *w, struct chassis_boot_flags *ret,
                           char **ret_problem) {
        static const uint8_t request[] = {BOOT_FLAGS, 0, 0};
        uint8_t response[IPMI_RESPONSE_MAX];
        size_t size;
        int r;

        r = ipmi_run(ipmi, w, &get_boot_options, request, sizeof(request), response, &size, ret_problem);
        if (r < 0)
                return r;
        if (chassis_decode_boot_flags(response, size, ret) < 0)
                return ipmi_garbled(ipmi, &get_boot_options, ret_problem);

        return 0;
}

int chassis_set_boot_flags(struct ipmi *ipmi, struct wait *w, enum boot_override override,
                           char **ret_problem) {
        uint8_t request[6] = {BOOT_FLAGS}, response[IPMI_RESPONSE_MAX];
        size_t size;

        for (size_t i = 0; i < ELEMENTSOF(devices) && override != BOOT_OVERRIDE_NONE; i++)
                if (devices[i].override == override) {
                        request[1] = FLAGS_VALID;
                        request[2] = (uint8_t) (devices[i].device << 2);
                        break;
                }

        return ipmi_run(ipmi, w, &set_boot_options, request, sizeof(request), response, &size, ret_problem);
}

static int take_from(struct ipmi *ipmi, struct wait *w, enum boot_override *ret, char **ret_problem) {
        struct chassis_boot_flags flags;
        enum boot_override override;
        int r;

        r = chassis_get_boot_flags(ipmi, w, &flags, ret_problem);
        if (r < 0)
                return r;

        if (chassis_boot_flags_override(&flags, &override) < 0) {
                *ret_problem = strprintf("%s: the boot flags ask for boot device %02xh, which cannot be had",
                                         ipmi->name, flags.device);
                override = BOOT_OVERRIDE_NONE;
        } else if (flags.valid && !flags.persistent)
                /* What cannot be cleared is granted all the same, and once more by the next boot. */
                (void) chassis_set_boot_flags(ipmi, w, BOOT_OVERRIDE_NONE, ret_problem);

        *ret = override;
        return 0;
}

int chassis_take_boot_override(const struct ipmi_list *list, struct wait *w, enum boot_override *ret,
                               char **ret_problem) {
        int r = -ENODEV;

        *ret_problem = NULL;
        for (size_t i = 0; i < list->n_items; i++) {
                free(TAKE_PTR(*ret_problem));
                r = take_from(list->items[i], w, ret, ret_problem);
                if (r >= 0)
                        break;
        }

        return r;
}
