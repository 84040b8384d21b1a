/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "ecc.h"

void edac_done(struct edac *edac) {
        for (size_t i = 0; i < edac->n_modules; i++) {
                free(edac->modules[i].label);
                free(edac->modules[i].location);
        }
        free(edac->modules);
        *edac = (struct edac){};
}

static void closedirp(DIR **directory) {
        if (*directory)
                closedir(*directory);
}

static int read_module(int fd, const char *name, struct edac *edac) {
        _cleanup_free_ char *label = NULL, *location = NULL, *mode = NULL;
        struct edac_module module = {.ecc = true};
        struct edac_module *modules;
        int r;

        r = read_u64_file_at(fd, "dimm_ce_count", &module.corrected);
        if (r >= 0)
                r = read_u64_file_at(fd, "dimm_ue_count", &module.uncorrected);
        if (r < 0)
                return r;

        (void) read_line_file_at(fd, "dimm_location", &location);
        r = read_line_file_at(fd, "dimm_label", &label);
        if (r < 0)
                label = strdup(name);
        if (read_line_file_at(fd, "dimm_edac_mode", &mode) >= 0)
                module.ecc = !streq(mode, "None");
        if (!label)
                return -ENOMEM;

        modules = reallocarray(edac->modules, edac->n_modules + 1, sizeof(*modules));
        if (!modules)
                return -ENOMEM;

        edac->modules = modules;
        module.label = TAKE_PTR(label);
        module.location = TAKE_PTR(location);
        modules[edac->n_modules++] = module;
        return 0;
}

/* Calls each(fd, name) for the directories in parent whose names begin with prefix. */
static int for_each_directory(int parent, const char *prefix,
                              int (*each)(int fd, const char *name, struct edac *edac), struct edac *edac) {
        _cleanup_(closedirp) DIR *directory = NULL;
        const struct dirent *entry;
        int fd;

        fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        directory = fdopendir(fd);
        if (!directory) {
                int r = -errno;

                close(fd);
                return r;
        }

        while ((entry = readdir(directory))) {
                _cleanup_close_ int child = -EBADF;
                int r;

                if (!startswith(entry->d_name, prefix))
                        continue;

                child = openat(parent, entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (child < 0)
                        continue;

                r = each(child, entry->d_name, edac);
                if (r < 0 && r != -ENOENT)
                        return r;
        }

        return 0;
}

/* Older drivers have ranks instead of modules. */
static int read_controller(int fd, const char *name _unused_, struct edac *edac) {
        int r;

        r = for_each_directory(fd, "dimm", read_module, edac);
        return r < 0 ? r : for_each_directory(fd, "rank", read_module, edac);
}

int edac_read(const char *sys_root, struct edac *ret) {
        _cleanup_(edac_done) struct edac edac = {};
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        path = strprintf("%s/devices/system/edac/mc", sys_root);
        if (!path)
                return -ENOMEM;

        fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 && errno != ENOENT)
                return -errno;
        if (fd >= 0) {
                r = for_each_directory(fd, "mc", read_controller, &edac);
                if (r < 0)
                        return r;
        }

        *ret = edac;
        edac = (struct edac){};
        return 0;
}
