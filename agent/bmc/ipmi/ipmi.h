/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ipmi.h: asking the BMC over the system interface (KCS, BT or SSIF), which the kernel offers as /dev/ipmiN.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/text.h"

struct wait;

#define IPMI_RESPONSE_MAX 272 /* more than the kernel's IPMI_MAX_MSG_LENGTH, which it never exceeds */

#define IPMI_NETFN_CHASSIS      0x00
#define IPMI_NETFN_SENSOR_EVENT 0x04
#define IPMI_NETFN_APP          0x06
#define IPMI_NETFN_STORAGE      0x0a
#define IPMI_NETFN_GROUP        0x2c
#define IPMI_NETFN_OEM          0x2e

#define IPMI_GET_DEVICE_ID 0x01

enum ipmi_completion {
        IPMI_OK = 0x00,
        IPMI_BUSY = 0xc0,
        IPMI_INVALID_COMMAND = 0xc1,
        IPMI_INVALID_COMMAND_FOR_LUN = 0xc2,
        IPMI_TIMEOUT = 0xc3,
        IPMI_NOT_PRESENT = 0xcb,
        IPMI_DISABLED = 0xd6,
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

/* The same for the answer to that command, which may have codes of its own (80h to BEh). */
const char *ipmi_command_completion_text(uint8_t netfn, uint8_t command, uint8_t code);

/* A command of which nothing but success is wanted. */
struct ipmi_command {
        uint8_t netfn, command;
        const char *name; /* as the specification calls it: "Get SEL Entry" */
        uint64_t timeout; /* us; 0: IPMI_COMMAND_TIMEOUT */
};

#define IPMI_COMMAND_TIMEOUT (5 * USEC_PER_SEC)

/* Asks as ipmi_ask(). Returns 0 when the completion code is success, -EOPNOTSUPP when the BMC does not offer
 * the command, -ENOENT when what was asked for is not there (CBh), -EREMOTEIO when it refuses otherwise,
 * -ETIMEDOUT when it does not answer or says that it ran out of time, -EBADMSG, a negative errno.
 * *ret_problem is then set to what happened in words (NULL when memory is short); response[0] is the code
 * when there was one, or 0. */
int ipmi_run(struct ipmi *ipmi, struct wait *w, const struct ipmi_command *command, const void *request,
             size_t size, uint8_t response[static IPMI_RESPONSE_MAX], size_t *ret_size, char **ret_problem);

/* Puts the problem in words when an answer to the command, otherwise a success, cannot be what it ought to
 * be. Returns -EBADMSG. */
int ipmi_garbled(const struct ipmi *ipmi, const struct ipmi_command *command, char **ret_problem);

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
