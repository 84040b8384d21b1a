/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sweep: the fastest that memory can be verified and inverted: one thread on each of the first processors
 * that this process may use, no places, no reports, all loads and stores of the processor's full width.
 *
 * Usage: sweep MIB THREADS SWEEPS. Prints GB/s, read and written together, of the sweeps alone. Exit status 1
 * when the memory did not hold what was written, 2 when it could not be done.
 */

#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define HUGE_PAGE   ((size_t) 2 << 20)
#define THREADS_MAX 1024

#if defined(__AVX512F__)
typedef __m512i vector_t;
#define BROADCAST(x) _mm512_set1_epi64(x)
#define LOAD(p)      _mm512_load_si512(p)
#define STORE(p, v)  _mm512_store_si512(p, v)
#define STREAM(p, v) _mm512_stream_si512(p, v)
#define DIFFER(a, b) _mm512_xor_si512(a, b)
#define UNITE(a, b)  _mm512_or_si512(a, b)
#elif defined(__AVX2__)
typedef __m256i vector_t;
#define BROADCAST(x) _mm256_set1_epi64x(x)
#define LOAD(p)      _mm256_load_si256(p)
#define STORE(p, v)  _mm256_store_si256(p, v)
#define STREAM(p, v) _mm256_stream_si256(p, v)
#define DIFFER(a, b) _mm256_xor_si256(a, b)
#define UNITE(a, b)  _mm256_or_si256(a, b)
#else
typedef __m128i vector_t;
#define BROADCAST(x) _mm_set1_epi64x(x)
#define LOAD(p)      _mm_load_si128(p)
#define STORE(p, v)  _mm_store_si128(p, v)
#define STREAM(p, v) _mm_stream_si128(p, v)
#define DIFFER(a, b) _mm_xor_si128(a, b)
#define UNITE(a, b)  _mm_or_si128(a, b)
#endif

struct part {
        pthread_t thread;
        int processor;
        vector_t *memory;
        size_t n;
        unsigned sweeps;
        bool wrong;
};

static pthread_barrier_t barrier;

static void fill(vector_t *p, size_t n, long long value) {
        const vector_t v = BROADCAST(value);

        for (size_t i = 0; i < n; i++)
                STREAM(p + i, v);
        _mm_sfence();
}

/* Gathers what differs, and looks at it once: no branch in the loop. */
static bool sweep(vector_t *p, size_t n, long long value) {
        const vector_t expected = BROADCAST(value), inverse = BROADCAST(~value);
        vector_t d[4] = {};
        uint64_t words[4 * sizeof(vector_t) / 8];

        for (size_t i = 0; i < n; i += 4)
                for (unsigned j = 0; j < 4; j++) {
                        d[j] = UNITE(d[j], DIFFER(LOAD(p + i + j), expected));
                        STORE(p + i + j, inverse);
                }

        memcpy(words, d, sizeof(d));
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (words[i] != 0)
                        return true;
        return false;
}

static void *work(void *userdata) {
        struct part *part = userdata;
        cpu_set_t set;

        CPU_ZERO(&set);
        CPU_SET((unsigned) part->processor, &set);
        sched_setaffinity(0, sizeof(set), &set);
        fill(part->memory, part->n, 0);
        pthread_barrier_wait(&barrier);
        for (unsigned i = 0; i < part->sweeps; i++)
                part->wrong = sweep(part->memory, part->n, i % 2 > 0 ? -1 : 0) || part->wrong;
        pthread_barrier_wait(&barrier);
        return NULL;
}

static double now(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void *take(size_t size) {
        char *p = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED)
                return NULL;

        p += -(uintptr_t) p % HUGE_PAGE;
        madvise(p, size, MADV_HUGEPAGE);
        return p;
}

int main(int argc, char **argv) {
        static struct part parts[THREADS_MAX];
        size_t mib = argc == 4 ? strtoul(argv[1], NULL, 10) : 0;
        unsigned n = argc == 4 ? (unsigned) strtoul(argv[2], NULL, 10) : 0;
        unsigned sweeps = argc == 4 ? (unsigned) strtoul(argv[3], NULL, 10) : 0;
        cpu_set_t set;
        double start, seconds;
        bool wrong = false;
        int processor = -1;

        if (mib == 0 || n == 0 || n > THREADS_MAX || sweeps == 0 ||
            sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) < (int) n) {
                fprintf(stderr, "sweep: MIB THREADS SWEEPS, no more threads than processors\n");
                return 2;
        }

        pthread_barrier_init(&barrier, NULL, n + 1);
        for (unsigned i = 0; i < n; i++) {
                size_t size = (mib << 20) / n / HUGE_PAGE * HUGE_PAGE;

                do
                        processor++;
                while (!CPU_ISSET((unsigned) processor, &set));
                parts[i] = (struct part){.processor = processor,
                                         .memory = take(size),
                                         .n = size / sizeof(vector_t),
                                         .sweeps = sweeps};
                if (!parts[i].memory || pthread_create(&parts[i].thread, NULL, work, &parts[i]) != 0) {
                        fprintf(stderr, "sweep: no memory or no thread\n");
                        return 2;
                }
        }

        pthread_barrier_wait(&barrier);
        start = now();
        pthread_barrier_wait(&barrier);
        seconds = now() - start;

        for (unsigned i = 0; i < n; i++) {
                pthread_join(parts[i].thread, NULL);
                wrong = wrong || parts[i].wrong;
        }

        printf("%.3f\n", (double) parts[0].n * sizeof(vector_t) * n * 2 * sweeps / seconds / 1e9);
        return wrong;
}
