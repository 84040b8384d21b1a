/* SPDX-License-Identifier: GPL-3.0-or-later */
/* allocate.h: gets memory to test: as much as wanted, locked, in the largest pages, and never so much that
 * the kernel has to kill somebody for it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

struct plan_amount;

/* The huge pages that x86-64 has, the largest first. */
enum { GIGANTIC_PAGES, HUGE_PAGES, HUGE_PAGE_KINDS };

/* What /proc/meminfo says, in bytes. */
struct memory_situation {
        uint64_t total;
        uint64_t available;                  /* free, or could be freed at once */
        uint64_t set_aside[HUGE_PAGE_KINDS]; /* free, and only for such pages: not in what is available */
};

/* Returns 0, -EBADMSG when a line that is needed is not in text. */
int memory_situation_parse(const char *text, struct memory_situation *ret);

/* The same, and what is set aside by sys_root/kernel/mm/hugepages. */
int memory_situation_read(const char *sys_root, struct memory_situation *ret);

/* How many bytes, whole pages, the amount comes to once the system has been left what it needs to live. */
uint64_t memory_budget(const struct memory_situation *situation, const struct plan_amount *amount);

struct memory_block {
        void *address; /* aligned to a page */
        size_t size;
        size_t page; /* of this size, from the kernel's pool; 0: in what pages the kernel sees fit */
        bool locked; /* it stays where it is */
};

/* A zeroed one holds nothing. */
struct memory_holding {
        struct memory_block *blocks;
        size_t n_blocks;
        uint64_t size;
};

/* Lets this process have that many bytes in huge pages beyond those set aside: they come out of free memory,
 * and go back to it when the process gives them up or dies. *ret_before is for huge_pages_restore(), which
 * leaves those that are in use by then alone. Returns 0, a negative errno: -EACCES to an ordinary user,
 * -ENOENT without such pages. */
int huge_pages_permit(uint64_t size, uint64_t *ret_before);
int huge_pages_restore(uint64_t before);

/* Lets this process lock as much memory as it may. */
void memory_lock_permit(void);

/* Adds want bytes to the holding, touched by the calling thread, or as much as there is: huge pages, 1 GiB
 * each where some are set aside, then 2 MiB, of that node (NUMA_ANY: of any) alone, other pages from there as
 * long as there are some. Returns 0, -ENOMEM when not even the list of blocks could be kept. */
int memory_take(struct memory_holding *holding, uint64_t want, unsigned node);

/* Gives all back. */
void memory_release(struct memory_holding *holding);
