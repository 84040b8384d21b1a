/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ipmi.h: asking the BMC over the system interface (KCS, BT or SSIF), which the kernel offers as /dev/ipmiN.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

struct wait;

#define IPMI_RESPONSE_MAX 272 /* more than the kernel's IPMI_MAX_MSG_LENGTH, which it never exceeds */

#define IPMI_NETFN_APP   0x06
#define IPMI_NETFN_GROUP 0x2c

#define IPMI_GET_DEVICE_ID 0x01

enum ipmi_completion {
        IPMI_OK = 0x00,
        IPMI_BUSY = 0xc0,
        IPMI_INVALID_COMMAND = 0xc1,
};

/* One way to a BMC; tests have their own. */
struct ipmi {
        char *name; /* "/dev/ipmi0" */
        const struct ipmi_operations *operations;
};

struct ipmi_operations {
        /* Sends a request and waits until that point in time for its response, which begins with the
         * completion code. Returns 0, -ETIMEDOUT, a negative errno. */
        int (*exchange)(struct ipmi *ipmi, struct wait *w, uint8_t netfn, uint8_t command,
                        const void *request, size_t size, uint64_t until,
                        uint8_t response[static IPMI_RESPONSE_MAX], size_t *ret_size);

        void (*free)(struct ipmi *ipmi);
};

struct ipmi_list {
        struct ipmi **items;
        size_t n_items;
};

/* Opens every ipmiN in dev_root ("/dev") that can be opened, in the order of their numbers. Returns 0, also
 * when there is none, or a negative errno. */
int ipmi_open_all(const char *dev_root, struct ipmi_list *ret);
void ipmi_list_done(struct ipmi_list *list);

/* Asks once, again when the BMC says that it is busy, but never after a time-out: the BMC may have done it.
 * Returns 0 and sets *ret_size, at least 1 (response[0] is the completion code), -ETIMEDOUT after
 * timeout_usec, -EBADMSG when the response is empty, a negative errno. */
int ipmi_ask(struct ipmi *ipmi, struct wait *w, uint8_t netfn, uint8_t command, const void *request,
             size_t size, uint64_t timeout_usec, uint8_t response[static IPMI_RESPONSE_MAX],
             size_t *ret_size);

/* "invalid command"; for every code there are words. (IPMI 2.0, table 5-2.) */
const char *ipmi_completion_text(uint8_t code);

/* What Get Device ID tells (IPMI 2.0, 20.1). */
struct ipmi_device_id {
        uint8_t id, revision;
        uint8_t firmware_major, firmware_minor; /* decimal */
        uint8_t version_major, version_minor;   /* of IPMI */
        uint32_t manufacturer;                  /* IANA number */
        uint16_t product;
};

/* response: from the completion code on. Returns 0, -EBADMSG when it is too short or no success. */
int ipmi_decode_device_id(const uint8_t *response, size_t size, struct ipmi_device_id *ret);
