/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "inventory.h"
#include "probes.h"

/* What is asked needs little; a thousand drives must not need a thousand times 8 MiB. */
#define STACK_SIZE ((size_t) 256 << 10)

/* Devices that answer at once need no more threads than there are processors to run them. Each time that none
 * has answered for a while there are twice as many, so that however many hang, the others have their turn in
 * time. */
#define THREADS_AT_FIRST 2U
#define STALL_USEC       (50 * USEC_PER_MSEC)

/* Shared with threads that may outlive the run: whoever lets go last frees it. */
struct run {
        pthread_mutex_t lock;
        pthread_cond_t finished; /* all of them */
        size_t n_references;

        const struct inventory_roots *roots;
        probe_t probe;
        size_t n_tasks, n_begun, n_finished;
        struct task {
                json_t *object; /* the run's own: it may be looked at when the run is over */
                int result;
                bool done;
        } tasks[];
};

static void run_unref(struct run *run) {
        bool last;

        pthread_mutex_lock(&run->lock);
        last = --run->n_references == 0;
        pthread_mutex_unlock(&run->lock);
        if (!last)
                return;

        for (size_t i = 0; i < run->n_tasks; i++)
                json_decref(run->tasks[i].object);
        pthread_mutex_destroy(&run->lock);
        pthread_cond_destroy(&run->finished);
        free(run);
}

static void *thread_main(void *userdata) {
        struct run *run = userdata;

        pthread_mutex_lock(&run->lock);
        while (run->n_begun < run->n_tasks) {
                struct task *task = &run->tasks[run->n_begun++];
                int r;

                pthread_mutex_unlock(&run->lock);
                r = run->probe(run->roots, task->object);
                pthread_mutex_lock(&run->lock);

                task->result = r;
                task->done = true;
                if (++run->n_finished == run->n_tasks)
                        pthread_cond_signal(&run->finished);
        }
        pthread_mutex_unlock(&run->lock);

        run_unref(run);
        return NULL;
}

/* The lock is held. Returns 0, a negative errno when there is no thread at all to do the work. */
static int add_threads(struct run *run, size_t n, size_t *n_threads) {
        pthread_attr_t attributes;
        pthread_t thread;
        int r;

        r = pthread_attr_init(&attributes);
        if (r != 0)
                return -r;

        (void) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        (void) pthread_attr_setstacksize(&attributes, STACK_SIZE);

        for (n = MIN(n, run->n_tasks - run->n_begun); n > 0 && r == 0; n--) {
                r = pthread_create(&thread, &attributes, thread_main, run);
                if (r == 0) {
                        run->n_references++;
                        ++*n_threads;
                }
        }

        pthread_attr_destroy(&attributes);
        return *n_threads > 0 ? 0 : -r;
}

static struct timespec timespec_of(uint64_t usec) {
        return (struct timespec){.tv_sec = (time_t) (usec / USEC_PER_SEC),
                                 .tv_nsec = (long) (usec % USEC_PER_SEC * 1000)};
}

/* The lock is held. */
static int wait_for_all(struct run *run, uint64_t limit_usec) {
        uint64_t now = now_usec(), until = now + limit_usec;
        size_t n_threads = 0;
        int r;

        r = add_threads(run, THREADS_AT_FIRST, &n_threads);
        if (r < 0)
                return r;

        for (; run->n_finished < run->n_tasks && now < until; now = now_usec()) {
                bool waiting = run->n_begun < run->n_tasks;
                struct timespec next = timespec_of(waiting ? MIN(now + STALL_USEC, until) : until);
                size_t n_finished = run->n_finished;

                r = pthread_cond_clockwait(&run->finished, &run->lock, CLOCK_MONOTONIC, &next);
                if (r == ETIMEDOUT && waiting && run->n_finished == n_finished) {
                        r = add_threads(run, n_threads, &n_threads);
                        if (r < 0)
                                return r;
                }
        }

        return 0;
}

/* The lock is held: a thread that is late finds nobody interested. */
static int take(struct task *task, json_t *object, uint64_t limit_usec) {
        _cleanup_json_ json_t *result = NULL;
        _cleanup_free_ char *problem = NULL;

        if (!task->done) {
                problem = strprintf("did not answer within %s", FORMAT_DURATION(limit_usec));
                return problem ? json_set_string(object, "read_error", problem) : -ENOMEM;
        }

        result = TAKE_PTR(task->object);
        if (task->result < 0)
                return task->result == -ENOMEM
                               ? -ENOMEM
                               : json_set_string(object, "read_error", strerror(-task->result));

        /* Recursively: where its values come from is added to where the others do. */
        if (json_object_update_recursive(object, result) < 0)
                return -ENOMEM;

        return json_set_string(object, "read_error", NULL);
}

/* Copies: a thread must share nothing with whoever goes on without it. */
static int give(struct task *task, const json_t *object, const char *const *given) {
        task->object = json_object();
        if (!task->object)
                return -ENOMEM;

        for (; *given; given++) {
                const json_t *value = json_object_get(object, *given);
                int r;

                r = value ? json_set(task->object, *given, json_copy((json_t *) value)) : 0;
                if (r < 0)
                        return r;
        }

        return 0;
}

static int run_all(struct run *run, json_t *objects, const char *const *given, uint64_t limit_usec) {
        json_t *object;
        size_t i;
        int r;

        json_array_foreach(objects, i, object) {
                r = give(&run->tasks[i], object, given);
                if (r < 0)
                        return r;
        }

        pthread_mutex_lock(&run->lock);
        r = wait_for_all(run, limit_usec);
        json_array_foreach(objects, i, object) {
                if (r >= 0)
                        r = take(&run->tasks[i], object, limit_usec);
        }
        /* What has not begun need not any more. */
        run->n_begun = run->n_tasks;
        pthread_mutex_unlock(&run->lock);

        return r;
}

int probes_run(const struct inventory_roots *roots, json_t *objects, const char *const *given,
               probe_t probe) {
        size_t n = json_array_size(objects);
        struct run *run;
        int r;

        if (n == 0)
                return 0;

        run = calloc(1, sizeof(*run) + n * sizeof(run->tasks[0]));
        if (!run)
                return -ENOMEM;

        run->roots = roots;
        run->probe = probe;
        run->n_tasks = n;
        run->n_references = 1;
        pthread_mutex_init(&run->lock, NULL);
        pthread_cond_init(&run->finished, NULL);

        r = run_all(run, objects, given, roots->device_limit_usec ?: INVENTORY_DEVICE_LIMIT_USEC);
        run_unref(run);
        return r;
}
