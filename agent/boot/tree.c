/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "bls.h"
#include "tree.h"
#include "uki.h"

#define ENTRIES_MAX 512U

/* Of the specification's type 1 and type 2. */
#define ENTRIES      "loader/entries"
#define IMAGES       "EFI/Linux"
#define IMAGE_SUFFIX ".efi"

static void closedirp(DIR **d) {
        if (*d)
                closedir(*d);
}

static int tree_open(int root_fd, const char *path, uint64_t flags) {
        struct open_how how = {
                .flags = flags | O_RDONLY | O_CLOEXEC | O_NOCTTY,
                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
        };
        long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

        return fd < 0 ? -errno : (int) fd;
}

int tree_open_file(int root_fd, const char *path) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r;

        /* Opening a FIFO would wait for its writer. */
        fd = tree_open(root_fd, path, O_NONBLOCK);
        if (fd < 0)
                return fd;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;

        r = fd_set_nonblock(fd, false);
        if (r < 0)
                return r;

        return TAKE_FD(fd);
}

/* All of the file in a new buffer, with a NUL behind it; of a larger one, just enough to see that it is too
 * large. */
static int tree_read_file(int root_fd, const char *path, char **ret, size_t *ret_size) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *buffer = NULL;
        size_t size = 0;

        fd = tree_open_file(root_fd, path);
        if (fd < 0)
                return fd;

        buffer = malloc(BLS_FILE_MAX + 2);
        if (!buffer)
                return -ENOMEM;

        while (size <= BLS_FILE_MAX) {
                ssize_t n = read(fd, buffer + size, BLS_FILE_MAX + 1 - size);

                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t) n;
        }

        buffer[size] = 0;
        *ret = TAKE_PTR(buffer);
        *ret_size = size;
        return 0;
}

/* Sets *ret_default, to NULL without a loader.conf or with one that does not parse (told through log). */
static int read_loader(int root_fd, const char *place, char **ret_default, boot_log_t log, void *userdata) {
        _cleanup_free_ char *text = NULL, *reason = NULL;
        size_t size;
        int r;

        *ret_default = NULL;

        r = tree_read_file(root_fd, "loader/loader.conf", &text, &size);
        if (r == -ENOENT)
                return 0;
        if (r >= 0)
                r = bls_parse_loader(text, size, ret_default, &reason);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                boot_log(log, userdata, "WARNING", "%s: loader/loader.conf is not followed: %s", place,
                         reason ?: strerror(-r));

        return 0;
}

/* entries.srel says by whose rules the directory is to be read; without it, by the specification's. Returns 1
 * when it is by those, 0 (told through log), a negative errno. */
static int check_rules(int root_fd, const char *place, boot_log_t log, void *userdata) {
        _cleanup_free_ char *text = NULL, *rules = NULL;
        size_t size;
        int r;

        r = tree_read_file(root_fd, "loader/entries.srel", &text, &size);
        if (r == -ENOENT)
                return 1;
        if (r < 0)
                return r;

        rules = text_sanitize(text, strcspn(text, "\r\n"));
        if (!rules)
                return -ENOMEM;
        if (streq(rules, "type1"))
                return 1;

        boot_log(log, userdata, "INFO",
                 "%s: loader/entries is left alone: its rules are \"%s\", not \"type1\"", place, rules);
        return 0;
}

static bool has_suffix(const char *name, const char *suffix) {
        size_t length = strlen(name), n = strlen(suffix);

        return length > n && strcasecmp(name + length - n, suffix) == 0;
}

/* What a unified kernel image says of itself. */
static int describe_image(int fd, const struct uki *uki, struct boot_entry *entry) {
        _cleanup_free_ char *os = NULL, *uname = NULL, *version = NULL;
        int r;

        r = uki_read_part(fd, uki, UKI_OSREL, &os);
        if (r >= 0)
                r = uki_read_part(fd, uki, UKI_UNAME, &uname);
        if (r < 0)
                return r;

        version = uname ? text_sanitize(uname, strcspn(uname, "\r\n")) : NULL;
        entry->title = uki_os_release(os, "PRETTY_NAME");
        entry->sort_key = uki_os_release(os, "IMAGE_ID") ?: uki_os_release(os, "ID");
        entry->version = uki_os_release(os, "IMAGE_VERSION") ?: TAKE_PTR(version);
        if (!entry->version)
                entry->version = uki_os_release(os, "VERSION_ID");
        return 0;
}

/* Type 2 of the specification. Returns 1 and sets *ret, -ENOEXEC for a program of another kind, a negative
 * errno. */
