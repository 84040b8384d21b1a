/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/macro.h"
#include "crew.h"

#define PROCESSORS_MAX (1U << 20)

struct crew {
        void (*work)(size_t index, void *userdata);
        void *userdata;

        pthread_mutex_t mutex;
        pthread_cond_t changed;
        enum { CREW_GATHERING, CREW_WORKING, CREW_DISMISSED } state;
        size_t n_done;
};

struct member {
        struct crew *crew;
        size_t index;
        pthread_t thread;
};

static void cpu_freep(cpu_set_t **set) {
        CPU_FREE(*set);
}

int crew_processors(unsigned **ret, size_t *ret_n) {
        /* The kernel refuses a set that is smaller than its own. */
        for (size_t max = CPU_SETSIZE; max <= PROCESSORS_MAX; max *= 2) {
                _cleanup_(cpu_freep) cpu_set_t *set = CPU_ALLOC(max);
                _cleanup_free_ unsigned *processors = NULL;
                size_t size = CPU_ALLOC_SIZE(max), n = 0;

                if (!set)
                        return -ENOMEM;

                if (sched_getaffinity(0, size, set) < 0) {
                        if (errno == EINVAL)
                                continue;
                        return -errno;
                }

                processors = calloc((size_t) CPU_COUNT_S(size, set), sizeof(*processors));
                if (!processors)
                        return -ENOMEM;

                for (unsigned i = 0; i < max; i++)
                        if (CPU_ISSET_S(i, size, set))
                                processors[n++] = i;

                *ret = TAKE_PTR(processors);
                *ret_n = n;
                return 0;
        }

        return -EOVERFLOW;
}

static cpu_set_t *cpu_set_new(unsigned processor, size_t *ret_size) {
        size_t size = CPU_ALLOC_SIZE(processor + 1);
        cpu_set_t *set;

        set = CPU_ALLOC(processor + 1);
        if (!set)
                return NULL;

        CPU_ZERO_S(size, set);
        CPU_SET_S(processor, size, set);
        *ret_size = size;
        return set;
}

int crew_move(unsigned processor) {
        _cleanup_(cpu_freep) cpu_set_t *set = NULL;
        size_t size;

        set = cpu_set_new(processor, &size);
        if (!set)
                return -ENOMEM;

        return sched_setaffinity(0, size, set) < 0 ? -errno : 0;
}

static void *member_main(void *userdata) {
        const struct member *member = userdata;
        struct crew *crew = member->crew;
        bool working;

        pthread_mutex_lock(&crew->mutex);
        while (crew->state == CREW_GATHERING)
                pthread_cond_wait(&crew->changed, &crew->mutex);
        working = crew->state == CREW_WORKING;
        pthread_mutex_unlock(&crew->mutex);

        if (working)
                crew->work(member->index, crew->userdata);

        pthread_mutex_lock(&crew->mutex);
        crew->n_done++;
        pthread_cond_broadcast(&crew->changed);
        pthread_mutex_unlock(&crew->mutex);
        return NULL;
}

static int member_start(struct member *member, unsigned processor) {
        _cleanup_(cpu_freep) cpu_set_t *set = NULL;
        pthread_attr_t attributes;
        size_t size;
        int r;

        set = cpu_set_new(processor, &size);
        if (!set)
                return -ENOMEM;

        r = pthread_attr_init(&attributes);
        if (r == 0) {
                r = pthread_attr_setaffinity_np(&attributes, size, set);
                if (r == 0)
                        r = pthread_create(&member->thread, &attributes, member_main, member);
                pthread_attr_destroy(&attributes);
        }

        return -r;
}

static void crew_wait(struct crew *crew, size_t n, void (*tick)(void *userdata)) {
        struct timespec next;

        clock_gettime(CLOCK_MONOTONIC, &next);
        next.tv_sec++;

        pthread_mutex_lock(&crew->mutex);
        while (crew->n_done < n) {
                if (pthread_cond_clockwait(&crew->changed, &crew->mutex, CLOCK_MONOTONIC, &next) != ETIMEDOUT)
                        continue;

                pthread_mutex_unlock(&crew->mutex);
                if (tick)
                        tick(crew->userdata);
                next.tv_sec++;
                pthread_mutex_lock(&crew->mutex);
        }
        pthread_mutex_unlock(&crew->mutex);
}

int crew_run(const unsigned *processors, size_t n, void (*work)(size_t index, void *userdata),
             void (*tick)(void *userdata), void *userdata) {
        struct crew crew = {
                .work = work,
                .userdata = userdata,
                .mutex = PTHREAD_MUTEX_INITIALIZER,
                .changed = PTHREAD_COND_INITIALIZER,
        };
        _cleanup_free_ struct member *members = NULL;
        size_t n_started = 0;
        int r = 0;

        members = calloc(n, sizeof(*members));
        if (!members)
                return -ENOMEM;

        while (n_started < n) {
                members[n_started] = (struct member){.crew = &crew, .index = n_started};
                r = member_start(&members[n_started], processors[n_started]);
                if (r < 0)
                        break;
                n_started++;
        }

        pthread_mutex_lock(&crew.mutex);
        crew.state = r < 0 ? CREW_DISMISSED : CREW_WORKING;
        pthread_cond_broadcast(&crew.changed);
        pthread_mutex_unlock(&crew.mutex);

        crew_wait(&crew, n_started, tick);
        for (size_t i = 0; i < n_started; i++)
                pthread_join(members[i].thread, NULL);

        return r;
}
