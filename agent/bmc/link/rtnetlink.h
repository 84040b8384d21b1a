/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rtnetlink.h: asking the kernel about its network interfaces, and telling it what to do with them
 * (rtnetlink(7)). */
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

/* A request in the making: header, body (struct ifinfomsg, struct ifaddrmsg), attributes. */
struct rtnl_request {
        struct nlmsghdr header;
        uint8_t payload[256];
};

/* Opens a socket that gets the events of these groups (RTMGRP_*); 0 for one to ask with. Returns it, a
 * negative errno. */
int rtnl_open(uint32_t groups);

/* Begins a request of type RTM_* with flags NLM_F_* and its body. */
void rtnl_request_init(struct rtnl_request *request, uint16_t type, uint16_t flags, const void *body,
                       size_t size);

/* Adds an attribute. It is for the caller to know that the few of them fit. */
void rtnl_request_add(struct rtnl_request *request, uint16_t type, const void *data, size_t size);

/* Begins an attribute that holds others, which are added next. Returns what rtnl_request_close() ends it
 * with. */
size_t rtnl_request_open(struct rtnl_request *request, uint16_t type);
void rtnl_request_close(struct rtnl_request *request, size_t opened);

/* Called with each message of an answer. A negative return becomes that of rtnl_ask(). */
typedef int (*rtnl_callback_t)(const struct nlmsghdr *message, void *userdata);

/* Sends the request and waits for the kernel's answer, which never fails to come. callback may be NULL.
 * Returns 0, the kernel's error, a negative errno. */
int rtnl_ask(int fd, struct rtnl_request *request, rtnl_callback_t callback, void *userdata);

/* The attribute's data among those behind the body, or NULL when it is not there or has less than size bytes.
 */
const void *rtnl_attribute(const struct nlmsghdr *message, size_t body_size, uint16_t type, size_t size);
