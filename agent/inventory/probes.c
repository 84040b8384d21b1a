/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/child.h"
#include "base/event.h"
#include "base/text.h"
#include "inventory.h"
#include "probes.h"

struct run {
        const struct inventory_roots *roots;
        json_t *object;
        probe_t probe;
        void *userdata;
        struct child *child;
        json_t *result;
};

struct runs {
        struct event *event;
        struct run *items;
        size_t n_items;
};

static void runs_done(struct runs *runs) {
        for (size_t i = 0; i < runs->n_items; i++) {
                child_abandon(runs->items[i].child);
                json_decref(runs->items[i].result);
        }
        free(runs->items);
        event_free(runs->event);
}

static int probe_main(int report_fd, void *userdata) {
        struct run *run = userdata;
        int r;

        r = run->probe(run->roots, run->object, run->userdata);
        return r < 0 ? r : child_report(report_fd, json_incref(run->object));
}

static void on_message(struct child *child _unused_, const json_t *message, void *userdata) {
        struct run *run = userdata;

        json_decref(run->result);
        run->result = json_incref((json_t *) message);
}

static void on_text(struct child *child _unused_, const char *line _unused_, void *userdata _unused_) {
}

static const struct child_handler handler = {.message = on_message, .text = on_text};

static int on_limit(struct event_source *source _unused_, int fd _unused_, uint32_t revents _unused_,
                    void *userdata) {
        *(bool *) userdata = true;
        return 0;
}

static bool all_done(const struct runs *runs) {
        for (size_t i = 0; i < runs->n_items; i++)
                if (!child_done(runs->items[i].child))
                        return false;

        return true;
}

/* The children are not killed one by one at their limit: to wait for the death of one that hangs in the
 * kernel would cost more than the limit. */
static int runs_wait(struct runs *runs, uint64_t limit_usec) {
        _cleanup_(event_source_freep) struct event_source *timer = NULL;
        bool over = false;
        int r;

        r = event_add_timer(runs->event, limit_usec, on_limit, &over, &timer);
        if (r < 0)
                return r;

        while (!over && !all_done(runs)) {
                r = event_iterate(runs->event, USEC_INFINITY);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int run_finish(struct run *run, uint64_t limit_usec) {
        _cleanup_free_ char *problem = NULL;
        struct child_result result;

        child_get_result(run->child, &result);
        if (!child_done(run->child))
                problem = strprintf("did not answer within %s", FORMAT_DURATION(limit_usec));
        else if (result.state == CHILD_EXITED && result.error < 0)
                problem = strdup(strerror(-result.error));
        else if (result.state != CHILD_EXITED)
                problem = child_result_describe(run->child);
        else if (!run->result)
                return -EPROTO;
        else {
                int r = json_object_update(run->object, run->result);

                return r < 0 ? -ENOMEM : json_set_string(run->object, "read_error", NULL);
        }

        return problem ? json_set_string(run->object, "read_error", problem) : -ENOMEM;
}

int probes_run(const struct inventory_roots *roots, json_t *objects, probe_t probe, void *userdata) {
        uint64_t limit = roots->device_limit_usec ?: INVENTORY_DEVICE_LIMIT_USEC;
        _cleanup_(runs_done) struct runs runs = {};
        json_t *object;
        size_t i;
        int r;

        if (json_array_size(objects) == 0)
                return 0;

        r = event_new(&runs.event);
        if (r < 0)
                return r;

        runs.items = calloc(json_array_size(objects), sizeof(*runs.items));
        if (!runs.items)
                return -ENOMEM;

        json_array_foreach(objects, i, object) {
                struct run *run = runs.items + runs.n_items;

                *run = (struct run){.roots = roots, .object = object, .probe = probe, .userdata = userdata};
                r = child_start(runs.event, "probe", USEC_INFINITY, probe_main, run, &handler, run,
                                &run->child);
                if (r < 0)
                        return r;
                runs.n_items++;
        }

        r = runs_wait(&runs, limit);
        if (r < 0)
                return r;

        for (i = 0; i < runs.n_items; i++) {
                r = run_finish(&runs.items[i], limit);
                if (r < 0)
                        return r;
        }

        return 0;
}