static int read_image(int root_fd, const char *name, struct boot_entry **ret, char **ret_reason) {
        _cleanup_(boot_entry_freep) struct boot_entry *entry = NULL;
        _cleanup_close_ int fd = -EBADF;
        struct uki uki;
        int r;

        entry = calloc(1, sizeof(*entry));
        if (!entry)
                return -ENOMEM;

        r = bls_parse_file_name(name, IMAGE_SUFFIX, &entry->id, &entry->tries_left, &entry->tries_done);
        if (r < 0)
                return r;

        entry->linux_path = strprintf("/" IMAGES "/%s", name);
        if (!entry->linux_path)
                return -ENOMEM;

        r = fd = tree_open_file(root_fd, entry->linux_path);
        if (r >= 0)
                r = uki_read(fd, &uki, ret_reason);
        if (r == 0)
                return -ENOEXEC;
        if (r >= 0)
                r = describe_image(fd, &uki, entry);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(entry);
        return 1;
}

static int read_conf(int root_fd, const char *name, struct boot_entry **ret, char **ret_reason) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t size;
        int r;

        path = strprintf(ENTRIES "/%s", name);
        if (!path)
                return -ENOMEM;

        r = tree_read_file(root_fd, path, &text, &size);
        return r < 0 ? r : bls_parse_entry(name, text, size, ret, ret_reason);
}

/* A directory whose files are entries. */
struct kind {
        const char *directory, *suffix;

        /* Returns 1 and sets *ret, 0 for an entry that is not for this machine, a negative errno. */
        int (*read)(int root_fd, const char *name, struct boot_entry **ret, char **ret_reason);
};

static int read_entry(int root_fd, const struct kind *kind, const char *place, const char *name,
                      struct boot_entries *entries, boot_log_t log, void *userdata) {
        _cleanup_(boot_entry_freep) struct boot_entry *entry = NULL;
        _cleanup_free_ char *reason = NULL, *printable = NULL;
        int r;

        printable = text_sanitize(name, strlen(name));
        if (!printable)
                return -ENOMEM;

        r = kind->read(root_fd, name, &entry, &reason);
        if (r == -ENOMEM)
                return r;
        if (r == -ENOEXEC)
                reason = strdup(
                        "it is no unified kernel image, and other programs for the firmware do not run here");
        if (r <= 0) {
                boot_log(log, userdata, r < 0 && r != -ENOEXEC ? "WARNING" : "INFO", "%s: %s is left out: %s",
                         place, printable, reason ?: strerror(-r));
                return 0;
        }

        r = boot_entries_add(entries, entry);
        if (r < 0)
                return r;

        TAKE_PTR(entry);
        return 0;
}

static int read_directory(int root_fd, const struct kind *kind, const char *place,
                          struct boot_entries *entries, boot_log_t log, void *userdata) {
        _cleanup_(closedirp) DIR *directory = NULL;
        const struct dirent *item;
        unsigned n = 0;
        int fd, r;

        fd = tree_open(root_fd, kind->directory, O_DIRECTORY);
        if (fd == -ENOENT || fd == -ENOTDIR)
                return 0;
        if (fd < 0)
                return fd;

        directory = fdopendir(fd);
        if (!directory) {
                safe_close(fd);
                return -ENOMEM;
        }

        for (;;) {
                errno = 0;
                item = readdir(directory);
                if (!item)
                        return -errno;

                if (item->d_name[0] == '.' || !has_suffix(item->d_name, kind->suffix))
                        continue;

                if (n++ == ENTRIES_MAX) {
                        boot_log(log, userdata, "WARNING", "%s: only %u files of %s are looked at", place,
                                 ENTRIES_MAX, kind->directory);
                        return 0;
                }

                r = read_entry(root_fd, kind, place, item->d_name, entries, log, userdata);
                if (r < 0)
                        return r;
        }
}

int tree_read_entries(int root_fd, const char *place, struct boot_entries *entries, char **ret_default,
                      boot_log_t log, void *userdata) {
        static const struct kind confs = {ENTRIES, ".conf", read_conf},
                                 images = {IMAGES, IMAGE_SUFFIX, read_image};
        _cleanup_free_ char *pattern = NULL;
        int r;

        r = read_loader(root_fd, place, &pattern, log, userdata);
        if (r < 0)
                return r;

        r = check_rules(root_fd, place, log, userdata);
        if (r > 0)
                r = read_directory(root_fd, &confs, place, entries, log, userdata);
        if (r >= 0)
                r = read_directory(root_fd, &images, place, entries, log, userdata);
        if (r < 0)
                return r;

        *ret_default = TAKE_PTR(pattern);
        return 0;
}
