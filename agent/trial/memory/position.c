/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/macro.h"
#include "base/text.h"
#include "position.h"

#define NAMES_MAX 3

/* What is told of a place, by the names that drivers have for it, whatever their case: skx_edac and
 * i10nm_edac, by themselves or in the firmware's words (ADXL), sb_edac, and ghes_edac from UEFI's memory
 * error section. */
static const struct part {
        const char *title;
        const char *names[NAMES_MAX];
        bool hexadecimal;
        bool wanted; /* said to be missing where it is */
} parts[] = {
        {"channel", {"ChannelId"}, false, true},
        {"rank", {"PhysicalRankId", "rank"}, false, true},
        {"chip", {"ChipId", "chip_id"}, false, false},
        {"device", {"device"}, false, false},
        {"bank group", {"BankGroup", "bank_group"}, false, false},
        {"bank", {"bank", "bank_addr", "bank_address"}, false, false},
        {"row", {"row"}, true, true},
        {"column", {"column", "col"}, true, true},
        {"bit", {"bit_position"}, false, false},
};

void edac_event_done(struct edac_event *event) {
        free(event->module);
        free(event->detail);
        *event = (struct edac_event){};
}

/* "mc_event: 1 Corrected error: memory read error on CPU_SrcID#0_MC#0_Chan#0_DIMM#0 (mc:0 location:0:0:-1
 * address:0x1a000040 grain:32 syndrome:0x00000000 err_code:...)": a label may have blanks.
 * Returns 1, 0 for a line that is none, -ENOMEM. */
static int parse_event(const char *line, struct edac_event *ret) {
        _cleanup_(edac_event_done) struct edac_event event = {};
        const char *label, *end, *numbers, *detail;
        size_t length;
        int n = 0;

        label = strstr(line, "mc_event: ");
        label = label ? strstr(label, " on ") : NULL;
        end = label ? strstr(label, " (mc:") : NULL;
        numbers = end ? strstr(end, " address:0x") : NULL;
        if (!numbers ||
            sscanf(numbers, " address:%" SCNx64 " grain:%" SCNu64 "%n", &event.address, &event.grain, &n) <
                    2 ||
            event.grain == 0)
                return 0;

        label += strlen(" on ");
        event.module = strndup(label, (size_t) (end - label));

        /* The bracket behind the detail, and not one inside. */
        detail = numbers + n;
        length = strcspn(detail, "\n");
        if (length > 0 && detail[length - 1] == ')')
                length--;
        event.detail = strndup(detail, length);
        if (!event.module || !event.detail)
                return -ENOMEM;

        *ret = event;
        event = (struct edac_event){};
        return 1;
}

static bool is_at(const struct edac_event *event, const void *place) {
        return event->address / event->grain == *(const uint64_t *) place / event->grain;
}

static bool is_of(const struct edac_event *event, const void *module) {
        return streq(event->module, module);
}

static int find_event(const char *trace, bool last, bool (*matches)(const struct edac_event *, const void *),
                      const void *userdata, struct edac_event *ret) {
        _cleanup_(edac_event_done) struct edac_event found = {};

        for (const char *at = trace; (at = strstr(at, "mc_event: ")) && (last || !found.module); at++) {
                _cleanup_(edac_event_done) struct edac_event event = {};
                _cleanup_free_ char *line = strndup(at, strcspn(at, "\n"));
                int r = line ? parse_event(line, &event) : -ENOMEM;

                if (r < 0)
                        return r;
                if (r > 0 && matches(&event, userdata)) {
                        edac_event_done(&found);
                        found = event;
                        event = (struct edac_event){};
                }
        }
        if (!found.module)
                return 0;

        *ret = found;
        found = (struct edac_event){};
        return 1;
}

int edac_event_at(const char *trace, uint64_t place, struct edac_event *ret) {
        return find_event(trace, false, is_at, &place, ret);
}

int edac_event_of(const char *trace, const char *module, struct edac_event *ret) {
        return find_event(trace, true, is_of, module, ret);
}

/* The number behind that name, which stands at the detail's begin or behind a blank. */
static bool read_part(const char *detail, const char *name, uint64_t *ret) {
        const size_t length = strlen(name);

        for (const char *word = detail; word; word = strchr(word, ' ')) {
                int64_t value;

                word += strspn(word, " ");
                if (strncasecmp(word, name, length) == 0 && word[length] == ':' &&
                    sscanf(word + length + 1, "%" SCNi64, &value) == 1 && value >= 0) {
                        *ret = (uint64_t) value;
                        return true;
                }
        }

        return false;
}

static bool find_part(const char *detail, const struct part *part, uint64_t *ret) {
        for (size_t i = 0; i < NAMES_MAX && part->names[i]; i++)
                if (read_part(detail, part->names[i], ret))
                        return true;

        return false;
}

static bool has_word(const char *text, const char *word) {
        for (const char *at = text; (at = strstr(at, word)); at++)
                if (at == text || at[-1] == ' ')
                        return true;

        return false;
}

/* A chip select is a rank by its number at the controller. */
static bool is_located(const char *location, const struct part *part) {
        return has_word(location, part->title) || (streq(part->title, "rank") && has_word(location, "csrow"));
}

/* Lengthens *text; false when memory is short. */
static bool append(char **text, const char *between, char *addition) {
        _cleanup_free_ char *before = *text, *added = addition;

        *text = before && added ? strprintf("%s%s%s", before, *before ? between : "", added) : NULL;
        return *text;
}

char *position_text(const char *location, const char *detail) {
        _cleanup_free_ char *told = strdup(location ?: ""), *missing = strdup("");

        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                const struct part *part = &parts[i];
                uint64_t value;
                bool done = true;

                if (location && is_located(location, part))
                        continue;
                if (detail && find_part(detail, part, &value))
                        done = append(&told, ", ",
                                      strprintf(part->hexadecimal ? "%s 0x%" PRIx64 : "%s %" PRIu64,
                                                part->title, value));
                else if (part->wanted)
                        done = append(&missing, ", ", strdup(part->title));
                if (!done)
                        return NULL;
        }
        if (!told || !missing)
                return NULL;
        if (!*missing)
                return TAKE_PTR(told);

        return strprintf("%s%sno driver tells: %s%s", told, *told ? " (" : "", missing, *told ? ")" : "");
}
