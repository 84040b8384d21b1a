/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "modules.h"

int guid_parse(const char *text, struct guid *ret) {
        static const uint8_t dashes[] = {8, 13, 18, 23};
        uint8_t bytes[16];
        char digits[33];
        size_t n = 0;
        int r;

        if (strlen(text) != 36)
                return -EINVAL;

        for (size_t i = 0; i < 36; i++) {
                if (memchr(dashes, (int) i, sizeof(dashes))) {
                        if (text[i] != '-')
                                return -EINVAL;
                } else
                        digits[n++] = text[i];
        }
        digits[n] = 0;

        r = hex_decode(digits, bytes, sizeof(bytes));
        if (r < 0)
                return r;

        *ret = (struct guid){
                .a = (uint32_t) bytes[0] << 24 | (uint32_t) bytes[1] << 16 | (uint32_t) bytes[2] << 8 |
                     bytes[3],
                .b = (uint16_t) (bytes[4] << 8 | bytes[5]),
                .c = (uint16_t) (bytes[6] << 8 | bytes[7]),
        };
        memcpy(ret->d, bytes + 8, sizeof(ret->d));
        return 0;
}

static int modules_add(struct modules *modules, const struct guid *guid, const char *name) {
        _cleanup_free_ char *copy = NULL;
        struct module *larger;

        copy = strdup(name);
        larger = reallocarray(modules->entries, modules->n_entries + 1, sizeof(*larger));
        if (larger)
                modules->entries = larger;
        if (!copy || !larger)
                return -ENOMEM;

        modules->entries[modules->n_entries++] = (struct module){.guid = *guid, .name = TAKE_PTR(copy)};
        return 0;
}

int modules_parse(struct modules *modules, char *text, unsigned *ret_line) {
        unsigned number = 0;
        char *line;
        int r;

        while ((line = strsep(&text, "\n"))) {
                char *rest, *word, *name;
                struct guid guid;

                number++;
                line[strcspn(line, "#")] = 0;
                rest = strstrip(line);
                if (!*rest)
                        continue;

                word = strsep(&rest, " \t");
                name = rest ? strstrip(rest) : NULL;
                if (guid_parse(word, &guid) < 0 || !name || !*name || modules_find(modules, &guid)) {
                        *ret_line = number;
                        return -EBADMSG;
                }

                r = modules_add(modules, &guid, name);
                if (r < 0)
                        return r;
        }

        return 0;
}

struct module *modules_find(const struct modules *modules, const struct guid *guid) {
        for (size_t i = 0; i < modules->n_entries; i++)
                if (guid_equal(&modules->entries[i].guid, guid))
                        return &modules->entries[i];

        return NULL;
}

void modules_done(struct modules *modules) {
        for (size_t i = 0; i < modules->n_entries; i++)
                free(modules->entries[i].name);

        free(modules->entries);
        *modules = (struct modules){};
}
