/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "bmc/wait.h"
#include "ipmi.h"

#define BUSY_TRIES 5U
#define BUSY_PAUSE (200 * USEC_PER_MSEC)

int ipmi_ask(struct ipmi *ipmi, struct wait *w, uint8_t netfn, uint8_t command, const void *request,
             size_t size, uint64_t timeout_usec, uint8_t response[static IPMI_RESPONSE_MAX],
             size_t *ret_size) {
        uint64_t until = wait_until(w, timeout_usec);

        for (unsigned tries = 1;; tries++) {
                size_t n;
                int r;

                r = ipmi->operations->exchange(ipmi, w, netfn, command, request, size, until, response, &n);
                if (r < 0)
                        return r;
                if (n == 0)
                        return -EBADMSG;

                if (response[0] != IPMI_BUSY || tries == BUSY_TRIES) {
                        *ret_size = n;
                        return 0;
                }

                r = wait_for(w, -EBADF, 0, MIN(wait_until(w, BUSY_PAUSE), until));
                if (r != -ETIMEDOUT)
                        return r;
                if (now_usec() >= until)
                        return -ETIMEDOUT;
        }
}

const char *ipmi_completion_text(uint8_t code) {
        switch (code) {
        case 0x00:
                return "success";
        case 0xc0:
                return "the BMC is busy";
        case 0xc1:
                return "the BMC does not know this command";
        case 0xc2:
                return "the BMC does not know this command for this LUN";
        case 0xc3:
                return "the BMC ran out of time";
        case 0xc4:
                return "the BMC is out of space";
        case 0xc5:
                return "the reservation is cancelled or wrong";
        case 0xc6:
                return "the request is too long and was cut";
        case 0xc7:
                return "the request's length is wrong";
        case 0xc8:
                return "the request's length is beyond the limit";
        case 0xc9:
                return "a parameter is out of range";
        case 0xca:
                return "that many bytes cannot be returned";
        case 0xcb:
                return "what was asked for is not there";
        case 0xcc:
                return "a field of the request is not valid";
        case 0xcd:
                return "the command is not allowed for this sensor or record";
        case 0xce:
                return "the BMC cannot give a response";
        case 0xcf:
                return "the request was a repetition";
        case 0xd0:
                return "the BMC's SDR repository is being updated";
        case 0xd1:
                return "the BMC's firmware is being updated";
        case 0xd2:
                return "the BMC is still starting";
        case 0xd3:
                return "the destination is not available";
        case 0xd4:
                return "the BMC does not give this privilege to the host";
        case 0xd5:
                return "the BMC does not allow the command in its present state";
        case 0xd6:
                return "the command is switched off";
        case 0xff:
                return "an error without a name";
        default:
                return code >= 0x80 && code <= 0xbe ? "an error of this command's own" : "an unknown error";
        }
}

/* Completion codes with which a command tells more than the general ones do: IPMI 2.0, the command's own
 * table. */
static const struct {
        uint8_t netfn, command, code;
        const char *text;
} command_codes[] = {
        {IPMI_NETFN_CHASSIS, 0x08, 0x80, "the BMC does not know this boot option"},
        {IPMI_NETFN_CHASSIS, 0x08, 0x81, "somebody else is setting the boot options"},
        {IPMI_NETFN_CHASSIS, 0x08, 0x82, "this boot option can only be read"},
        {IPMI_NETFN_CHASSIS, 0x09, 0x80, "the BMC does not know this boot option"},
        {IPMI_NETFN_APP, 0x58, 0x80, "the BMC does not know this parameter"},
        {IPMI_NETFN_APP, 0x58, 0x81, "somebody else is setting the system information"},
        {IPMI_NETFN_APP, 0x58, 0x82, "this parameter can only be read"},
        {IPMI_NETFN_APP, 0x59, 0x80, "the BMC does not know this parameter"},
        {IPMI_NETFN_APP, 0x22, 0x80, "the watchdog was never set"},
        {IPMI_NETFN_STORAGE, 0x40, 0x81, "the event log is being erased"},
        {IPMI_NETFN_STORAGE, 0x43, 0x81, "the event log is being erased"},
        {IPMI_NETFN_STORAGE, 0x44, 0x80, "the event log does not take records of this type"},
        {IPMI_NETFN_STORAGE, 0x44, 0x81, "the event log is being erased"},
        {IPMI_NETFN_STORAGE, 0x44, 0xc4, "the event log is full"},
};

const char *ipmi_command_completion_text(uint8_t netfn, uint8_t command, uint8_t code) {
        for (size_t i = 0; i < ELEMENTSOF(command_codes); i++)
                if (command_codes[i].netfn == netfn && command_codes[i].command == command &&
                    command_codes[i].code == code)
                        return command_codes[i].text;

        return ipmi_completion_text(code);
}

static int completion_error(uint8_t code) {
        switch (code) {
        case IPMI_OK:
                return 0;
        case IPMI_INVALID_COMMAND:
        case IPMI_INVALID_COMMAND_FOR_LUN:
        case IPMI_DISABLED:
                return -EOPNOTSUPP;
        case IPMI_TIMEOUT:
                return -ETIMEDOUT;
        case IPMI_NOT_PRESENT:
                return -ENOENT;
        default:
                return -EREMOTEIO;
        }
}

int ipmi_run(struct ipmi *ipmi, struct wait *w, const struct ipmi_command *command, const void *request,
             size_t size, uint8_t response[static IPMI_RESPONSE_MAX], size_t *ret_size, char **ret_problem) {
        uint8_t code;
        int r;

        response[0] = 0;
        r = ipmi_ask(ipmi, w, command->netfn, command->command, request, size,
                     command->timeout ?: IPMI_COMMAND_TIMEOUT, response, ret_size);
        if (r < 0) {
                *ret_problem =
                        r == -ETIMEDOUT
                                ? strprintf("%s: %s: the BMC does not answer", ipmi->name, command->name)
                                : strprintf("%s: %s: %s", ipmi->name, command->name, strerror(-r));
                return r;
        }

        code = response[0];
        r = completion_error(code);
        if (r < 0)
                *ret_problem =
                        strprintf("%s: %s: %s (completion code %02xh)", ipmi->name, command->name,
                                  ipmi_command_completion_text(command->netfn, command->command, code), code);

        return r;
}

int ipmi_garbled(const struct ipmi *ipmi, const struct ipmi_command *command, char **ret_problem) {
        *ret_problem = strprintf("%s: %s: what the BMC answers cannot be right", ipmi->name, command->name);
        return -EBADMSG;
}

static uint8_t from_bcd(uint8_t value) {
        return (uint8_t) ((value >> 4) * 10 + (value & 0x0f));
}

int ipmi_decode_device_id(const uint8_t *response, size_t size, struct ipmi_device_id *ret) {
        if (size < 12 || response[0] != IPMI_OK)
                return -EBADMSG;

        *ret = (struct ipmi_device_id){
                .id = response[1],
                .revision = response[2] & 0x0f,
                .firmware_major = response[3] & 0x7f,
                .firmware_minor = from_bcd(response[4]),
                .version_major = response[5] & 0x0f, /* the nibbles stand the other way round */
                .version_minor = response[5] >> 4,
                .manufacturer = (uint32_t) response[7] | (uint32_t) response[8] << 8 |
                                (uint32_t) (response[9] & 0x0f) << 16,
                .product = (uint16_t) (response[10] | response[11] << 8),
        };
        return 0;
}
