/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "fd.h"
#include "smbios.h"
#include "text.h"

/* The 64-bit entry point could announce 4 GiB. Real tables hold some ten KiB; this much is refused as
 * nonsense. */
#define TABLE_SIZE_MAX       ((size_t) 4 << 20)
#define ENTRY_POINT_SIZE_MAX 256

#define HEADER_SIZE 4

static uint16_t get_u16(const uint8_t *p) {
        return (uint16_t) (p[0] | p[1] << 8);
}

static uint32_t get_u32(const uint8_t *p) {
        return (uint32_t) get_u16(p) | (uint32_t) get_u16(p + 2) << 16;
}

static bool checksum_good(const uint8_t *p, size_t size) {
        uint8_t sum = 0;

        for (size_t i = 0; i < size; i++)
                sum = (uint8_t) (sum + p[i]);

        return sum == 0;
}

/* DSP0134 5.2.2: 64-bit entry point. */
static int parse_entry_point_64(const uint8_t *p, size_t size, struct smbios *smbios) {
        if (size < 0x18 || p[0x06] < 0x18 || p[0x06] > size || !checksum_good(p, p[0x06]))
                return -EBADMSG;

        smbios->major = p[0x07];
        smbios->minor = p[0x08];
        smbios->size = get_u32(p + 0x0c);
        smbios->n_structures = SIZE_MAX;
        return 0;
}

/* DSP0134 5.2.1: 32-bit entry point, with the older "_DMI_" one inside. The length is 1Eh by a mistake of
 * specification 2.1, where 1Fh was meant. */
static int parse_entry_point_32(const uint8_t *p, size_t size, struct smbios *smbios) {
        if (size < 0x1f || p[0x05] < 0x1e || p[0x05] > size || !checksum_good(p, p[0x05]))
                return -EBADMSG;
        if (memcmp(p + 0x10, "_DMI_", 5) != 0 || !checksum_good(p + 0x10, 0x0f))
                return -EBADMSG;

        smbios->major = p[0x06];
        smbios->minor = p[0x07];
        smbios->size = get_u16(p + 0x16);
        smbios->n_structures = get_u16(p + 0x1c);
        return 0;
}

int smbios_new(const void *entry_point, size_t entry_point_size, const void *table, size_t table_size,
               struct smbios **ret) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        int r;

        smbios = calloc(1, sizeof(*smbios));
        if (!smbios)
                return -ENOMEM;

        if (entry_point_size >= 5 && memcmp(entry_point, "_SM3_", 5) == 0)
                r = parse_entry_point_64(entry_point, entry_point_size, smbios);
        else if (entry_point_size >= 4 && memcmp(entry_point, "_SM_", 4) == 0)
                r = parse_entry_point_32(entry_point, entry_point_size, smbios);
        else
                r = -EBADMSG;
        if (r < 0)
                return r;

        smbios->size = MIN(smbios->size, table_size);
        smbios->table = malloc(MAX(smbios->size, (size_t) 1));
        if (!smbios->table)
                return -ENOMEM;
        if (smbios->size > 0)
                memcpy(smbios->table, table, smbios->size);

        *ret = TAKE_PTR(smbios);
        return 0;
}

int smbios_read(const char *sys_root, struct smbios **ret) {
        _cleanup_free_ char *entry_point_path = NULL, *table_path = NULL, *entry_point = NULL, *table = NULL;
        size_t entry_point_size, table_size;
        int r;

        entry_point_path = strprintf("%s/firmware/dmi/tables/smbios_entry_point", sys_root);
        table_path = strprintf("%s/firmware/dmi/tables/DMI", sys_root);
        if (!entry_point_path || !table_path)
                return -ENOMEM;

        r = read_file(entry_point_path, ENTRY_POINT_SIZE_MAX, &entry_point, &entry_point_size);
        if (r < 0)
                return r;

        r = read_file(table_path, TABLE_SIZE_MAX, &table, &table_size);
        if (r < 0)
                return r;

        return smbios_new(entry_point, entry_point_size, table, table_size, ret);
}

