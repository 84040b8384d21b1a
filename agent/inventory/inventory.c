/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/child.h"
#include "base/event.h"
#include "base/text.h"
#include "field.h"
#include "inventory.h"

/* A collector at work. */
struct task {
        const struct collector *collector;
        const struct inventory_roots *roots;
        struct child *child;
        json_t *part;
        char *last_text; /* what it, or a library in it, said last: the best reason when it fails */
        bool finished;
};

struct tasks {
        struct task *items;
        size_t n_items;
};

static void tasks_done(struct tasks *tasks) {
        for (size_t i = 0; i < tasks->n_items; i++) {
                child_free(tasks->items[i].child);
                json_decref(tasks->items[i].part);
                free(tasks->items[i].last_text);
        }
        free(tasks->items);
}

static int task_main(int report_fd, void *userdata) {
        _cleanup_json_ json_t *part = NULL;
        struct task *task = userdata;
        int r;

        r = task->collector->collect(task->roots, &part);
        if (r < 0)
                return r;

        r = task->roots->sources ? sources_move_behind(part) : sources_remove(part);
        if (r < 0)
                return r;

        /* A message is an object, and a part may be an array. */
        return child_report(report_fd, json_pack("{s:O}", "part", part));
}

static void on_message(struct child *child _unused_, const json_t *message, void *userdata) {
        struct task *task = userdata;

        json_decref(task->part);
        task->part = json_incref(json_object_get(message, "part"));
}

static void on_text(struct child *child _unused_, const char *line, void *userdata) {
        struct task *task = userdata;

        free(task->last_text);
        task->last_text = strdup(line);
}

static const struct child_handler task_handler = {.message = on_message, .text = on_text};

/* Returns 0 and sets *ret to what went wrong in words, NULL for nothing (there may be no part all the same,
 * when the machine has nothing of the kind); -ENOMEM. */
static int task_problem(const struct task *task, char **ret) {
        _cleanup_free_ char *end = NULL;
        struct child_result result;
        char *problem;

        child_get_result(task->child, &result);
        if (result.state == CHILD_EXITED && (result.error == -ENODEV || (result.error == 0 && task->part))) {
                *ret = NULL;
                return 0;
        }

        end = result.state == CHILD_EXITED && result.error == 0 ? strdup("reported nothing")
                                                                : child_result_describe(task->child);
        if (!end)
                return -ENOMEM;

        problem = task->last_text ? strprintf("%s: %s", end, task->last_text) : TAKE_PTR(end);
        if (!problem)
                return -ENOMEM;

        *ret = problem;
        return 0;
}

static int task_finish(struct task *task, const struct inventory_observer *observer, void *userdata,
                       json_t *inventory, json_t *problems) {
        _cleanup_free_ char *problem = NULL;
        struct child_result result;
        int r;

        task->finished = true;
        child_get_result(task->child, &result);

        r = task_problem(task, &problem);
        if (r < 0)
                return r;

        if (problem) {
                json_decref(TAKE_PTR(task->part)); /* what came before it failed may be half of it */

                r = json_append(problems,
                                json_pack("{s:s, s:s}", "part", task->collector->name, "message", problem));
                if (r < 0)
                        return r;
        }

        if (observer && observer->finished)
                observer->finished(task->collector, task->part, problem, result.usec, userdata);

        return json_set(inventory, task->collector->name, task->part ? TAKE_PTR(task->part) : json_null());
}

static int start_tasks(struct event *e, const struct inventory_roots *roots, const char *name,
                       uint64_t time_limit_usec, const struct inventory_observer *observer, void *userdata,
                       struct tasks *tasks) {
        size_t n = 0;

        while (collectors[n])
                n++;

        tasks->items = calloc(n, sizeof(*tasks->items));
        if (!tasks->items)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                struct task *task = tasks->items + tasks->n_items;
                int r;

                if (name && !streq(name, collectors[i]->name))
                        continue;

                *task = (struct task){.collector = collectors[i], .roots = roots};
                tasks->n_items++;

                if (observer && observer->started)
                        observer->started(task->collector, userdata);

                r = child_start(e, task->collector->name, time_limit_usec, task_main, task, &task_handler,
                                task, &task->child);
                if (r < 0)
                        return r;
        }

        return tasks->n_items > 0 ? 0 : -ENOENT;
}

int inventory_take(struct event *e, const struct inventory_roots *roots, const char *name,
                   uint64_t time_limit_usec, const struct inventory_observer *observer, void *userdata,
                   json_t **ret) {
        _cleanup_json_ json_t *inventory = NULL, *problems = json_array();
        _cleanup_(tasks_done) struct tasks tasks = {};
        size_t n_finished = 0;
        int r;

        inventory = json_pack("{s:i}", "schema_version", INVENTORY_SCHEMA_VERSION);
        if (!inventory || !problems)
                return -ENOMEM;

        r = start_tasks(e, roots, name, time_limit_usec, observer, userdata, &tasks);
        if (r < 0)
                return r;

        /* The members stand in the order of the table, whichever collector is done first. */
        for (size_t i = 0; i < tasks.n_items; i++) {
                r = json_set(inventory, tasks.items[i].collector->name, json_null());
                if (r < 0)
                        return r;
        }

        while (n_finished < tasks.n_items) {
                r = event_iterate(e, USEC_INFINITY);
                if (r < 0)
                        return r;

                for (size_t i = 0; i < tasks.n_items; i++) {
                        if (tasks.items[i].finished || !child_done(tasks.items[i].child))
                                continue;

                        r = task_finish(&tasks.items[i], observer, userdata, inventory, problems);
                        if (r < 0)
                                return r;
                        n_finished++;
                }
        }

        r = json_set(inventory, "problems", TAKE_PTR(problems));
        if (r < 0)
                return r;

        *ret = TAKE_PTR(inventory);
        return 0;
}
