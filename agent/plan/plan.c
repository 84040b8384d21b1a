/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "plan.h"
#include "settings.h"

#define PLAN_FILE_MAX (64U * 1024)

static const char command_line_origin[] = "kernel command line";

static void *plan_field(struct plan *plan, const struct setting *setting) {
        return (char *) plan + setting->offset;
}

static int problem_add(struct plan_problems *problems, const char *where, char *message) {
        _cleanup_free_ char *text = message, *place = NULL;
        struct plan_problem *larger;

        place = strdup(where);
        larger = reallocarray(problems->items, problems->n_items + 1, sizeof(*larger));
        if (larger)
                problems->items = larger;
        if (!larger || !place || !text)
                return -ENOMEM;

        problems->items[problems->n_items++] = (struct plan_problem){
                .where = TAKE_PTR(place),
                .message = TAKE_PTR(text),
        };
        return 0;
}

bool plan_has_second_leg(const struct plan *plan) {
        if (plan->trial_memory_reach != REACH_SECOND_LEG || plan->trial_memory_size.percent < 100)
                return false;

        for (char **name = plan->trials; *name; name++)
                if (streq(*name, "memory"))
                        return true;

        return false;
}

void plan_problems_done(struct plan_problems *problems) {
        for (size_t i = 0; i < problems->n_items; i++) {
                free(problems->items[i].where);
                free(problems->items[i].message);
        }
        free(problems->items);
        *problems = (struct plan_problems){};
}

static const struct setting *setting_find(const char *key) {
        for (size_t i = 0; i < n_settings; i++)
                if (streq(settings[i].key, key))
                        return &settings[i];

        return NULL;
}

static int problem_add_value(struct plan_problems *problems, const char *where, const struct setting *setting,
                             const char *value) {
        _cleanup_free_ char *expected = NULL;

        expected = setting_expected(setting);
        if (!expected)
                return -ENOMEM;

        return problem_add(problems, where, strprintf("%s: \"%s\" is not %s", setting->key, value, expected));
}

int plan_set(struct plan *plan, const char *key, const char *value, const char *where,
             struct plan_problems *problems) {
        const struct setting *setting = setting_find(key);
        _cleanup_free_ char *text = NULL, *origin = NULL;
        struct plan_value *current;
        int r;

        if (!setting) {
                r = problem_add(problems, where,
                                strprintf("there is no setting \"%s\"; \"seatrial plan\" lists all", key));
                return r < 0 ? r : -ENOKEY;
        }

        text = strdup(value);
        origin = strdup(where);
        if (!text || !origin)
                return -ENOMEM;

        r = setting->parse(value, setting->choices, plan_field(plan, setting));
        if (r == -EINVAL) {
                r = problem_add_value(problems, where, setting, value);
                return r < 0 ? r : -EINVAL;
        }
        if (r < 0)
                return r;

        current = &plan->values[setting - settings];
        free(current->text);
        free(current->origin);
        *current = (struct plan_value){.text = TAKE_PTR(text), .origin = TAKE_PTR(origin)};
        return 0;
}

const char *plan_text(const struct plan *plan, const char *key) {
        const struct setting *setting = setting_find(key);

        return setting ? plan->values[setting - settings].text : NULL;
}

