/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "efi.h"
#include "field.h"
#include "inventory.h"

#define GLOBAL_VARIABLE "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define VARIABLE_MAX    65536U

/* efivarfs puts them before the value. */
#define ATTRIBUTES_SIZE 4U

#define LOAD_OPTION_ACTIVE 1U

static void closedirp(DIR **directory) {
        if (*directory)
                closedir(*directory);
}

/* Reads the value of one of the specification's own variables. Returns 0, a negative errno. */
static int read_variable(int variables_fd, const char *name, char **ret, size_t *ret_size) {
        _cleanup_free_ char *file = NULL, *bytes = NULL;
        size_t size;
        int r;

        file = strprintf("%s-" GLOBAL_VARIABLE, name);
        if (!file)
                return -ENOMEM;

        r = read_file_at(variables_fd, file, VARIABLE_MAX, &bytes, &size);
        if (r < 0)
                return r;
        if (size < ATTRIBUTES_SIZE)
                return -EBADMSG;

        memmove(bytes, bytes + ATTRIBUTES_SIZE, size - ATTRIBUTES_SIZE);
        *ret = TAKE_PTR(bytes);
        *ret_size = size - ATTRIBUTES_SIZE;
        return 0;
}

static void add_flag(int variables_fd, const char *variable, const char *name, struct fields *f) {
        _cleanup_free_ char *value = NULL;
        size_t size;

        fields_source(f, "EFI variable %s", variable);
        if (read_variable(variables_fd, variable, &value, &size) == 0 && size == 1)
                fields_bool(f, name, value[0] == 1);
        else
                fields_null(f, name);
}

int efi_load_option_decode(const void *option, size_t size, bool *ret_active, char **ret_description) {
        const uint8_t *p = option;
        size_t length = 0;
        char *text;

        /* Attributes, length of the device paths, then UTF-16 up to a NUL. */
        for (p += 6;; length++) {
                if (size < 6 || 2 * length + 2 > size - 6)
                        return -EBADMSG;
                if (p[2 * length] == 0 && p[2 * length + 1] == 0)
                        break;
        }

        text = malloc(length + 1);
        if (!text)
                return -ENOMEM;

        for (size_t i = 0; i < length; i++)
                text[i] = p[2 * i + 1] == 0 && p[2 * i] >= 0x20 && p[2 * i] < 0x7f ? (char) p[2 * i] : '?';
        text[length] = 0;

        *ret_active = *(const uint8_t *) option & LOAD_OPTION_ACTIVE;
        *ret_description = text;
        return 0;
}

static int add_boot_entry(int variables_fd, unsigned number, json_t *entries) {
        _cleanup_free_ char *option = NULL, *description = NULL;
        char name[16], id[8];
        struct fields f;
        bool active;
        size_t size;
        int r;

        snprintf(name, sizeof(name), "Boot%04X", number & 0xffff);
        snprintf(id, sizeof(id), "%04X", number & 0xffff);

        r = read_variable(variables_fd, name, &option, &size);
        if (r >= 0)
                r = efi_load_option_decode(option, size, &active, &description);
        if (r == -ENOMEM)
                return r;

        f = fields_of(json_object());
        fields_source(&f, "EFI variable %s", name);
        fields_word(&f, "id", id);
        if (r >= 0)
                fields_bool(&f, "active", active);
        else
                fields_null(&f, "active");
        fields_text(&f, "description", description);
        if (f.error < 0) {
                json_decref(f.object);
                return f.error;
        }

        return json_append(entries, f.object);
}

static int add_boot_order(int variables_fd, struct fields *f) {
        _cleanup_json_ json_t *order = json_array(), *entries = json_array();
        _cleanup_free_ char *value = NULL;
        size_t size = 0;
        int r;

        if (!order || !entries)
                return -ENOMEM;

        r = read_variable(variables_fd, "BootOrder", &value, &size);
        if (r == -ENOMEM)
                return r;

        for (size_t i = 0; r >= 0 && i + 1 < size; i += 2) {
                unsigned number = (unsigned) (uint8_t) value[i] | (unsigned) (uint8_t) value[i + 1] << 8;
                char id[8];

                snprintf(id, sizeof(id), "%04X", number & 0xffff);
                r = json_append(order, json_string(id));
                if (r >= 0)
                        r = add_boot_entry(variables_fd, number, entries);
        }
        if (r == -ENOMEM)
                return r;

        fields_source(f, "EFI variable BootOrder");
        fields_take(f, "boot_order", TAKE_PTR(order));
        fields_take(f, "boot_entries", TAKE_PTR(entries));
        return f->error;
}

static void add_boot_current(int variables_fd, struct fields *f) {
        _cleanup_free_ char *value = NULL;
        char id[8];
        size_t size;

        fields_source(f, "EFI variable BootCurrent");
        if (read_variable(variables_fd, "BootCurrent", &value, &size) < 0 || size != 2) {
                fields_null(f, "boot_current");
                return;
        }

        snprintf(id, sizeof(id), "%02X%02X", (uint8_t) value[1], (uint8_t) value[0]);
        fields_word(f, "boot_current", id);
}

/* How many there are and what they take: a variable store that is full bricks updates. */
static void add_usage(DIR *directory, struct fields *f) {
        uint64_t count = 0, bytes = 0;
        const struct dirent *entry;
        struct stat st;

        while ((entry = readdir(directory)))
                if (fstatat(dirfd(directory), entry->d_name, &st, 0) >= 0 && S_ISREG(st.st_mode)) {
                        count++;
                        bytes += (uint64_t) MAX(st.st_size - (off_t) ATTRIBUTES_SIZE, 0);
                }

        /* There are always some: without any, the file system is not mounted. */
        if (count == 0) {
                fields_null(f, "variable_count");
                fields_null(f, "variable_bytes");
                return;
        }

        fields_source(f, "/sys/firmware/efi/efivars");
        fields_number(f, "variable_count", count);
        fields_number(f, "variable_bytes", bytes);
}

static int add_variables(const char *path, struct fields *f) {
        _cleanup_(closedirp) DIR *directory = NULL;
        struct fields e;
        int fd, r;

        directory = opendir(path);
        if (!directory) {
                fields_null(f, "secure_boot");
                fields_null(f, "efi");
                return f->error;
        }

        fd = dirfd(directory);
        add_flag(fd, "SecureBoot", "secure_boot", f);

        e = fields_of(json_object());
        add_flag(fd, "SetupMode", "setup_mode", &e);
        add_usage(directory, &e);
        add_boot_current(fd, &e);
        r = add_boot_order(fd, &e);
        fields_take(f, "efi", e.object);
        return r < 0 ? r : e.error < 0 ? e.error : f->error;
}

int efi_add_boot(const struct inventory_roots *roots, json_t *part) {
        _cleanup_free_ char *efi = NULL, *variables = NULL;
        struct fields f = fields_of(part);
        bool uefi;

        efi = strprintf("%s/firmware/efi", roots->sys);
        variables = strprintf("%s/firmware/efi/efivars", roots->sys);
        if (!efi || !variables)
                return -ENOMEM;

        uefi = faccessat(AT_FDCWD, efi, F_OK, 0) >= 0;
        fields_source(&f, "/sys/firmware/efi");
        fields_word(&f, "boot_mode", uefi ? "uefi" : "bios");
        if (uefi)
                return add_variables(variables, &f);

        fields_bool(&f, "secure_boot", false);
        fields_null(&f, "efi");
        return f.error;
}
