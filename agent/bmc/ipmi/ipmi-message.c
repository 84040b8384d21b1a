/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <linux/ipmi.h>
#include <linux/ipmi_msgdefs.h>
#include <sys/ioctl.h>

#include "ipmi-message.h"

int ipmi_message_send(int fd, long number, uint8_t netfn, uint8_t command, const void *data, size_t size) {
        struct ipmi_system_interface_addr address = {
                .addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE,
                .channel = IPMI_BMC_CHANNEL,
        };
        struct ipmi_req message = {
                .addr = (unsigned char *) &address,
                .addr_len = sizeof(address),
                .msgid = number,
                .msg =
                        {
                                .netfn = netfn,
                                .cmd = command,
                                .data_len = (unsigned short) size,
                                .data = (unsigned char *) data, /* only read */
                        },
        };

        return ioctl(fd, IPMICTL_SEND_COMMAND, &message) < 0 ? -errno : 0;
}

int ipmi_message_receive(int fd, long number, uint8_t response[static IPMI_RESPONSE_MAX], size_t *ret_size) {
        struct ipmi_addr from;
        struct ipmi_recv received = {
                .addr = (unsigned char *) &from,
                .addr_len = sizeof(from),
                .msg = {.data = response, .data_len = IPMI_RESPONSE_MAX},
        };

        /* One that is longer than any answer can be is taken out of the queue, and is none. */
        if (ioctl(fd, IPMICTL_RECEIVE_MSG_TRUNC, &received) < 0)
                return errno == EAGAIN || errno == EINTR || errno == EMSGSIZE ? 0 : -errno;

        /* The answer to an earlier request, which came after its time, is none to this one. */
        if (received.recv_type != IPMI_RESPONSE_RECV_TYPE || received.msgid != number)
                return 0;

        *ret_size = received.msg.data_len;
        return 1;
}