struct smbios *smbios_free(struct smbios *smbios) {
        if (!smbios)
                return NULL;

        free(smbios->table);
        free(smbios);
        return NULL;
}

int smbios_next(const struct smbios *smbios, struct smbios_structure *it) {
        size_t left = smbios->size - it->end, strings, next;
        const uint8_t *p = smbios->table + it->end;

        if (left == 0 || it->index >= smbios->n_structures)
                return 0;
        if (left < HEADER_SIZE || p[1] < HEADER_SIZE || p[1] > left)
                return -EBADMSG;
        if (p[0] == SMBIOS_END)
                return 0;

        /* Behind the formatted area stand NUL-terminated strings and one NUL more; two NULs when there is no
         * string. Where the table ends before that, what is there still counts. */
        strings = p[1];
        for (next = strings; next + 1 < left; next++)
                if (p[next] == 0 && p[next + 1] == 0)
                        break;
        next = MIN(next + 2, left);

        *it = (struct smbios_structure){
                .type = p[0],
                .length = p[1],
                .handle = get_u16(p + 2),
                .data = p,
                .strings = (const char *) p + strings,
                .strings_size = next - strings,
                .index = it->index + 1,
                .end = it->end + next,
        };
        return 1;
}

int smbios_next_of(const struct smbios *smbios, uint8_t type, struct smbios_structure *it) {
        int r;

        do
                r = smbios_next(smbios, it);
        while (r > 0 && it->type != type);

        return r;
}

int smbios_find(const struct smbios *smbios, uint8_t type, uint16_t handle, struct smbios_structure *ret) {
        struct smbios_structure it = {};

        while (smbios_next_of(smbios, type, &it) > 0)
                if (it.handle == handle) {
                        *ret = it;
                        return 1;
                }

        return 0;
}

const uint8_t *smbios_bytes(const struct smbios_structure *s, size_t offset, size_t size) {
        return offset <= s->length && size <= s->length - offset ? s->data + offset : NULL;
}

bool smbios_u8(const struct smbios_structure *s, size_t offset, uint8_t *ret) {
        const uint8_t *p = smbios_bytes(s, offset, 1);

        if (p)
                *ret = p[0];
        return p;
}

bool smbios_u16(const struct smbios_structure *s, size_t offset, uint16_t *ret) {
        const uint8_t *p = smbios_bytes(s, offset, 2);

        if (p)
                *ret = get_u16(p);
        return p;
}

bool smbios_u32(const struct smbios_structure *s, size_t offset, uint32_t *ret) {
        const uint8_t *p = smbios_bytes(s, offset, 4);

        if (p)
                *ret = get_u32(p);
        return p;
}

bool smbios_u64(const struct smbios_structure *s, size_t offset, uint64_t *ret) {
        const uint8_t *p = smbios_bytes(s, offset, 8);

        if (p)
                *ret = (uint64_t) get_u32(p) | (uint64_t) get_u32(p + 4) << 32;
        return p;
}

int smbios_string(const struct smbios_structure *s, size_t offset, char **ret) {
        const char *text = s->strings;
        size_t left = s->strings_size;
        uint8_t number;

        if (!smbios_u8(s, offset, &number) || number == 0) {
                *ret = NULL;
                return 0;
        }

        while (left > 0) {
                size_t length = strnlen(text, left);
                _cleanup_free_ char *clean = NULL;
                char *stripped, *copy;

                if (length == 0) /* the last string is behind us */
                        break;

                if (--number > 0) {
                        size_t step = MIN(length + 1, left);

                        text += step;
                        left -= step;
                        continue;
                }

                clean = text_sanitize(text, length);
                if (!clean)
                        return -ENOMEM;

                stripped = strstrip(clean);
                if (!*stripped)
                        break;

                copy = strdup(stripped);
                if (!copy)
                        return -ENOMEM;

                *ret = copy;
                return 0;
        }

        *ret = NULL;
        return 0;
}
