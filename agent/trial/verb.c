/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/command.h"
#include "base/event.h"
#include "base/log.h"
#include "base/screen.h"
#include "base/text.h"
#include "plan/plan.h"
#include "runner.h"
#include "verb.h"

#define EXTENSION_SHOWN 480

/* Where the help's right column begins, and how wide it is. */
#define HELP_COLUMN 16
#define HELP_WIDTH  72

enum status {
        STATUS_PASSED,
        STATUS_FAILED,
        STATUS_USAGE,
        STATUS_NOT_RUN,
};

/* getopt_long()'s values; a trial's own options count from the last. */
enum option_value {
        OPTION_HELP = 'h',
        OPTION_JSON = 256,
        OPTION_OF_TRIAL,
};

struct view {
        const struct trial *trial;
        bool json;
        struct screen screen;
        uint64_t started;
};

static void list(void) {
        for (size_t i = 0; trials[i]; i++)
                printf("  %-11s %s\n", trials[i]->name, trials[i]->description);
}

static void help(void) {
        puts("Usage: seatrial trial NAME [OPTION...]\n"
             "       seatrial trial --list\n"
             "\n"
             "Runs one trial on this machine:\n");
        list();
        puts("\n"
             "Exit status: 0 passed, 1 failed, 2 wrong usage, 3 it could not be run.\n"
             "\n"
             "seatrial trial NAME --help tells more.");
}

/* An option of the trial, what it does, and what the plan has when it is not given. */
static void help_option(const struct trial_option *option, const struct plan *plan) {
        _cleanup_free_ char *text = strprintf("%s [%s]", option->help, plan_text(plan, option->key));

        printf("  --%-11s ", option->name);
        screen_wrap(stdout, text ?: option->help, HELP_COLUMN, HELP_WIDTH);
}

static void help_trial(const struct trial *trial, const struct plan *plan) {
        printf("Usage: seatrial trial %s [OPTION...]\n\n%s.\n\n", trial->name, trial->description);
        for (const struct trial_option *o = trial->options; o->name; o++)
                help_option(o, plan);
        puts("  --json        what is found as JSON, an artifact a line\n"
             "  -h, --help    this text\n"
             "\n"
             "In brackets is what the plan says, and what is done when an option is not given.");
}

static void show_diagnosis(struct view *view, const json_t *content) {
        const char *type = json_get_string(content, "type");
        enum mark mark = streq(type, "PASS") ? MARK_OK : streq(type, "FAIL") ? MARK_FAIL : MARK_WARNING;

        screen_row(&view->screen, mark, view->trial->name,
                   json_get_string(content, "message") ?: json_get_string(content, "verdict"),
                   now_usec() - view->started);
}

static void show_measurement(struct view *view, const json_t *content) {
        const json_t *value = json_object_get(content, "value");
        const char *unit = json_get_string(content, "unit");
        _cleanup_free_ char *text = NULL;

        /* Sizes are shown in the verdict, in units for a person. */
        if (!json_is_number(value) || (unit && streq(unit, "B")))
                return;

        text = strprintf("%-30s %.*g %s", json_get_string(content, "name"), json_is_real(value) ? 3 : 15,
                         json_number_value(value), unit ?: "");
        if (text)
                screen_row(&view->screen, MARK_NONE, "", text, USEC_INFINITY);
}

static void show_log(struct view *view, const json_t *content) {
        bool quiet = streq(json_get_string(content, "severity"), "INFO");

        screen_row(&view->screen, quiet ? MARK_NONE : MARK_WARNING, "", json_get_string(content, "message"),
                   USEC_INFINITY);
}

static void on_artifact(const char *kind, const json_t *content, void *userdata) {
        struct view *view = userdata;

        if (view->json) {
                _cleanup_json_ json_t *line = json_pack("{s:O}", kind, content);
                _cleanup_free_ char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

                if (text)
                        puts(text);
        } else if (streq(kind, "diagnosis"))
                show_diagnosis(view, content);
        else if (streq(kind, "measurement"))
                show_measurement(view, content);
        else if (streq(kind, "log"))
                show_log(view, content);
        else if (streq(kind, "error"))
                screen_row(&view->screen, MARK_WARNING, view->trial->name,
                           json_get_string(content, "message") ?: json_get_string(content, "symptom"),
                           USEC_INFINITY);
        else {
                _cleanup_free_ char *text =
                        json_dumps(json_object_get(content, "content"), JSON_COMPACT | JSON_ENCODE_ANY);

                /* What is longer is for programs (--json). */
                if (text && strlen(text) <= EXTENSION_SHOWN)
                        screen_row(&view->screen, MARK_NONE, "", text, USEC_INFINITY);
        }
}

