/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "base/child.h"
#include "base/event.h"
#include "base/text.h"
#include "field.h"
#include "inventory.h"

/* A collector's turn. */
struct task {
        const struct collector *collector;
        json_t *part;
        char *last_text; /* what it, or a library in it, said last: the best reason when it fails */
        uint64_t started;
        bool finished;
};

struct take;

/* A process that works through some tasks in their order; another takes over behind the one that it fails in.
 */
struct worker {
        struct take *take;
        struct child *child;
        struct event_source *timer; /* for the task at hand */
        struct task **tasks;
        size_t n_tasks, current;
        bool timed_out;
        int error; /* from a callback, for the loop */
};

struct take {
        struct event *event;
        const struct inventory_roots *roots;
        uint64_t time_limit;
        const struct inventory_observer *observer;
        void *userdata;

        struct task *tasks;
        size_t n_tasks;
        struct worker *workers;
        size_t n_workers;
        json_t *inventory, *problems;
};

static void take_done(struct take *take) {
        for (size_t i = 0; i < take->n_workers; i++) {
                event_source_free(take->workers[i].timer);
                child_abandon(take->workers[i].child);
                free(take->workers[i].tasks);
        }
        free(take->workers);

        for (size_t i = 0; i < take->n_tasks; i++) {
                json_decref(take->tasks[i].part);
                free(take->tasks[i].last_text);
        }
        free(take->tasks);
        json_decref(take->inventory);
        json_decref(take->problems);
}

static struct task *current_task(const struct worker *worker) {
        return worker->current < worker->n_tasks ? worker->tasks[worker->current] : NULL;
}

static int report_part(int report_fd, const struct inventory_roots *roots,
                       const struct collector *collector) {
        _cleanup_json_ json_t *part = NULL;
        int r;

        r = collector->collect(roots, &part);
        if (r < 0)
                return child_report(report_fd, json_pack("{s:i}", "error", -r));

        if (roots->sources) {
                r = sources_move_behind(part);
                if (r < 0)
                        return r;
        }

        /* A message is an object, and a part may be an array. */
        return child_report(report_fd, json_pack("{s:O}", "part", part));
}

static int worker_main(int report_fd, void *userdata) {
        const struct worker *worker = userdata;

        fields_note_sources(worker->take->roots->sources);
        for (size_t i = worker->current; i < worker->n_tasks; i++) {
                int r = report_part(report_fd, worker->take->roots, worker->tasks[i]->collector);

                if (r < 0)
                        return r;
        }

        return 0;
}

static int begin_current(struct worker *worker) {
        const struct take *take = worker->take;
        struct task *task = current_task(worker);

        if (!task)
                return event_source_set_timer(worker->timer, USEC_INFINITY);

        task->started = now_usec();
        if (take->observer && take->observer->started)
                take->observer->started(task->collector, take->userdata);

        return event_source_set_timer(worker->timer, take->time_limit);
}

/* problem NULL: all went well, though there may be no part when the machine has nothing of the kind. */
static int finish_current(struct worker *worker, const char *problem) {
        const struct take *take = worker->take;
        struct task *task = current_task(worker);
        int r;

        task->finished = true;
        worker->current++;

        if (problem) {
                r = json_append(take->problems,
                                json_pack("{s:s, s:s}", "part", task->collector->name, "message", problem));
                if (r < 0)
                        return r;
        }

        if (take->observer && take->observer->finished)
                take->observer->finished(task->collector, task->part, problem, now_usec() - task->started,
                                         take->userdata);

        r = json_set(take->inventory, task->collector->name, task->part ? TAKE_PTR(task->part) : json_null());
        return r < 0 ? r : begin_current(worker);
}

static int fail_current(struct worker *worker, const char *reason) {
        const struct task *task = current_task(worker);
        _cleanup_free_ char *problem = NULL;

        problem = task->last_text ? strprintf("%s: %s", reason, task->last_text) : strdup(reason);
        return problem ? finish_current(worker, problem) : -ENOMEM;
}

static int take_message(struct worker *worker, const json_t *message) {
        int error = (int) json_get_integer(message, "error", 0);
        struct task *task = current_task(worker);
        _cleanup_free_ char *reason = NULL;

        /* One more than it was asked for. */
        if (!task)
                return 0;

        if (error == 0) {
                task->part = json_incref(json_object_get(message, "part"));
                return finish_current(worker, NULL);
        }
        if (error == ENODEV)
                return finish_current(worker, NULL);

        reason = strprintf("failed: %s", strerror(error));
        return reason ? fail_current(worker, reason) : -ENOMEM;
}

static void on_message(struct child *child _unused_, const json_t *message, void *userdata) {
        struct worker *worker = userdata;

        if (worker->error >= 0)
                worker->error = take_message(worker, message);
}

static void on_text(struct child *child _unused_, const char *line, void *userdata) {
        struct task *task = current_task(userdata);

        if (!task)
                return;

        free(task->last_text);
        task->last_text = strdup(line);
}

static const struct child_handler worker_handler = {.message = on_message, .text = on_text};

static int on_limit(struct event_source *source _unused_, int fd _unused_, uint32_t revents _unused_,
                    void *userdata) {
        ((struct worker *) userdata)->timed_out = true;
        return 0;
}

static int worker_start(struct worker *worker) {
        return child_start(worker->take->event, current_task(worker)->collector->name, USEC_INFINITY,
                           worker_main, worker, &worker_handler, worker, &worker->child);
}

