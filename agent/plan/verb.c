/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdio.h>
#include <string.h>

#include "base/command.h"
#include "base/log.h"
#include "base/screen.h"
#include "base/text.h"
#include "plan.h"
#include "settings.h"

#define TEXT_COLUMN 8

static void help(void) {
        puts("Usage: seatrial plan\n"
             "\n"
             "Prints every setting with its value, what it means, where the value came from, and what\n"
             "it may be. Settings stand in " PLAN_FILE " as \"key = value\", and on the kernel\n"
             "command line as seatrial.key=value, which wins.\n"
             "\n"
             "  -h, --help  this text");
}

void plan_problems_log(const struct plan_problems *problems) {
        for (size_t i = 0; i < problems->n_items; i++)
                log_line("%s: %s", problems->items[i].where, problems->items[i].message);
}

int plan_load_for_command(struct plan **ret) {
        _cleanup_(plan_problems_done) struct plan_problems problems = {};
        int r;

        r = plan_load(ret, &problems);
        if (r < 0)
                return log_error(r, "the plan cannot be loaded");

        plan_problems_log(&problems);
        return 0;
}

static void show_text(const char *text) {
        printf("%*s", TEXT_COLUMN, "");
        screen_wrap(stdout, text, TEXT_COLUMN, screen_room(stdout, TEXT_COLUMN));
}

static void show(const struct setting *setting, const struct plan_value *value) {
        _cleanup_free_ char *expected = setting_expected(setting), *origin = NULL;

        printf("%s = %s\n", setting->key, value->text);
        show_text(setting->help);
        origin = strprintf("%s; may be %s", value->origin, expected ?: "?");
        show_text(origin ?: value->origin);
}

int verb_plan(int argc, char **argv) {
        _cleanup_(plan_problems_done) struct plan_problems problems = {};
        _cleanup_(plan_freep) struct plan *plan = NULL;
        int r, status;

        if (!command_begin(argc, argv, help, NULL, NULL, 0, &status))
                return status;

        r = plan_load(&plan, &problems);
        if (r < 0) {
                log_error(r, "the plan cannot be loaded");
                return 1;
        }

        for (size_t i = 0; i < n_settings; i++)
                show(&settings[i], &plan->values[i]);

        plan_problems_log(&problems);

        return problems.n_items > 0;
}