static void on_progress(double fraction, const char *text, void *userdata) {
        struct view *view = userdata;

        if (!view->json)
                screen_progress(&view->screen, view->trial->name, fraction, text);
}

static enum status run(const struct trial *trial, const struct plan *plan, bool json) {
        static const struct trial_observer observer = {.artifact = on_artifact, .progress = on_progress};
        _cleanup_(event_freep) struct event *e = NULL;
        struct view view = {.trial = trial, .json = json, .started = now_usec()};
        enum trial_outcome outcome;
        int r;

        r = event_new(&e);
        if (r < 0) {
                log_error(r, "the event loop cannot be made");
                return STATUS_NOT_RUN;
        }

        screen_init(&view.screen, stdout, (enum screen_colour) plan->console_colour);
        if (!json)
                screen_heading(&view.screen, trial->name, trial->description);

        r = trial_run(e, trial, plan, NULL, &observer, &view, &outcome);
        if (r < 0) {
                log_error(r, "the %s trial cannot be run", trial->name);
                return STATUS_NOT_RUN;
        }

        return outcome == TRIAL_PASSED   ? STATUS_PASSED
               : outcome == TRIAL_FAILED ? STATUS_FAILED
                                         : STATUS_NOT_RUN;
}

/* The trial's options and those that all have, for getopt_long(). NULL when memory is short. */
static struct option *make_options(const struct trial *trial) {
        static const struct option common[] = {
                {"help", no_argument, NULL, OPTION_HELP},
                {"json", no_argument, NULL, OPTION_JSON},
        };
        struct option *options;
        size_t n = 0;

        while (trial->options[n].name)
                n++;

        options = calloc(n + ELEMENTSOF(common) + 1, sizeof(*options));
        if (!options)
                return NULL;

        for (size_t i = 0; i < n; i++)
                options[i] = (struct option){trial->options[i].name, required_argument, NULL,
                                             OPTION_OF_TRIAL + (int) i};
        memcpy(options + n, common, sizeof(common));
        return options;
}

/* Returns 0, or -ENOKEY or -EINVAL once it has told what is wrong, a negative errno. */
static int apply_option(struct plan *plan, const struct trial_option *option, const char *value) {
        _cleanup_(plan_problems_done) struct plan_problems problems = {};
        _cleanup_free_ char *where = NULL;
        int r;

        where = strprintf("--%s", option->name);
        if (!where)
                return -ENOMEM;

        r = plan_set(plan, option->key, value, where, &problems);
        plan_problems_log(&problems);

        return r;
}

static enum status run_with_options(const struct trial *trial, int argc, char **argv) {
        _cleanup_(plan_freep) struct plan *plan = NULL;
        _cleanup_free_ struct option *options = NULL;
        bool json = false;
        int c, r;

        options = make_options(trial);
        if (!options) {
                log_error(-ENOMEM, "%s", argv[0]);
                return STATUS_NOT_RUN;
        }

        if (plan_load_for_command(&plan) < 0)
                return STATUS_NOT_RUN;

        while ((c = command_option(argc, argv, "h", options)) >= 0) {
                if (c == OPTION_HELP) {
                        help_trial(trial, plan);
                        return STATUS_PASSED;
                }
                if (c == '?')
                        return STATUS_USAGE;

                if (c == OPTION_JSON)
                        json = true;
                else {
                        r = apply_option(plan, &trial->options[c - OPTION_OF_TRIAL], optarg);
                        if (r < 0)
                                return r == -ENOMEM ? STATUS_NOT_RUN : STATUS_USAGE;
                }
        }

        if (!command_takes(argc, argv, 0))
                return STATUS_USAGE;

        return run(trial, plan, json);
}

int verb_trial(int argc, char **argv) {
        const struct trial *trial;

        if (argc < 2) {
                help();
                return STATUS_USAGE;
        }

        if (streq(argv[1], "--help") || streq(argv[1], "-h")) {
                help();
                return STATUS_PASSED;
        }

        if (streq(argv[1], "--list")) {
                list();
                return STATUS_PASSED;
        }

        trial = trial_find(argv[1]);
        if (!trial) {
                log_line("there is no trial \"%s\"; \"seatrial trial --list\" lists them", argv[1]);
                return STATUS_USAGE;
        }

        if (command_name(argv[0], argv + 1) < 0) {
                log_error(-ENOMEM, "%s", argv[1]);
                return STATUS_NOT_RUN;
        }

        return (int) run_with_options(trial, argc - 1, argv + 1);
}