/* The process has ended, or has had its time, within a task: that one has failed, and another process goes on
 * with those behind it. */
static int worker_replace(struct worker *worker) {
        _cleanup_free_ char *reason = NULL;
        struct child_result result;
        int r;

        child_get_result(worker->child, &result);
        if (worker->timed_out)
                reason = strprintf("ran longer than its limit of %s",
                                   FORMAT_DURATION(worker->take->time_limit));
        else if (result.state == CHILD_EXITED && result.error == 0)
                reason = strdup("reported nothing");
        else
                reason = child_result_describe(worker->child);
        if (!reason)
                return -ENOMEM;

        worker->child = child_abandon(worker->child);
        worker->timed_out = false;
        r = fail_current(worker, reason);
        if (r < 0)
                return r;

        return current_task(worker) ? worker_start(worker) : 0;
}

/* Returns 1 while there is something to wait for, 0, a negative errno. */
static int look_after(struct take *take) {
        int more = 0;

        for (size_t i = 0; i < take->n_workers; i++) {
                struct worker *worker = &take->workers[i];

                if (worker->error < 0)
                        return worker->error;

                if (current_task(worker) && (worker->timed_out || child_done(worker->child))) {
                        int r = worker_replace(worker);

                        if (r < 0)
                                return r;
                }

                more = more || current_task(worker);
        }

        return more;
}

static int add_tasks(struct take *take, const char *name) {
        size_t n = 0;

        while (collectors[n])
                n++;

        take->tasks = calloc(n, sizeof(*take->tasks));
        if (!take->tasks)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                int r;

                if (name && !streq(name, collectors[i]->name))
                        continue;

                take->tasks[take->n_tasks++] = (struct task){.collector = collectors[i]};

                /* The members stand in the order of the table, whichever collector is done first. */
                r = json_set(take->inventory, collectors[i]->name, json_null());
                if (r < 0)
                        return r;
        }

        return take->n_tasks > 0 ? 0 : -ENOENT;
}

static int give(struct take *take, struct worker *worker, struct task *task) {
        if (!worker->tasks) {
                *worker =
                        (struct worker){.take = take, .tasks = calloc(take->n_tasks, sizeof(struct task *))};
                if (!worker->tasks)
                        return -ENOMEM;
        }

        worker->tasks[worker->n_tasks++] = task;
        return 0;
}

static void closedirp(DIR **directory) {
        if (*directory)
                closedir(*directory);
}

/* Returns 1, 0, -ENOMEM. */
static int waits(const struct take *take, const struct collector *collector) {
        _cleanup_(closedirp) DIR *directory = NULL;
        _cleanup_free_ char *path = NULL;
        const struct dirent *entry;
        const char *pattern;

        if (!collector->waits_for)
                return 0;

        pattern = strrchr(collector->waits_for, '/') + 1;
        path = strprintf("%s/%.*s", take->roots->sys, (int) (pattern - collector->waits_for),
                         collector->waits_for);
        if (!path)
                return -ENOMEM;

        directory = opendir(path);
        while (directory && (entry = readdir(directory)))
                if (fnmatch(pattern, entry->d_name, FNM_PERIOD) == 0)
                        return 1;

        return 0;
}

static int begin(struct take *take, struct worker *worker) {
        int r;

        r = event_add_timer(take->event, take->time_limit, on_limit, worker, &worker->timer);
        if (r < 0)
                return r;

        r = worker_start(worker);
        return r < 0 ? r : begin_current(worker);
}

/* Those that wait are under way first: while they do, the others are worked through. */
static int start_workers(struct take *take) {
        int r;

        /* One for each at most, behind the one that the others share. */
        take->workers = calloc(take->n_tasks + 1, sizeof(*take->workers));
        if (!take->workers)
                return -ENOMEM;
        take->n_workers = 1;

        for (size_t i = 0; i < take->n_tasks; i++) {
                r = waits(take, take->tasks[i].collector);
                if (r < 0)
                        return r;

                r = give(take, &take->workers[r > 0 ? take->n_workers++ : 0], &take->tasks[i]);
                if (r < 0)
                        return r;
        }

        for (size_t i = 1; i <= take->n_workers; i++) {
                struct worker *worker = &take->workers[i % take->n_workers];

                r = worker->n_tasks > 0 ? begin(take, worker) : 0;
                if (r < 0)
                        return r;
        }

        return 0;
}

int inventory_take(struct event *e, const struct inventory_roots *roots, const char *name,
                   uint64_t time_limit_usec, const struct inventory_observer *observer, void *userdata,
                   json_t **ret) {
        _cleanup_(take_done) struct take take = {
                .event = e,
                .roots = roots,
                .time_limit = time_limit_usec,
                .observer = observer,
                .userdata = userdata,
                .inventory = json_pack("{s:i}", "schema_version", INVENTORY_SCHEMA_VERSION),
                .problems = json_array(),
        };
        int r;

        if (!take.inventory || !take.problems)
                return -ENOMEM;

        r = add_tasks(&take, name);
        if (r < 0)
                return r;

        r = start_workers(&take);
        if (r < 0)
                return r;

        while ((r = look_after(&take)) > 0) {
                r = event_iterate(e, USEC_INFINITY);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        r = json_set(take.inventory, "problems", TAKE_PTR(take.problems));
        if (r < 0)
                return r;

        *ret = TAKE_PTR(take.inventory);
        return 0;
}
