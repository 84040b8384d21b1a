/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernels.h: pieces of work for a processor whose results are known beforehand: golden.h, which golden.py
 * makes. Each takes well under a millisecond and stays within the processor's own caches. */
#pragma once

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

#define KERNEL_BLOCK_SIZE  ((size_t) 16384)
#define KERNEL_MATRIX_SIZE 64
#define KERNEL_RESULT_MAX  64

/* What all threads read. */
struct kernel_data {
        _Alignas(64) uint8_t block[KERNEL_BLOCK_SIZE];
        _Alignas(64) double a[KERNEL_MATRIX_SIZE][KERNEL_MATRIX_SIZE];
        _Alignas(64) double b[KERNEL_MATRIX_SIZE][KERNEL_MATRIX_SIZE];
        uint8_t key[32], iv[12];

        EVP_MD *sha256, *sha512;
        EVP_CIPHER *aes256_gcm;
};

/* What one thread works in. */
struct kernel_space {
        _Alignas(64) uint8_t output[KERNEL_BLOCK_SIZE];
        _Alignas(64) uint8_t decrypted[KERNEL_BLOCK_SIZE];
        _Alignas(64) double product[KERNEL_MATRIX_SIZE][KERNEL_MATRIX_SIZE];
        uint8_t tag[16];

        EVP_MD_CTX *digest;
        EVP_CIPHER_CTX *cipher;
};

struct kernel {
        const char *name; /* "SHA-512" */
        bool (*supported)(void);

        /* Leaves the result, size bytes. Returns 0, -EIO when OpenSSL refuses. */
        int (*run)(const struct kernel_data *data, struct kernel_space *space, uint8_t *result);

        const uint8_t *golden;
        size_t size;
};

extern const struct kernel kernels[];
#define N_KERNELS 8
extern const size_t n_kernels; /* at most N_KERNELS */

/* Both return 0, -ENOMEM, -EIO when OpenSSL lacks an algorithm. */
int kernel_data_new(struct kernel_data **ret);
int kernel_space_new(struct kernel_space **ret);

struct kernel_data *kernel_data_free(struct kernel_data *data);
struct kernel_space *kernel_space_free(struct kernel_space *space);
DEFINE_CLEANUP(struct kernel_data *, kernel_data_free);
DEFINE_CLEANUP(struct kernel_space *, kernel_space_free);

/* True when the pseudo-random input came out as it must. */
bool kernel_data_is_golden(const struct kernel_data *data);

/* Encrypts the block into space->output and space->tag. Returns 0, -EIO when OpenSSL refuses. */
int kernel_encrypt(const struct kernel_data *data, struct kernel_space *space);

/* Decrypts that again. Returns 1 when it is the block, 0 when it is not, -EIO when OpenSSL refuses. */
int kernel_decrypt(const struct kernel_data *data, struct kernel_space *space);

/* The matrix product a * b, each sum in the order of its terms, by multiply-add in the instruction set named;
 * see matrix.c. */
bool matrix_avx512_supported(void);
bool matrix_avx2_supported(void);
void matrix_multiply_avx512(const struct kernel_data *data, struct kernel_space *space);
void matrix_multiply_avx2(const struct kernel_data *data, struct kernel_space *space);
void matrix_multiply_sse2(const struct kernel_data *data, struct kernel_space *space);
