/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <cpuid.h>
#include <stdint.h>
#include <unistd.h>

#include "base/macro.h"
#include "cache.h"

#define CACHE_UNKNOWN ((size_t) 64 << 20)

#define LEAF_EXTENDED     0x80000001U
#define LEAF_AMD_CACHES   0x8000001dU
#define TOPOLOGY_EXTENDED (1U << 22) /* ECX of LEAF_EXTENDED: LEAF_AMD_CACHES is there */

#define TYPE_NONE        0
#define TYPE_INSTRUCTION 2

/* AMD64 Architecture Programmer's Manual, volume 3, E.4.15: each cache that this processor uses. sysconf()
 * gives that of the whole package instead, which on a large server is many times as much. */
static size_t amd_cache_size(void) {
        unsigned eax, ebx, ecx, edx;
        size_t size = 0;

        if (!__get_cpuid(LEAF_EXTENDED, &eax, &ebx, &ecx, &edx) || !(ecx & TOPOLOGY_EXTENDED))
                return 0;

        for (unsigned i = 0; __get_cpuid_count(LEAF_AMD_CACHES, i, &eax, &ebx, &ecx, &edx); i++) {
                unsigned type = eax & 0x1f, level = eax >> 5 & 7;

                if (type == TYPE_NONE)
                        break;
                if (type == TYPE_INSTRUCTION || level == 1)
                        continue;

                size += ((size_t) (ebx >> 22) + 1) * ((ebx >> 12 & 0x3ff) + 1) * ((ebx & 0xfff) + 1) *
                        ((size_t) ecx + 1);
        }

        return size;
}

size_t cache_size(void) {
        long l2 = sysconf(_SC_LEVEL2_CACHE_SIZE), l3 = sysconf(_SC_LEVEL3_CACHE_SIZE);
        size_t size = amd_cache_size();

        if (size == 0)
                size = (size_t) MAX(l2, 0L) + (size_t) MAX(l3, 0L);

        return size > 0 ? size : CACHE_UNKNOWN;
}
