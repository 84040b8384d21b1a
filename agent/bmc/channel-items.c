/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "channel-items.h"
#include "contact.h"
#include "journal-reader.h"
#include "redfish/redfish.h"

/* In this order they are told. What is not offered shows in the status alone. */
static const enum item_state told_states[] = {ITEM_VERIFIED, ITEM_ACCEPTED, ITEM_REFUSED, ITEM_UNKNOWN};

int channel_items_init(struct channel_items *i, const char *sys_root, const char *journal_path,
                       const char *boot) {
        int r;

        *i = (struct channel_items){.options = {.sys_root = sys_root}};
        i->states = json_array();
        i->news = json_array();
        if (!i->states || !i->news)
                return -ENOMEM;

        r = journal_reader_new(journal_path, boot, &i->reader);
        return r < 0 ? r : items_new(&i->options, &i->items);
}

void channel_items_done(struct channel_items *i) {
        i->items = items_free(i->items);
        i->reader = journal_reader_free(i->reader);
        json_decref(TAKE_PTR(i->states));
        json_decref(TAKE_PTR(i->news));
}

/* Puts it in the place of the one on the same item in the same way. */
static void keep_state(json_t *states, json_t *state) {
        json_t *old;
        size_t n;

        json_array_foreach(states, n,
                           old) if (streq(json_get_string(old, "item"), json_get_string(state, "item")) &&
                                    streq(json_get_string(old, "way"), json_get_string(state, "way"))) {
                (void) json_array_set(states, n, state);
                return;
        }

        (void) json_append(states, json_incref(state));
}

void channel_items_report(struct channel_items *i, const char *item, const char *way,
                          enum item_state item_state, const char *detail) {
        _cleanup_json_ json_t *state = NULL;

        state = json_pack("{ss ss ss ss*}", "item", item, "way", way, "state", item_state_text(item_state),
                          "detail", detail);
        if (!state)
                return;

        keep_state(i->states, state);
        keep_state(i->news, state);
}

static void on_report(const char *item, const char *way, enum item_state item_state, const char *detail,
                      void *userdata) {
        channel_items_report(userdata, item, way, item_state, detail);
}

static int show_records(struct channel_items *i, uint64_t n_records) {
        for (;;) {
                _cleanup_json_ json_t *record = NULL;
                int r;

                r = journal_reader_step(i->reader, n_records, &record);
                if (r <= 0)
                        return r;

                if (json_object_get(json_object_get(record, "testRunArtifact"), "testRunEnd"))
                        i->stage_ended = true;

                r = items_see(i->items, record);
                if (r < 0)
                        return r;
        }
}

int channel_items_go_on(struct channel_items *i, struct contact *contact, uint64_t n_records) {
        bool redfish = contact->trusted && redfish_logged_in(contact->redfish);
        const struct item_means means = {
                .ipmi = &contact->ipmi,
                .redfish = redfish ? contact->redfish : NULL,
                .system_path = redfish ? json_get_string(contact->system, "@odata.id") : NULL,
                .wait = contact->wait,
        };
        int r;

        r = show_records(i, n_records);
        if (r < 0)
                return r;

        /* They may appear late, and there may be none. */
        (void) contact_open_ipmi(contact);
        return items_write(i->items, &means, on_report, i);
}

static void print_group(FILE *f, const json_t *states, enum item_state group) {
        const json_t *state;
        bool first = true;
        size_t n;

        json_array_foreach(states, n, state) {
                const char *detail = json_get_string(state, "detail");

                if (!streq(json_get_string(state, "state"), item_state_text(group)))
                        continue;

                if (first)
                        fprintf(f, "%s%s: ", ftello(f) > 0 ? "; " : "", item_state_text(group));
                fprintf(f, "%s%s by %s", first ? "" : ", ", json_get_string(state, "item"),
                        json_get_string(state, "way"));
                if (group >= ITEM_REFUSED && detail)
                        fprintf(f, " (%s)", detail);
                first = false;
        }
}

char *channel_items_take_news(struct channel_items *i) {
        char *text = NULL;
        size_t size;
        FILE *f;

        if (!i->stage_ended || json_array_size(i->news) == 0)
                return NULL;

        f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        for (size_t n = 0; n < ELEMENTSOF(told_states); n++)
                print_group(f, i->news, told_states[n]);
        fclose(f);

        json_array_clear(i->news);
        i->stage_ended = false;
        if (text && !*text)
                free(TAKE_PTR(text));
        return text;
}

static size_t count(const json_t *states, enum item_state item_state) {
        const json_t *state;
        size_t n, found = 0;

        json_array_foreach(states, n, state) found +=
                streq(json_get_string(state, "state"), item_state_text(item_state));

        return found;
}

char *channel_items_summary(const struct channel_items *i) {
        char text[128] = "";
        size_t length = 0;

        for (size_t n = 0; n < ELEMENTSOF(told_states); n++) {
                size_t found = count(i->states, told_states[n]);

                if (found > 0)
                        length += (size_t) snprintf(text + length, sizeof(text) - length, "%s%zu %s",
                                                    length > 0 ? ", " : "items: ", found,
                                                    item_state_text(told_states[n]));
        }

        return *text ? strdup(text) : NULL;
}
