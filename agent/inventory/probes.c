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

/* Shared with threads that may outlive the run: whoever lets go last frees it. */
struct run {
        pthread_mutex_t lock;
        pthread_cond_t finished;
        size_t n_pending, n_references;

        const struct inventory_roots *roots;
        probe_t probe;
        struct task {
                struct run *run;
                json_t *object; /* the thread's own copy until it is done */
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

        pthread_mutex_destroy(&run->lock);
        pthread_cond_destroy(&run->finished);
        free(run);
}

static void *task_main(void *userdata) {
        struct task *task = userdata;
        struct run *run = task->run;
        int r;

        r = run->probe(run->roots, task->object);

        pthread_mutex_lock(&run->lock);
        task->result = r;
        task->done = true;
        if (--run->n_pending == 0)
                pthread_cond_signal(&run->finished);
        pthread_mutex_unlock(&run->lock);

        run_unref(run);
        return NULL;
}

static int start(struct run *run, struct task *task) {
        pthread_attr_t attributes;
        pthread_t thread;
        int r;

        r = pthread_attr_init(&attributes);
        if (r != 0)
                return -r;

        (void) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        (void) pthread_attr_setstacksize(&attributes, STACK_SIZE);

        pthread_mutex_lock(&run->lock);
        r = pthread_create(&thread, &attributes, task_main, task);
        if (r == 0) {
                run->n_pending++;
                run->n_references++;
        }
        pthread_mutex_unlock(&run->lock);

        pthread_attr_destroy(&attributes);
        return -r;
}

static void wait_for_all(struct run *run, uint64_t limit_usec) {
        struct timespec until;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += (time_t) (limit_usec / USEC_PER_SEC);
        until.tv_nsec += (long) (limit_usec % USEC_PER_SEC * 1000);
        if (until.tv_nsec >= 1000000000L) {
                until.tv_sec++;
                until.tv_nsec -= 1000000000L;
        }

        while (run->n_pending > 0)
                if (pthread_cond_clockwait(&run->finished, &run->lock, CLOCK_MONOTONIC, &until) == ETIMEDOUT)
                        break;
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

        if (json_object_update(object, result) < 0)
                return -ENOMEM;

        return json_set_string(object, "read_error", NULL);
}

static int run_all(struct run *run, json_t *objects, uint64_t limit_usec) {
        json_t *object;
        size_t i;
        int r = 0;

        json_array_foreach(objects, i, object) {
                struct task *task = &run->tasks[i];

                /* Deep: what hangs below the object must not be shared with the thread either. */
                *task = (struct task){.run = run, .object = json_deep_copy(object)};
                r = task->object ? start(run, task) : -ENOMEM;
                if (r < 0) {
                        task->done = true;
                        task->result = r;
                }
        }

        pthread_mutex_lock(&run->lock);
        wait_for_all(run, limit_usec);
        r = 0;
        json_array_foreach(objects, i, object) {
                int k = take(&run->tasks[i], object, limit_usec);

                r = r < 0 ? r : k;
        }
        pthread_mutex_unlock(&run->lock);

        return r;
}

int probes_run(const struct inventory_roots *roots, json_t *objects, probe_t probe) {
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
        run->n_references = 1;
        pthread_mutex_init(&run->lock, NULL);
        pthread_cond_init(&run->finished, NULL);

        r = run_all(run, objects, roots->device_limit_usec ?: INVENTORY_DEVICE_LIMIT_USEC);
        run_unref(run);
        return r;
}
