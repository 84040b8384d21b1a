/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "inventory.h"
#include "sysfs.h"

static void udev_unrefp(struct udev **udev) {
        udev_unref(*udev);
}

static void udev_enumerate_unrefp(struct udev_enumerate **enumerate) {
        udev_enumerate_unref(*enumerate);
}

static void closedirp(DIR **directory) {
        if (*directory)
                closedir(*directory);
}

bool inventory_roots_are_live(const struct inventory_roots *roots) {
        return streq(roots->sys, inventory_live_roots.sys);
}

static int add_path(struct sysfs_devices *devices, char *path) {
        char **larger;

        larger = reallocarray(devices->paths, devices->n_paths + 1, sizeof(*larger));
        if (!larger) {
                free(path);
                return -ENOMEM;
        }

        devices->paths = larger;
        devices->paths[devices->n_paths++] = path;
        return 0;
}

static int compare_paths(const void *a, const void *b) {
        const char *x = *(char *const *) a, *y = *(char *const *) b;
        int r = strverscmp(sysfs_name(x), sysfs_name(y));

        return r != 0 ? r : strcmp(x, y);
}

static int compare_as_wanted(const void *a, const void *b, void *userdata) {
        const struct sysfs_walk *walk = userdata;

        return walk->order(*(char *const *) a, *(char *const *) b);
}

