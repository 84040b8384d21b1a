/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "answer.h"
#include "base/fd.h"
#include "base/text.h"
#include "field.h"
#include "inventory.h"
#include "lldp.h"
#include "sysfs.h"

#define ETHERTYPE 0x88cc

struct ear {
        const char *name;
        int index;
        bool taken_up; /* by us */
        uint8_t frame[LLDP_FRAME_MAX];
        size_t size; /* 0: nothing heard yet */
};

static int set_up(int fd, const char *name, bool up, bool *ret_changed) {
        struct ifreq ifr = {};
        bool is_up;

        snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
        if (ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
                return -errno;

        is_up = ifr.ifr_flags & IFF_UP;
        *ret_changed = is_up != up;
        if (is_up == up)
                return 0;

        ifr.ifr_flags = (short) (up ? ifr.ifr_flags | IFF_UP : ifr.ifr_flags & ~IFF_UP);
        return ioctl(fd, SIOCSIFFLAGS, &ifr) < 0 ? -errno : 0;
}

/* Bridges keep frames to this address to themselves: who is heard is the port at the other end of the cable.
 */
static int join(int fd, struct ear *ear) {
        struct packet_mreq request = {.mr_type = PACKET_MR_MULTICAST,
                                      .mr_alen = ETH_ALEN,
                                      .mr_address = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e}};

        ear->index = (int) if_nametoindex(ear->name);
        if (ear->index == 0)
                return -errno;

        request.mr_ifindex = ear->index;
        return setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)) < 0 ? -errno : 0;
}

static int hear(int fd, struct ear *ears, size_t n) {
        uint8_t frame[LLDP_FRAME_MAX];
        struct sockaddr_ll from;
        socklen_t length = sizeof(from);
        ssize_t size;

        size = recvfrom(fd, frame, sizeof(frame), MSG_DONTWAIT, (struct sockaddr *) &from, &length);
        if (size < 0)
                return errno == EAGAIN || errno == EINTR || errno == ENETDOWN ? 0 : -errno;

        /* What we send ourselves comes by as well. */
        for (size_t i = 0; i < n && from.sll_pkttype != PACKET_OUTGOING; i++) {
                if (ears[i].index != from.sll_ifindex || ears[i].size > 0)
                        continue;

                memcpy(ears[i].frame, frame, (size_t) size);
                ears[i].size = (size_t) size;
        }

        return 0;
}

static bool all_heard(const struct ear *ears, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (ears[i].index > 0 && ears[i].size == 0)
                        return false;

        return true;
}

static int listen_until(int fd, struct ear *ears, size_t n, uint64_t until) {
        for (uint64_t now = now_usec(); now < until && !all_heard(ears, n); now = now_usec()) {
                struct pollfd p = {.fd = fd, .events = POLLIN};
                int r = poll(&p, 1, (int) ((until - now) / USEC_PER_MSEC) + 1);

                if (r < 0 && errno != EINTR)
                        return -errno;
                if (r > 0) {
                        r = hear(fd, ears, n);
                        if (r < 0)
                                return r;
                }
        }

        return 0;
}

static int listen_on(struct ear *ears, size_t n, uint64_t usec) {
        uint64_t until = now_usec() + usec;
        _cleanup_close_ int fd = -EBADF;
        bool changed;
        int r;

        fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETHERTYPE));
        if (fd < 0)
                return -errno;

        /* One that cannot be listened on has no index, and is not waited for. */
        for (size_t i = 0; i < n; i++)
                if (set_up(fd, ears[i].name, true, &ears[i].taken_up) < 0 || join(fd, &ears[i]) < 0)
                        ears[i].index = 0;

        r = listen_until(fd, ears, n, until);

        for (size_t i = 0; i < n; i++)
                if (ears[i].taken_up)
                        (void) set_up(fd, ears[i].name, false, &changed);

        return r;
}

static ssize_t give_heard(void *userdata, void *buffer, size_t size) {
        const struct ear *ear = userdata;

        if (ear->size == 0 || ear->size > size)
                return -ENODATA;

        memcpy(buffer, ear->frame, ear->size);
        return (ssize_t) ear->size;
}

static int add_neighbour(const struct inventory_roots *roots, struct ear *ear, json_t *interface) {
        struct fields f = fields_of(interface);
        uint8_t frame[LLDP_FRAME_MAX];
        json_t *neighbour = NULL;
        ssize_t n;

        n = answer_read(roots, ear->name, "lldp", give_heard, ear, frame, sizeof(frame));
        if (n >= 0 && lldp_decode(frame, (size_t) n, &neighbour) == -ENOMEM)
                return -ENOMEM;

        fields_source(&f, "LLDP on %s", ear->name);
        fields_take(&f, "neighbour", neighbour ?: json_null());
        return f.error;
}

int lldp_add_neighbours(const struct inventory_roots *roots, json_t *interfaces) {
        _cleanup_free_ struct ear *ears = NULL;
        size_t n = json_array_size(interfaces), i;
        json_t *interface;
        int r;

        if (n == 0)
                return 0;

        ears = calloc(n, sizeof(*ears));
        if (!ears)
                return -ENOMEM;

        json_array_foreach(interfaces, i, interface) ears[i].name = json_get_string(interface, "name") ?: "";

        if (roots->lldp_wait_usec > 0 && inventory_roots_are_live(roots)) {
                r = listen_on(ears, n, roots->lldp_wait_usec);
                if (r < 0 && r != -EPERM)
                        return r;
        }

        json_array_foreach(interfaces, i, interface) {
                r = add_neighbour(roots, &ears[i], interface);
                if (r < 0)
                        return r;
        }

        return 0;
}
