/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inject: holds faults in a guest's memory, which is a file that this process maps as well.
 *
 * Usage: inject FILE FAULT..., each one of
 *   stuck:VICTIM:VALUE                          the bit is always VALUE
 *   transition:VICTIM:VALUE                     once it is not VALUE, it never becomes it again
 *   inversion:VICTIM:AGGRESSOR:VALUE            when AGGRESSOR becomes VALUE, the bit is inverted
 *   idempotent:VICTIM:AGGRESSOR:VALUE:FORCED    when AGGRESSOR becomes VALUE, the bit becomes FORCED
 *   alias:PAGE:PAGE                             what is written to one is written to both
 *   line:START:SIZE:BIT:VALUE                   the bit of every 64-bit word there is always VALUE
 *   page:PAGE:VALUE                             every bit of the page is always VALUE
 * VICTIM and AGGRESSOR are numbers of bits in the file, PAGE and START of bytes. Writes "ready" once it holds
 * them, and ends with its standard input. A guest that changes what is held gets it back within microseconds.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAULTS_MAX 32
#define PAGE_SIZE  ((size_t) 4096)
#define LINE_SIZE  ((size_t) 64)

/* Between two looks at whether to end. */
#define ROUNDS 64

struct fault {
        char kind[16];
        uint64_t a, b, c, d;
        bool before;                /* of the aggressor, or the victim of a transition */
        uint8_t seen[2][PAGE_SIZE]; /* of an alias */
};

static uint8_t *memory;
static uint64_t size;

static bool get(uint64_t bit) {
        return __atomic_load_n(&memory[bit / 8], __ATOMIC_RELAXED) >> bit % 8 & 1;
}

/* Atomic, so that what the guest writes to the bits beside it stays. */
static void set(uint64_t bit, bool value) {
        uint8_t mask = (uint8_t) (1U << bit % 8);

        if (get(bit) == value)
                return;
        if (value)
                __atomic_fetch_or(&memory[bit / 8], mask, __ATOMIC_SEQ_CST);
        else
                __atomic_fetch_and(&memory[bit / 8], (uint8_t) ~mask, __ATOMIC_SEQ_CST);
}

static void hold_stuck(struct fault *f) {
        set(f->a, f->b);
}

static void hold_transition(struct fault *f) {
        if (!f->before)
                f->before = get(f->a) != (bool) f->b;
        if (f->before)
                set(f->a, !f->b);
}

/* True when the aggressor has just become the value. */
static bool aggressor_turns(struct fault *f) {
        bool is = get(f->b) == (bool) f->c, turns = is && !f->before;

        f->before = is;
        return turns;
}

static void hold_inversion(struct fault *f) {
        if (aggressor_turns(f))
                set(f->a, !get(f->a));
}

static void hold_idempotent(struct fault *f) {
        if (aggressor_turns(f))
                set(f->a, f->d);
}

static void hold_alias(struct fault *f) {
        uint8_t *pages[2] = {memory + f->a, memory + f->b};

        for (unsigned i = 0; i < 2; i++)
                for (size_t at = 0; at < PAGE_SIZE; at += LINE_SIZE) {
                        uint8_t line[LINE_SIZE];

                        memcpy(line, pages[i] + at, LINE_SIZE);
                        if (memcmp(line, f->seen[i] + at, LINE_SIZE) == 0)
                                continue;
                        memcpy(f->seen[0] + at, line, LINE_SIZE);
                        memcpy(f->seen[1] + at, line, LINE_SIZE);
                        memcpy(pages[!i] + at, line, LINE_SIZE);
                }
}

static void hold_line(struct fault *f) {
        for (uint64_t at = f->a; at < f->a + f->b; at += 8)
                set(at * 8 + f->c, f->d);
}

static void hold_page(struct fault *f) {
        for (size_t i = 0; i < PAGE_SIZE; i++)
                if (memory[f->a + i] != (f->b ? 0xff : 0))
                        memory[f->a + i] = f->b ? 0xff : 0;
}

static const struct kind {
        const char *name;
        int n_numbers;
        void (*hold)(struct fault *f);
} kinds[] = {
        {"stuck", 2, hold_stuck},         {"transition", 2, hold_transition},
        {"inversion", 3, hold_inversion}, {"idempotent", 4, hold_idempotent},
        {"alias", 2, hold_alias},         {"line", 4, hold_line},
        {"page", 2, hold_page},
};

static const struct kind *parse(const char *text, struct fault *f) {
        int n = sscanf(text, "%15[a-z]:%" SCNu64 ":%" SCNu64 ":%" SCNu64 ":%" SCNu64, f->kind, &f->a, &f->b,
                       &f->c, &f->d);

        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (strcmp(kinds[i].name, f->kind) == 0 && n == kinds[i].n_numbers + 1)
                        return &kinds[i];

        return NULL;
}

static void begin(const struct kind *kind, struct fault *f) {
        if (kind->hold == hold_inversion || kind->hold == hold_idempotent)
                (void) aggressor_turns(f);
        if (kind->hold == hold_alias) {
                memcpy(f->seen[0], memory + f->a, PAGE_SIZE);
                memcpy(f->seen[1], memory + f->b, PAGE_SIZE);
        }
}

static bool is_over(void) {
        struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

        return poll(&in, 1, 0) != 0;
}

static int map(const char *path) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;

        size = (uint64_t) st.st_size;
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        return memory == MAP_FAILED ? -errno : 0;
}

int main(int argc, char **argv) {
        static struct fault faults[FAULTS_MAX];
        const struct kind *held[FAULTS_MAX];
        int n = argc - 2;

        if (argc < 3 || n > FAULTS_MAX || map(argv[1]) < 0) {
                fprintf(stderr, "inject: FILE FAULT...; %s\n", strerror(errno));
                return 2;
        }

        for (int i = 0; i < n; i++) {
                held[i] = parse(argv[i + 2], &faults[i]);
                if (!held[i]) {
                        fprintf(stderr, "inject: \"%s\" is no fault\n", argv[i + 2]);
                        return 2;
                }
                begin(held[i], &faults[i]);
        }

        puts("ready");
        fflush(stdout);
        while (!is_over())
                for (int round = 0; round < ROUNDS; round++)
                        for (int i = 0; i < n; i++)
                                held[i]->hold(&faults[i]);

        return 0;
}