static int enumerate_through_udev(const char *subsystem, struct sysfs_devices *devices) {
        _cleanup_(udev_enumerate_unrefp) struct udev_enumerate *enumerate = NULL;
        _cleanup_(udev_unrefp) struct udev *udev = NULL;
        struct udev_list_entry *entry;
        int r;

        udev = udev_new();
        if (!udev)
                return -ENOMEM;

        enumerate = udev_enumerate_new(udev);
        if (!enumerate)
                return -ENOMEM;

        r = udev_enumerate_add_match_subsystem(enumerate, subsystem);
        if (r < 0)
                return r;

        r = udev_enumerate_scan_devices(enumerate);
        if (r < 0)
                return r;

        udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate)) {
                char *path = strdup(udev_list_entry_get_name(entry));

                if (!path)
                        return -ENOMEM;

                r = add_path(devices, path);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* Where a link in that directory, whose path is a real one, leads by name alone: the kernel writes
 * "../../../devices/..." there, and asking for each directory on the way whether it is a link as well would
 * cost ten times as much. Returns 1 and sets *ret, 0 when the link has another form, -ENOMEM. */
static int follow_link(const char *directory_path, int directory_fd, const char *name, char **ret) {
        size_t length = strlen(directory_path);
        char target[PATH_MAX], *path;
        const char *rest = target;
        ssize_t n;

        n = readlinkat(directory_fd, name, target, sizeof(target) - 1);
        if (n < 0)
                return 0;
        target[n] = 0;

        while (startswith(rest, "../")) {
                while (length > 0 && directory_path[length - 1] != '/')
                        length--;
                if (length == 0)
                        return 0;
                length--;
                rest += STRLEN("../");
        }
        if (rest == target || strstr(rest, ".."))
                return 0;

        path = strprintf("%.*s/%s", (int) length, directory_path, rest);
        if (!path)
                return -ENOMEM;

        *ret = path;
        return 1;
}

/* Returns 1 and sets *ret to the path of the device that the entry stands for, 0 when it is none, -ENOMEM. */
static int entry_device(const char *directory_path, int directory_fd, bool real, const struct dirent *entry,
                        char **ret) {
        _cleanup_free_ char *path = NULL;
        struct stat st;
        int r;

        /* Some classes hold control files beside their devices. */
        if (entry->d_type == DT_REG)
                return 0;

        if (real && entry->d_type == DT_LNK) {
                r = follow_link(directory_path, directory_fd, entry->d_name, ret);
                if (r != 0)
                        return r;
        }

        path = strprintf("%s/%s", directory_path, entry->d_name);
        if (!path)
                return -ENOMEM;

        if (entry->d_type == DT_DIR) {
                *ret = TAKE_PTR(path);
                return 1;
        }

        if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
                return 0;

        *ret = realpath(path, NULL);
        return *ret ? 1 : 0;
}

/* Adds those whose names hold the text. real: no directory on the path is a link. Returns 1 when the
 * directory is there, 0 when not, a negative errno. */
static int enumerate_directory(struct sysfs_devices *devices, const char *directory_path, bool real,
                               const char *text) {
        _cleanup_(closedirp) DIR *directory = NULL;
        const struct dirent *entry;

        directory = opendir(directory_path);
        if (!directory)
                return errno == ENOENT ? 0 : -errno;

        while ((entry = readdir(directory))) {
                char *path;
                int r;

                if (entry->d_name[0] == '.' || !strstr(entry->d_name, text))
                        continue;

                r = entry_device(directory_path, dirfd(directory), real, entry, &path);
                if (r > 0)
                        r = add_path(devices, path);
                if (r < 0)
                        return r;
        }

        return 1;
}

static int enumerate_subsystem(const char *sys, const char *subsystem, const char *text,
                               struct sysfs_devices *devices) {
        _cleanup_free_ char *class = NULL, *bus = NULL;
        int r;

        class = strprintf("%s/class/%s", sys, subsystem);
        bus = strprintf("%s/bus/%s/devices", sys, subsystem);
        if (!class || !bus)
                return -ENOMEM;

        r = enumerate_directory(devices, class, true, text);
        if (r != 0)
                return r;

        return enumerate_directory(devices, bus, true, text);
}

static int enumerate(const struct inventory_roots *roots, const struct sysfs_walk *walk,
                     struct sysfs_devices *ret) {
        _cleanup_(sysfs_devices_done) struct sysfs_devices devices = {};
        int r;

        if (walk->through_udev && inventory_roots_are_live(roots))
                r = enumerate_through_udev(walk->subsystem, &devices);
        else
                r = enumerate_subsystem(roots->sys, walk->subsystem, walk->named ?: "", &devices);
        if (r < 0)
                return r;

        if (devices.n_paths > 0)
                qsort(devices.paths, devices.n_paths, sizeof(*devices.paths), compare_paths);
        if (walk->order && devices.n_paths > 0)
                qsort_r(devices.paths, devices.n_paths, sizeof(*devices.paths), compare_as_wanted,
                        (void *) walk);

        *ret = TAKE(devices, (struct sysfs_devices){});
        return 0;
}

int sysfs_children(const struct sysfs_device *device, const char *text, struct sysfs_devices *ret) {
        _cleanup_(sysfs_devices_done) struct sysfs_devices devices = {};
        int r;

        r = enumerate_directory(&devices, device->path, false, text);
        if (r < 0)
                return r;

        if (devices.n_paths > 0)
                qsort(devices.paths, devices.n_paths, sizeof(*devices.paths), compare_paths);

        *ret = TAKE(devices, (struct sysfs_devices){});
        return 0;
}

void sysfs_devices_done(struct sysfs_devices *devices) {
        for (size_t i = 0; i < devices->n_paths; i++)
                free(devices->paths[i]);
        free(devices->paths);
        *devices = (struct sysfs_devices){};
}

static int describe_one(const struct inventory_roots *roots, const struct sysfs_walk *walk, const char *path,
                        void *userdata, json_t *part) {
        struct sysfs_device device = {.path = path};
        _cleanup_json_ json_t *object = json_object();
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (!object)
                return -ENOMEM;

        fd = device.fd = sysfs_open(path);
        if (fd < 0)
                return fd;

        r = walk->wanted ? walk->wanted(&device) : 1;
        if (r <= 0)
                return r;

        r = walk->describe(roots, &device, object, userdata);
        if (r < 0)
                return r;

        /* Attributes of a device that has gone read as unknown. */
        if (faccessat(AT_FDCWD, path, F_OK, 0) < 0)
                return -errno;

        return json_append(part, TAKE_PTR(object));
}

int sysfs_collect(const struct inventory_roots *roots, const struct sysfs_walk *walk, void *userdata,
                  json_t *part) {
        _cleanup_(sysfs_devices_done) struct sysfs_devices devices = {};
        int r;

        r = enumerate(roots, walk, &devices);
        if (r < 0)
                return r;

        for (size_t i = 0; i < devices.n_paths; i++) {
                r = describe_one(roots, walk, devices.paths[i], userdata, part);
                /* Unplugged in the meantime; or a link that leads nowhere, or in a circle. */
                if (r < 0 && r != -ENOENT && r != -ENODEV && r != -ENXIO && r != -ENOTDIR && r != -ELOOP)
                        return r;
        }

        return 0;
}

int sysfs_collect_part(const struct inventory_roots *roots, const struct sysfs_walk *walk, json_t **ret) {
        _cleanup_json_ json_t *part = json_array();
        int r;

        r = part ? sysfs_collect(roots, walk, NULL, part) : -ENOMEM;
        if (r < 0)
                return r;

        *ret = TAKE_PTR(part);
        return 0;
}

const char *sysfs_path_below_root(const char *device) {
        static const char *const roots[] = {"/devices/", "/firmware/", "/class/"};
        const char *found = NULL;

        /* The last one: a captured tree may itself lie below a directory of that name. */
        for (size_t i = 0; !found && i < ELEMENTSOF(roots); i++)
                for (const char *p = device; (p = strstr(p, roots[i])); p++)
                        found = p;

        return found ?: device;
}

const char *sysfs_name(const char *device) {
        const char *slash = strrchr(device, '/');

        return slash ? slash + 1 : device;
}

int sysfs_open(const char *device) {
        int fd = open(device, O_PATH | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int sysfs_link_name(int device_fd, const char *link, char **ret) {
        char target[PATH_MAX];
        char *name;
        ssize_t n;

        n = readlinkat(device_fd, link, target, sizeof(target) - 1);
        if (n < 0)
                return 0;

        target[n] = 0;
        name = strdup(sysfs_name(target));
        if (!name)
                return -ENOMEM;

        *ret = name;
        return 1;
}

/* "0000:00:1f.2", the domain perhaps with more digits. */
static bool is_pci_address(const char *name) {
        static const char form[] = ":xx:xx.x", digits[] = "0123456789abcdef";
        size_t domain = strspn(name, digits);

        name += domain;
        for (size_t i = 0; i < sizeof(form); i++)
                if (form[i] == 'x' ? !name[i] || !strchr(digits, name[i]) : name[i] != form[i])
                        return false;

        return domain >= STRLEN("0000");
}

/* Names that the subsystem's devices never have need not be asked about: on the way up from a drive there are
 * ten directories, and the link is in two of them. */
static bool may_be_of(const char *name, const char *subsystem) {
        if (streq(subsystem, "usb"))
                return (*name >= '0' && *name <= '9') || startswith(name, "usb");

        return startswith(name, subsystem);
}

int sysfs_find_parent(const char *device, const char *subsystem, char **ret) {
        _cleanup_free_ char *path = NULL;
        char *slash;

        path = strdup(device);
        if (!path)
                return -ENOMEM;

        while ((slash = strrchr(path, '/')) && slash > path) {
                _cleanup_free_ char *link = NULL, *name = NULL;
                int r;

                *slash = 0;

                /* Nothing but a PCI device has such a name. */
                if (streq(subsystem, "pci")) {
                        if (!is_pci_address(sysfs_name(path)))
                                continue;

                        *ret = TAKE_PTR(path);
                        return 1;
                }

                if (!may_be_of(sysfs_name(path), subsystem))
                        continue;

                link = strprintf("%s/subsystem", path);
                if (!link)
                        return -ENOMEM;

                r = sysfs_link_name(AT_FDCWD, link, &name);
                if (r < 0)
                        return r;
                if (r > 0 && streq(name, subsystem)) {
                        *ret = TAKE_PTR(path);
                        return 1;
                }
        }

        return 0;
}

int sysfs_find_usb_device(const char *device, char **ret) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = sysfs_find_parent(device, "usb", &path);

        /* "1-4.2:1.0" is interface 0 of "1-4.2", which stands right above it. */
        while (r > 0 && strchr(sysfs_name(path), ':')) {
                _cleanup_free_ char *interface = TAKE_PTR(path);

                r = sysfs_find_parent(interface, "usb", &path);
        }
        if (r <= 0)
                return r;

        *ret = TAKE_PTR(path);
        return 1;
}

bool sysfs_is_below(const char *device, const char *prefix) {
        const char *component = startswith(sysfs_path_below_root(device), "/devices/");

        while (component && *component) {
                if (startswith(component, prefix))
                        return true;

                component = strchr(component, '/');
                if (component)
                        component++;
        }

        return false;
}
