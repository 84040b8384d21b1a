/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libcurl and OpenSSL are opened when something in them is first called. Half of the time that a process
 * takes to start would go into binding their four thousand references, and most of what the agent does needs
 * neither: no collector but the TPM's, no trial but the processor's.
 *
 * The rest of the agent calls their functions by their names, and gets these here: a jump through an address,
 * which leads to lazy_resolve() the first time and to the function from then on. scripts/lazy-functions lists
 * those that are called. */

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "base/log.h"
#include "base/macro.h"
#include "base/text.h"
#include "build/lazy-functions.h"

#define INDEX_OF(library, function) INDEX_##function,
enum { FUNCTIONS(INDEX_OF) N_FUNCTIONS };

/* The versions that the headers belong to. */
#define FILE_curl   "libcurl.so.4"
#define FILE_ssl    "libssl.so.3"
#define FILE_crypto "libcrypto.so.3"

static const struct {
        const char *file, *name;
} functions[] = {
#define FUNCTION_OF(library, function) {FILE_##library, #function},
        FUNCTIONS(FUNCTION_OF)};

/* Where the jumps lead. */
extern _Atomic(void *) lazy_addresses[N_FUNCTIONS] __attribute__((visibility("hidden")));

void *lazy_resolve(uint64_t index) __attribute__((visibility("hidden")));

/* Without the library the process ends as it would had the loader missed it. All of a library is bound at
 * once, and libssl with libcurl, which is what the first call is for: later ones may come with secrets in the
 * registers, which have no business on the stack. Several threads may come here for the same function; all
 * find the same. */
void *lazy_resolve(uint64_t index) {
        bool is_curl = streq(functions[index].file, FILE_curl);

        for (size_t i = 0; i < N_FUNCTIONS; i++) {
                void *library, *address;

                if (!streq(functions[i].file, functions[index].file) &&
                    !(is_curl && streq(functions[i].file, FILE_ssl)))
                        continue;

                library = dlopen(functions[i].file, RTLD_NOW);
                address = library ? dlsym(library, functions[i].name) : NULL;
                if (!address) {
                        log_line("%s", dlerror());
                        _exit(127);
                }

                atomic_store(&lazy_addresses[i], address);
        }

        return atomic_load(&lazy_addresses[index]);
}

/* The number that a jump has pushed, and its place in lazy_addresses. */
#define JUMP_OF(library, function)                                                                           \
        ".balign 16\n"                                                                                       \
        ".globl " #function "\n"                                                                             \
        ".hidden " #function "\n"                                                                            \
        ".type " #function ", @function\n" #function ":\n"                                                   \
        "        jmp *lazy_addresses + 8 * lazy_next(%rip)\n"                                                \
        "1:      push $lazy_next\n"                                                                          \
        "        jmp lazy_enter\n"                                                                           \
        ".size " #function ", . - " #function "\n"                                                           \
        ".pushsection .data\n"                                                                               \
        ".quad 1b\n"                                                                                         \
        ".popsection\n"                                                                                      \
        ".set lazy_next, lazy_next + 1\n"

/* The functions' names, none of which has a prototype here, so that the compiler has nothing to say about
 * them.
 *
 * What a function will find in registers must come through: six integers, eight others, and rax, which tells
 * a variadic function how many of those are in use. The stack is aligned to 16 bytes behind the number that
 * the jump has pushed. */
__asm__(".pushsection .text\n"
        ".type lazy_enter, @function\n"
        "lazy_enter:\n"
        "        push %rax\n"
        "        push %rdi\n"
        "        push %rsi\n"
        "        push %rdx\n"
        "        push %rcx\n"
        "        push %r8\n"
        "        push %r9\n"
        "        sub $136, %rsp\n"
        "        movups %xmm0, (%rsp)\n"
        "        movups %xmm1, 16(%rsp)\n"
        "        movups %xmm2, 32(%rsp)\n"
        "        movups %xmm3, 48(%rsp)\n"
        "        movups %xmm4, 64(%rsp)\n"
        "        movups %xmm5, 80(%rsp)\n"
        "        movups %xmm6, 96(%rsp)\n"
        "        movups %xmm7, 112(%rsp)\n"
        "        mov 192(%rsp), %rdi\n"
        "        call lazy_resolve\n"
        "        mov %rax, %r11\n"
        "        movups (%rsp), %xmm0\n"
        "        movups 16(%rsp), %xmm1\n"
        "        movups 32(%rsp), %xmm2\n"
        "        movups 48(%rsp), %xmm3\n"
        "        movups 64(%rsp), %xmm4\n"
        "        movups 80(%rsp), %xmm5\n"
        "        movups 96(%rsp), %xmm6\n"
        "        movups 112(%rsp), %xmm7\n"
        "        pxor %xmm8, %xmm8\n"
        "        movups %xmm8, (%rsp)\n"
        "        movups %xmm8, 16(%rsp)\n"
        "        movups %xmm8, 32(%rsp)\n"
        "        movups %xmm8, 48(%rsp)\n"
        "        movups %xmm8, 64(%rsp)\n"
        "        movups %xmm8, 80(%rsp)\n"
        "        movups %xmm8, 96(%rsp)\n"
        "        movups %xmm8, 112(%rsp)\n"
        "        add $136, %rsp\n"
        "        pop %r9\n"
        "        movq $0, -8(%rsp)\n"
        "        pop %r8\n"
        "        movq $0, -8(%rsp)\n"
        "        pop %rcx\n"
        "        movq $0, -8(%rsp)\n"
        "        pop %rdx\n"
        "        movq $0, -8(%rsp)\n"
        "        pop %rsi\n"
        "        movq $0, -8(%rsp)\n"
        "        pop %rdi\n"
        "        movq $0, -8(%rsp)\n"
        "        pop %rax\n"
        "        movq $0, -8(%rsp)\n"
        "        add $8, %rsp\n"
        "        jmp *%r11\n"
        ".size lazy_enter, . - lazy_enter\n"
        ".hidden lazy_addresses\n"
        ".set lazy_next, 0\n"
        ".pushsection .data\n"
        ".balign 8\n"
        "lazy_addresses:\n"
        ".popsection\n"

        FUNCTIONS(JUMP_OF) ".popsection\n");
