/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/mman.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "allocate.h"
#include "base/fd.h"
#include "base/text.h"
#include "numa.h"
#include "plan/plan.h"

#define PAGE_SIZE      ((size_t) 4096)
#define HUGE_PAGE_SIZE ((size_t) 2 << 20)
#define OVERCOMMIT     "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages"

static const struct {
        size_t size;
        int flag; /* of mmap() */
} huge_pages[HUGE_PAGE_KINDS] = {
        [GIGANTIC_PAGES] = {(size_t) 1 << 30, MAP_HUGE_1GB},
        [HUGE_PAGES] = {HUGE_PAGE_SIZE, MAP_HUGE_2MB},
};

#define MEMINFO_MAX (64U * 1024)

/* Taken at a time. What is free is looked up before each, so that somebody else's sudden need is noticed. */
#define CHUNK_MIN ((size_t) 64 << 20)
#define CHUNKS    64

/* What the system keeps: for the agent and its libraries, the kernel's own needs while the trial runs, and
 * page tables, which for 4 KiB pages are a 512th. */
static uint64_t reserve(const struct memory_situation *situation) {
        return ((uint64_t) 24 << 20) + situation->total / 128;
}

static int meminfo_line(const char *text, const char *name, uint64_t *ret) {
        const char *line = strstr(text, name);
        uint64_t kib;

        if (!line || sscanf(line + strlen(name), "%" SCNu64 " kB", &kib) != 1)
                return -EBADMSG;

        *ret = kib * 1024;
        return 0;
}

int memory_situation_parse(const char *text, struct memory_situation *ret) {
        struct memory_situation situation = {};
        int r;

        r = meminfo_line(text, "MemTotal:", &situation.total);
        if (r < 0)
                return r;

        r = meminfo_line(text, "MemAvailable:", &situation.available);
        if (r < 0)
                return r;

        *ret = situation;
        return 0;
}

int memory_situation_read(const char *sys_root, struct memory_situation *ret) {
        struct memory_situation situation;
        _cleanup_free_ char *text = NULL;
        int r;

        r = read_file("/proc/meminfo", MEMINFO_MAX, &text, NULL);
        if (r < 0)
                return r;

        r = memory_situation_parse(text, &situation);
        if (r < 0)
                return r;

        for (size_t i = 0; i < HUGE_PAGE_KINDS; i++) {
                _cleanup_free_ char *path = NULL;
                uint64_t n;

                path = strprintf("%s/kernel/mm/hugepages/hugepages-%zukB/free_hugepages", sys_root,
                                 huge_pages[i].size / 1024);
                if (!path)
                        return -ENOMEM;
                if (read_u64_file_at(AT_FDCWD, path, &n) >= 0)
                        situation.set_aside[i] = n * huge_pages[i].size;
        }

        *ret = situation;
        return 0;
}

uint64_t memory_budget(const struct memory_situation *situation, const struct plan_amount *amount) {
        const uint64_t kept = reserve(situation), available = situation->available;
        uint64_t free = available > kept ? available - kept : 0, all = available, wanted = amount->bytes;

        for (size_t i = 0; i < HUGE_PAGE_KINDS; i++) {
                free += situation->set_aside[i];
                all += situation->set_aside[i];
        }
        if (amount->percent > 0)
                wanted = (uint64_t) ((double) all * amount->percent / 100);

        return MIN(wanted, free) / PAGE_SIZE * PAGE_SIZE;
}

int huge_pages_restore(uint64_t before) {
        char text[24];

        snprintf(text, sizeof(text), "%" PRIu64, before);
        return write_text_file(OVERCOMMIT, text);
}

int huge_pages_permit(uint64_t size, uint64_t *ret_before) {
        uint64_t before;
        int r;

        r = read_u64_file_at(AT_FDCWD, OVERCOMMIT, &before);
        if (r < 0)
                return r;

        r = huge_pages_restore(before + (size + HUGE_PAGE_SIZE - 1) / HUGE_PAGE_SIZE);
        if (r < 0)
                return r;

        *ret_before = before;
        return 0;
}

void memory_lock_permit(void) {
        struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

        /* Only the superuser may go beyond the hard limit; mlock() tells later how far it reaches. */
        if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0 && getrlimit(RLIMIT_MEMLOCK, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                setrlimit(RLIMIT_MEMLOCK, &limit);
        }
}