int plan_new(struct plan **ret) {
        _cleanup_(plan_freep) struct plan *plan = NULL;
        struct plan_problems none = {};

        plan = calloc(1, sizeof(*plan));
        if (!plan)
                return -ENOMEM;

        plan->values = calloc(n_settings, sizeof(*plan->values));
        if (!plan->values)
                return -ENOMEM;

        for (size_t i = 0; i < n_settings; i++) {
                int r = plan_set(plan, settings[i].key, settings[i].value, "built-in", &none);

                plan_problems_done(&none);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(plan);
        return 0;
}

struct plan *plan_free(struct plan *plan) {
        if (!plan)
                return NULL;

        for (size_t i = 0; i < n_settings; i++) {
                if (settings[i].release)
                        settings[i].release(plan_field(plan, &settings[i]));
                if (plan->values) {
                        free(plan->values[i].text);
                        free(plan->values[i].origin);
                }
        }

        free(plan->values);
        free(plan);
        return NULL;
}

/* One pass over the file. It runs twice, on a scratch plan first, so that a file with an error changes
 * nothing. */
static int plan_apply_lines(struct plan *plan, const char *text, size_t size, const char *name,
                            struct plan_problems *problems) {
        _cleanup_free_ char *copy = NULL;
        unsigned number = 0;
        char *rest, *line;

        copy = strndup(text, size);
        if (!copy)
                return -ENOMEM;

        if (strlen(copy) != size)
                return problem_add(problems, name, strdup("the file holds a NUL byte and is no text"));

        rest = copy;
        while ((line = strsep(&rest, "\n"))) {
                _cleanup_free_ char *where = NULL;
                char *key, *value = line;
                int r;

                where = strprintf("%s:%u", name, ++number);
                if (!where)
                        return -ENOMEM;

                line[strcspn(line, "#")] = 0;
                key = strstrip(strsep(&value, "="));
                if (!value && !*key)
                        continue;

                if (!value || !*key)
                        r = problem_add(problems, where,
                                        strprintf("\"%s\" is not of the form \"key = value\"", key));
                else
                        r = plan_set(plan, key, strstrip(value), where, problems);
                if (r < 0 && r != -ENOKEY && r != -EINVAL)
                        return r;
        }

        return 0;
}

int plan_apply_file(struct plan *plan, const char *text, size_t size, const char *name,
                    struct plan_problems *problems) {
        _cleanup_(plan_freep) struct plan *scratch = NULL;
        size_t before = problems->n_items;
        int r;

        if (size > PLAN_FILE_MAX) {
                r = problem_add(problems, name, strprintf("the file is larger than %u bytes", PLAN_FILE_MAX));
                return r < 0 ? r : 0;
        }

        r = plan_new(&scratch);
        if (r < 0)
                return r;

        r = plan_apply_lines(scratch, text, size, name, problems);
        if (r < 0)
                return r;
        if (problems->n_items > before)
                return 0;

        r = plan_apply_lines(plan, text, size, name, problems);
        return r < 0 ? r : 1;
}

/* Cuts the next word off, as the kernel does: blanks part words, and double quotes hold them together. */
static char *next_word(char **rest) {
        char *p = *rest, *to, *word;
        bool quoted = false;

        p += strspn(p, " \t\n");
        if (!*p)
                return NULL;

        word = to = p;
        for (; *p && (quoted || !strchr(" \t\n", *p)); p++) {
                if (*p == '"')
                        quoted = !quoted;
                else
                        *to++ = *p;
        }

        *rest = *p ? p + 1 : p;
        *to = 0;
        return word;
}

/* Applies each word that begins with prefix. */
static int plan_apply_prefixed(struct plan *plan, const char *words, const char *prefix, const char *where,
                               struct plan_problems *problems) {
        _cleanup_free_ char *copy = NULL;
        char *rest, *word;

        copy = strdup(words);
        if (!copy)
                return -ENOMEM;

        rest = copy;
        while ((word = next_word(&rest))) {
                const char *key = startswith(word, prefix);
                char *value;
                int r;

                if (!key)
                        continue;

                value = strchr(word, '=');
                if (value) {
                        *value++ = 0;
                        r = plan_set(plan, key, value, where, problems);
                } else
                        r = problem_add(problems, where, strprintf("\"%s\" has no value", word));
                if (r < 0 && r != -ENOKEY && r != -EINVAL)
                        return r;
        }

        return 0;
}

int plan_apply_command_line(struct plan *plan, const char *command_line, struct plan_problems *problems) {
        return plan_apply_prefixed(plan, command_line, "seatrial.", command_line_origin, problems);
}

int plan_apply_words(struct plan *plan, const char *words, const char *where,
                     struct plan_problems *problems) {
        return plan_apply_prefixed(plan, words, "", where, problems);
}

/* It would choose who is trusted. */
static bool is_forbidden_to_bmc(const char *key) {
        return startswith(key, "bmc.") || streq(key, "production.trust");
}

static bool is_above_bmc(const struct plan *plan, const char *key) {
        const struct setting *setting = setting_find(key);

        return setting && streq(plan->values[setting - settings].origin, command_line_origin);
}

/* One pass, as over a file: overrule says whether the command line's settings may change. */
static int plan_apply_object(struct plan *plan, const json_t *object, bool overrule,
                             struct plan_problems *problems) {
        static const char where[] = "BMC";
        const char *key;
        json_t *value;

        json_object_foreach((json_t *) object, key, value) {
                int r = 0;

                if (is_forbidden_to_bmc(key))
                        r = problem_add(problems, where, strprintf("%s is not for the BMC to say", key));
                else if (!json_is_string(value))
                        r = problem_add(problems, where, strprintf("%s: the value is no text", key));
                else if (overrule || !is_above_bmc(plan, key))
                        r = plan_set(plan, key, json_string_value(value), where, problems);
                if (r < 0 && r != -ENOKEY && r != -EINVAL)
                        return r;
        }

        return 0;
}

int plan_apply_bmc(struct plan *plan, const json_t *object, struct plan_problems *problems) {
        _cleanup_(plan_freep) struct plan *scratch = NULL;
        size_t before = problems->n_items;
        int r;

        r = plan_new(&scratch);
        if (r < 0)
                return r;

        r = plan_apply_object(scratch, object, true, problems);
        if (r < 0)
                return r;
        if (problems->n_items > before)
                return 0;

        r = plan_apply_object(plan, object, false, problems);
        return r < 0 ? r : 1;
}

int plan_load(struct plan **ret, struct plan_problems *problems) {
        _cleanup_(plan_freep) struct plan *plan = NULL;
        _cleanup_free_ char *text = NULL, *command_line = NULL;
        size_t size;
        int r;

        r = plan_new(&plan);
        if (r < 0)
                return r;

        r = read_file(PLAN_FILE, PLAN_FILE_MAX, &text, &size);
        if (r >= 0)
                r = plan_apply_file(plan, text, size, PLAN_FILE, problems);
        else if (r != -ENOENT)
                r = problem_add(problems, PLAN_FILE, strprintf("it cannot be read: %s", strerror(-r)));
        if (r < 0 && r != -ENOENT)
                return r;

        r = read_file("/proc/cmdline", PLAN_FILE_MAX, &command_line, NULL);
        if (r >= 0)
                r = plan_apply_command_line(plan, command_line, problems);
        else
                r = problem_add(problems, "/proc/cmdline", strprintf("it cannot be read: %s", strerror(-r)));
        if (r < 0)
                return r;

        *ret = TAKE_PTR(plan);
        return 0;
}
