/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "rtnetlink.h"

int rtnl_open(uint32_t groups) {
        struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
        _cleanup_close_ int fd = -EBADF;

        /* One that only hears events must not block once they are all read. */
        fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | (groups ? SOCK_NONBLOCK : 0), NETLINK_ROUTE);
        if (fd < 0)
                return -errno;

        if (bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;

        return TAKE_FD(fd);
}

void rtnl_request_init(struct rtnl_request *request, uint16_t type, uint16_t flags, const void *body,
                       size_t size) {
        *request = (struct rtnl_request){
                .header.nlmsg_len = (uint32_t) NLMSG_LENGTH(size),
                .header.nlmsg_type = type,
                .header.nlmsg_flags = NLM_F_REQUEST | flags,
        };
        memcpy(request->payload, body, size);
}

void rtnl_request_add(struct rtnl_request *request, uint16_t type, const void *data, size_t size) {
        size_t offset = NLMSG_ALIGN(request->header.nlmsg_len);
        struct rtattr *attribute = (struct rtattr *) ((uint8_t *) request + offset);

        attribute->rta_type = type;
        attribute->rta_len = (uint16_t) RTA_LENGTH(size);
        if (size > 0)
                memcpy(RTA_DATA(attribute), data, size);
        request->header.nlmsg_len = (uint32_t) (offset + RTA_LENGTH(size));
}

size_t rtnl_request_open(struct rtnl_request *request, uint16_t type) {
        size_t offset = NLMSG_ALIGN(request->header.nlmsg_len);

        rtnl_request_add(request, type, NULL, 0);
        return offset;
}

void rtnl_request_close(struct rtnl_request *request, size_t opened) {
        struct rtattr *attribute = (struct rtattr *) ((uint8_t *) request + opened);

        attribute->rta_len = (uint16_t) (request->header.nlmsg_len - opened);
}

int rtnl_ask(int fd, struct rtnl_request *request, rtnl_callback_t callback, void *userdata) {
        int result = 0;

        /* A dump ends with a message of its own, anything else with an acknowledgement. (NLM_F_DUMP is two
         * bits, each of which means something else in requests that create.) */
        if ((request->header.nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
                request->header.nlmsg_flags |= NLM_F_ACK;

        if (send(fd, request, request->header.nlmsg_len, 0) < 0)
                return -errno;

        for (;;) {
                _Alignas(struct nlmsghdr) uint8_t buffer[32 * 1024];
                const struct nlmsghdr *message = (const struct nlmsghdr *) buffer;
                ssize_t n;
                size_t left;

                n = recv(fd, buffer, sizeof(buffer), 0);
                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }

                for (left = (size_t) n; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
                        if (message->nlmsg_type == NLMSG_DONE)
                                return result;
                        if (message->nlmsg_type == NLMSG_ERROR) {
                                const struct nlmsgerr *error = NLMSG_DATA(message);

                                return error->error < 0 ? error->error : result;
                        }

                        if (callback && result == 0)
                                result = MIN(callback(message, userdata), 0);
                }
        }
}

const void *rtnl_attribute(const struct nlmsghdr *message, size_t body_size, uint16_t type, size_t size) {
        const struct rtattr *attribute;
        size_t left;

        if (message->nlmsg_len < NLMSG_LENGTH(body_size))
                return NULL;

        attribute = (const struct rtattr *) ((const uint8_t *) NLMSG_DATA(message) + NLMSG_ALIGN(body_size));
        left = message->nlmsg_len - NLMSG_LENGTH(body_size);
        for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
                if (attribute->rta_type == type)
                        return RTA_PAYLOAD(attribute) >= size ? RTA_DATA(attribute) : NULL;

        return NULL;
}
