/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "window.h"

/* Not all at once: the page tables alone, for pages of 4 KiB, take a 512th of it. */
#define WINDOW_SIZE ((size_t) 64 << 20)

static int map(uint64_t place, size_t size, void **ret) {
        _cleanup_close_ int fd = -EBADF;
        void *memory;

        /* Without O_SYNC it is mapped as the firmware has set it up for memory: cached. */
        fd = open("/dev/mem", O_RDWR | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t) place);
        if (memory == MAP_FAILED)
                return -errno;

        *ret = memory;
        return 0;
}

static void unmap(void *memory, size_t size) {
        munmap(memory, size);
}

const struct march_window window_dev_mem = {
        .size = WINDOW_SIZE,
        .map = map,
        .unmap = unmap,
};
