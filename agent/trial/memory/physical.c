/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "physical.h"

#define PAGE_SIZE UINT64_C(4096)
#define ENTRIES   ((size_t) 512)

/* The longest of these tables is a TPM's event log, and firmware gives that 64 KiB. */
#define EFI_TABLE_SIZE (UINT64_C(64) << 10)

/* Documentation/admin-guide/mm/pagemap.rst: bit 63 tells that the page is present, bits 0 to 54 are its
 * frame, 0 to a process that may not know it. */
static int entry_frame(uint64_t entry, uint64_t *ret) {
        uint64_t frame = entry & ((UINT64_C(1) << 55) - 1);

        if (!(entry >> 63))
                return -ENXIO;
        if (frame == 0)
                return -EPERM;

        *ret = frame;
        return 0;
}

int physical_walk(void *address, size_t size,
                  int (*found)(void *address, size_t size, uint64_t place, void *userdata), void *userdata) {
        const uint64_t first = (uintptr_t) address / PAGE_SIZE, n_pages = size / PAGE_SIZE;
        uint64_t entries[ENTRIES], start = 0, run = 0;
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        for (uint64_t i = 0; i < n_pages; i++) {
                uint64_t frame;

                if (i % ENTRIES == 0) {
                        size_t want = (size_t) MIN(ENTRIES, n_pages - i) * sizeof(*entries);
                        ssize_t n = pread(fd, entries, want, (off_t) ((first + i) * sizeof(*entries)));

                        if (n < 0)
                                return -errno;
                        if ((size_t) n != want)
                                return -ENXIO;
                }

                r = entry_frame(entries[i % ENTRIES], &frame);
                if (r < 0)
                        return r;

                if (run > 0 && frame != start + run) {
                        r = found((char *) address + (i - run) * PAGE_SIZE, run * PAGE_SIZE,
                                  start * PAGE_SIZE, userdata);
                        if (r < 0)
                                return r;
                        run = 0;
                }
                start = run == 0 ? frame : start;
                run++;
        }

        return run == 0 ? 0
                        : found((char *) address + (n_pages - run) * PAGE_SIZE, run * PAGE_SIZE,
                                start * PAGE_SIZE, userdata);
}

static int add_firmware_entry(const char *directory, struct ranges *ranges) {
        _cleanup_free_ char *type = NULL;
        _cleanup_close_ int fd = -EBADF;
        uint64_t start, last;
        int r;

        fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        r = read_line_file_at(fd, "type", &type);
        if (r < 0)
                return r;
        if (!streq(type, "System RAM"))
                return 0;

        r = read_u64_file_at(fd, "start", &start);
        if (r < 0)
                return r;

        r = read_u64_file_at(fd, "end", &last);
        if (r < 0)
                return r;

        return last < start || last == UINT64_MAX ? -EBADMSG : ranges_add(ranges, start, last + 1);
}

int physical_firmware_ram(const char *sys_root, struct ranges *ret) {
        _cleanup_(ranges_done) struct ranges ranges = {};

        for (unsigned i = 0;; i++) {
                _cleanup_free_ char *directory = strprintf("%s/firmware/memmap/%u", sys_root, i);
                int r;

                if (!directory)
                        return -ENOMEM;

                r = add_firmware_entry(directory, &ranges);
                if (r == -ENOENT && i > 0)
                        break;
                if (r < 0)
                        return r;
        }

        *ret = ranges;
        ranges = (struct ranges){};
        return 0;
}

int physical_efi_tables(const char *log, struct ranges *ret) {
        _cleanup_(ranges_done) struct ranges ranges = {};

        for (const char *line = log; line; line = strchr(line, '\n')) {
                const char *end, *table;

                line += *line == '\n';
                end = strchrnul(line, '\n');
                table = strstr(line, "] efi: ");
                if (!table || table > end)
                        continue;

                while ((table = strstr(table, "=0x")) && table < end) {
                        uint64_t place = strtoull(++table, NULL, 16) / PAGE_SIZE * PAGE_SIZE;
                        int r = ranges_add(&ranges, place, place + EFI_TABLE_SIZE);

                        if (r < 0)
                                return r;
                }
        }

        *ret = ranges;
        ranges = (struct ranges){};
        return 0;
}

int physical_kernel_map(const char *iomem, struct ranges *ret_ram, struct ranges *ret_all) {
        _cleanup_(ranges_done) struct ranges ram = {}, all = {};

        for (const char *line = iomem; line; line = strchr(line, '\n')) {
                uint64_t start, last;
                char name[16];
                int r;

                /* What is indented is part of what is not. */
                line += *line == '\n';
                if (*line == ' ' ||
                    sscanf(line, "%" SCNx64 "-%" SCNx64 " : %15[^\n]", &start, &last, name) != 3 ||
                    last < start || last == UINT64_MAX)
                        continue;

                r = ranges_add(&all, start, last + 1);
                if (r >= 0 && streq(name, "System RAM"))
                        r = ranges_add(&ram, start, last + 1);
                if (r < 0)
                        return r;
        }

        /* To those who may not know, all of it lies at 0. */
        if (ranges_size(&all) <= 1)
                return -EPERM;

        *ret_ram = ram;
        *ret_all = all;
        ram = all = (struct ranges){};
        return 0;
}
