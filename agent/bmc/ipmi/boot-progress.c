/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "boot-progress.h"
#include "ipmi.h"

#define GROUP_SBMR 0xae

static const struct ipmi_command send_code = {IPMI_NETFN_GROUP, 0x02, "Send Boot Progress Code", 0};
static const struct ipmi_command get_code = {IPMI_NETFN_GROUP, 0x03, "Get Boot Progress Code", 0};

/* All are of type 00000001h, EFI_PROGRESS_CODE. */
const struct boot_progress boot_progress_devices = {{1, 0, 0, 0, 0x01, 0x10, 0x01, 0x02, 0}};
const struct boot_progress boot_progress_memory_test = {{1, 0, 0, 0, 0x03, 0x10, 0x05, 0x00, 0}};
const struct boot_progress boot_progress_initialized = {{1, 0, 0, 0, 0x01, 0x10, 0x04, 0x03, 0}};
const struct boot_progress boot_progress_os_start = {{1, 0, 0, 0, 0x01, 0x80, 0x05, 0x03, 0}};

int boot_progress_decode(const uint8_t *response, size_t size, struct boot_progress *ret) {
        if (size < 2 + BOOT_PROGRESS_SIZE || response[1] != GROUP_SBMR)
                return -EBADMSG;

        memcpy(ret->code, response + 2, BOOT_PROGRESS_SIZE);
        return 0;
}

int boot_progress_set(struct ipmi *ipmi, struct wait *w, const struct boot_progress *progress,
                      char **ret_problem) {
        uint8_t request[1 + BOOT_PROGRESS_SIZE] = {GROUP_SBMR}, response[IPMI_RESPONSE_MAX];
        size_t size;

        memcpy(request + 1, progress->code, BOOT_PROGRESS_SIZE);
        return ipmi_run(ipmi, w, &send_code, request, sizeof(request), response, &size, ret_problem);
}

int boot_progress_get(struct ipmi *ipmi, struct wait *w, struct boot_progress *ret, char **ret_problem) {
        static const uint8_t request[] = {GROUP_SBMR};
        uint8_t response[IPMI_RESPONSE_MAX];
        size_t size;
        int r;

        r = ipmi_run(ipmi, w, &get_code, request, sizeof(request), response, &size, ret_problem);
        if (r < 0)
                return r;

        return boot_progress_decode(response, size, ret) < 0 ? ipmi_garbled(ipmi, &get_code, ret_problem) : 0;
}
