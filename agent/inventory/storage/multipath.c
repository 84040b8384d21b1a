/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>

#include "base/text.h"
#include "multipath.h"

static bool is_scsi(const json_t *drive) {
        const char *name = json_get_string(drive, "name");

        return name && startswith(name, "sd");
}

static bool is_same_drive(const json_t *a, const json_t *b) {
        static const char *const members[] = {"wwid", "serial_number", "size_bytes"};

        if (!is_scsi(a) || !is_scsi(b) || !json_get_string(a, "wwid"))
                return false;

        for (size_t i = 0; i < ELEMENTSOF(members); i++)
                if (!json_equal(json_object_get(a, members[i]), json_object_get(b, members[i])))
                        return false;

        return true;
}

static int add_path(json_t *paths, const json_t *drive) {
        return json_append(paths, json_pack("{s:O, s:O, s:O, s:O}", "name", json_object_get(drive, "name"),
                                            "controller", json_object_get(drive, "controller"), "pci_address",
                                            json_object_get(drive, "pci_address"), "read_error",
                                            json_object_get(drive, "read_error")));
}

int multipath_join(json_t *drives) {
        for (size_t i = 0; i < json_array_size(drives); i++) {
                json_t *drive = json_array_get(drives, i), *paths;
                int r;

                if (json_object_get(drive, "paths")) /* known by another way */
                        continue;

                paths = json_array();
                r = paths ? add_path(paths, drive) : -ENOMEM;

                for (size_t j = i + 1; r >= 0 && j < json_array_size(drives);) {
                        const json_t *other = json_array_get(drives, j);

                        if (!is_same_drive(drive, other)) {
                                j++;
                                continue;
                        }

                        r = add_path(paths, other);
                        (void) json_array_remove(drives, j);
                }

                if (r < 0) {
                        json_decref(paths);
                        return r;
                }

                r = json_set(drive, "paths", paths);
                if (r < 0)
                        return r;
        }

        return 0;
}
