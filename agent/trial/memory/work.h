/* SPDX-License-Identifier: GPL-3.0-or-later */
/* work.h: the memory under test, shared out among threads, and the patterns that they do to it. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "allocate.h"
#include "march.h"
#include "numa.h"
#include "ranges.h"

struct trial_context;

/* A node's memory, in pieces. Each of its threads has a run of them to itself, so that cells that lie
 * together are done one after the other, in the order of their addresses. A thread that is done helps one
 * that is far behind, since it is slower, or gets less of the memory's bandwidth or of its processor: it
 * takes over the later half of what that one has left. Only cells next to where that was cut are not in order
 * then, in that element. */
struct pool {
        struct march_region *regions; /* in order, none longer than a piece or window */
        size_t n_regions;
        size_t *pieces; /* the index of each one's first region; behind them, n_regions */
        size_t n_pieces;
        uint64_t size;
        size_t first_share, n_threads; /* index into work.shares */
};

/* One thread, and the memory that it took. A cache line of its own for what it counts. */
struct share {
        unsigned processor, node; /* node: index into work.nodes */
        uint64_t wanted;          /* bytes */
        struct memory_holding holding;
        struct mishaps mishaps;
        size_t *recent; /* pieces that it swept last, in a ring: what its caches can hold */
        int error;

        /* What is left to it in this element and in the next one: places in the order of the sweep, the first
         * one in the lower half, behind the last one in the upper half. */
        _Alignas(64) atomic_uint_fast64_t left[2];
        _Alignas(64) atomic_uint_fast64_t done; /* bytes gone over */
};

/* One pattern, as often as wanted. */
struct phase {
        const struct march_pattern *pattern;
        unsigned rounds;
        bool across; /* each thread works on memory of another node */
};

struct work {
        const struct trial_context *context;
        const struct march_loops *loops;
        size_t cache;
        uint64_t seed;
        uint64_t pause;    /* us, of patterns that wait */
        uint64_t deadline; /* by now_usec(): phases are done again and again until then; 0: once */

        struct numa_node *nodes;
        size_t n_nodes;
        unsigned *processors; /* of each share */
        struct pool *pools;   /* of each node */
        struct share *shares;
        size_t n_shares;
        const struct mishaps **mishaps; /* of each share */
        size_t n_recent;

        uint64_t size;    /* bytes in all shares */
        bool place_known; /* places are physical addresses; else they are this process's */

        struct phase *phases;
        size_t n_phases;

        pthread_barrier_t barrier;
        _Atomic bool over; /* by the deadline, or since a thread could not go on */
        _Atomic uint32_t phase;
        unsigned times;         /* that all phases were done */
        uint64_t started, usec; /* of the patterns themselves */
};

/* Chooses processors (threads many, 0: all), evenly spread when fewer are wanted than there are, and reads
 * what nodes there are. Returns 0, a negative errno. */
int work_open(struct work *work, uint64_t threads);

/* Takes budget bytes of memory that the kernel gives, each node's share by its own threads, and adds beyond,
 * physical memory that no kernel uses. Returns 0, -ENOMEM when there is none at all, a negative errno. */
int work_take(struct work *work, uint64_t budget, const struct ranges *beyond);

/* Does all phases. Returns 0, a negative errno when they could not be done to their end. */
int work_run(struct work *work);

/* Physical addresses of what was tested: all that was taken, less lost pages, and of those. Only where
 * place_known. Returns 0, -ENOMEM. */
int work_tested(const struct work *work, struct ranges *ret_tested, struct ranges *ret_lost);

void work_done(struct work *work);