/* What is set aside for such pages is nobody else's. */
static bool is_to_spare(size_t kind, size_t size) {
        struct memory_situation situation;
        uint64_t aside;

        if (memory_situation_read("/sys", &situation) < 0)
                return false;

        aside = kind == HUGE_PAGE_KINDS ? 0 : situation.set_aside[kind];
        return aside >= size || situation.available >= reserve(&situation) + size - aside;
}

/* Brings all pages in. Returns 0, a negative errno. */
static int populate(char *address, size_t size) {
        if (madvise(address, size, MADV_POPULATE_WRITE) == 0)
                return 0;
        if (errno != EINVAL)
                return -errno;

        /* The kernel is older than Linux 5.14. */
        for (size_t i = 0; i < size; i += PAGE_SIZE)
                ((volatile char *) address)[i] = 0;
        return 0;
}

static void *map_huge(size_t kind, size_t size) {
        return mmap(NULL, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | huge_pages[kind].flag, -1, 0);
}

/* Aligned, so that the kernel can use huge pages of its own accord. */
static void *map_ordinary(size_t size) {
        size_t before, mapped = size + HUGE_PAGE_SIZE;
        char *address;

        address = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                       0);
        if (address == MAP_FAILED)
                return MAP_FAILED;

        before = -(uintptr_t) address % HUGE_PAGE_SIZE;
        if (before > 0)
                munmap(address, before);
        munmap(address + before + size, HUGE_PAGE_SIZE - before);

        /* Fails where the kernel has no transparent huge pages: it works without, only slower. */
        madvise(address + before, size, MADV_HUGEPAGE);
        return address + before;
}

/* kind: of huge pages, HUGE_PAGE_KINDS for ordinary ones. Returns 1 when the block has been added, 0 when
 * there is no such piece of memory, -ENOMEM. */
static int take_block(struct memory_holding *holding, size_t kind, size_t size) {
        const bool huge = kind < HUGE_PAGE_KINDS;
        struct memory_block *blocks;
        char *address;

        blocks = reallocarray(holding->blocks, holding->n_blocks + 1, sizeof(*blocks));
        if (!blocks)
                return -ENOMEM;
        holding->blocks = blocks;

        if (!is_to_spare(kind, size))
                return 0;

        address = huge ? map_huge(kind, size) : map_ordinary(size);
        if (address == MAP_FAILED)
                return 0;

        if (populate(address, size) < 0) {
                munmap(address, size);
                return 0;
        }

        blocks[holding->n_blocks++] = (struct memory_block){
                .address = address,
                .size = size,
                .page = huge ? huge_pages[kind].size : 0,
                .locked = huge || mlock(address, size) == 0,
        };
        holding->size += size;
        return 1;
}

/* Takes what there is in pieces of falling size, down to one page. */
static int take_blocks(struct memory_holding *holding, size_t kind, uint64_t want) {
        size_t page = kind < HUGE_PAGE_KINDS ? huge_pages[kind].size : PAGE_SIZE, chunk;
        uint64_t taken = 0;

        chunk = MAX(MAX(CHUNK_MIN, (size_t) (want / CHUNKS) / HUGE_PAGE_SIZE * HUGE_PAGE_SIZE), page);
        while (taken + page <= want) {
                size_t size = MIN(chunk / page * page, (size_t) ((want - taken) / page * page));
                int r = take_block(holding, kind, size);

                if (r < 0)
                        return r;
                if (r > 0)
                        taken += size;
                else if (size == page)
                        break;
                else
                        chunk = MAX(size / 2 / page * page, page);
        }

        return 0;
}

int memory_take(struct memory_holding *holding, uint64_t want, unsigned node) {
        const uint64_t before = holding->size;
        int r = 0;

        numa_bind(node, true);
        for (size_t kind = 0; kind < HUGE_PAGE_KINDS && r >= 0; kind++)
                r = take_blocks(holding, kind, want - (holding->size - before));
        if (r >= 0) {
                /* Not bound: a node that runs out would wake the OOM killer, though others have plenty. */
                numa_bind(node, false);
                r = take_blocks(holding, HUGE_PAGE_KINDS, want - (holding->size - before));
        }
        numa_bind(NUMA_ANY, false);

        return r;
}

void memory_release(struct memory_holding *holding) {
        for (size_t i = 0; i < holding->n_blocks; i++)
                munmap(holding->blocks[i].address, holding->blocks[i].size);
        free(holding->blocks);
        *holding = (struct memory_holding){};
}
