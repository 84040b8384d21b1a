/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "spool-store.h"

#define NAME_MAX_SIZE sizeof("SeatrialSpool0")

static const char *variable_name(char name[static NAME_MAX_SIZE], unsigned number) {
        snprintf(name, NAME_MAX_SIZE, "SeatrialSpool%u", number % 10);
        return name;
}

#define VARIABLE_NAME(n) variable_name((char[NAME_MAX_SIZE]){}, n)

int spool_store_read(const char *root, void **ret, size_t *ret_size) {
        _cleanup_free_ char *all = NULL;
        size_t size = 0;

        all = malloc(SPOOL_MAX);
        if (!all)
                return -ENOMEM;

        for (unsigned i = 0; i < SPOOL_VARIABLES; i++) {
                _cleanup_free_ char *part = NULL;
                size_t part_size;
                int r;

                r = efi_variable_read(root, VARIABLE_NAME(i), &part, &part_size);
                if (r == -ENOENT && i > 0)
                        break;
                if (r < 0)
                        return r;

                memcpy(all + size, part, part_size);
                size += part_size;
        }

        *ret = TAKE_PTR(all);
        *ret_size = size;
        return 0;
}

/* The last first: without the first variable there is no spool. */
static int delete_from(const char *root, unsigned number) {
        int r = 0;

        for (unsigned i = SPOOL_VARIABLES; i > number && r >= 0; i--)
                r = efi_variable_delete(root, VARIABLE_NAME(i - 1));

        return r;
}

int spool_store_write(const char *root, const void *data, size_t size) {
        unsigned n = (unsigned) ((size + EFI_VARIABLE_MAX - 1) / EFI_VARIABLE_MAX);
        int r;

        if (n > SPOOL_VARIABLES)
                return -EFBIG;

        /* What is no longer needed makes room. */
        r = delete_from(root, n);
        for (unsigned i = 0; i < n && r >= 0; i++) {
                size_t offset = i * EFI_VARIABLE_MAX;

                r = efi_variable_write(root, VARIABLE_NAME(i), (const char *) data + offset,
                                       MIN(size - offset, EFI_VARIABLE_MAX));
        }
        if (r < 0)
                (void) delete_from(root, 0);

        return r;
}

int spool_store_delete(const char *root) {
        return delete_from(root, 0);
}
