/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <nmmintrin.h>
#include <string.h>

#include "golden.h"
#include "kernels.h"

static uint64_t splitmix64(uint64_t *state) {
        uint64_t z = *state += 0x9e3779b97f4a7c15;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
}

static void fill_random(uint64_t seed, void *data, size_t size) {
        for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
                uint64_t word = splitmix64(&seed);

                memcpy((uint8_t *) data + i, &word, MIN(sizeof(word), size - i));
        }
}

static void fill_matrix(uint64_t seed, double matrix[static KERNEL_MATRIX_SIZE][KERNEL_MATRIX_SIZE]) {
        for (size_t i = 0; i < KERNEL_MATRIX_SIZE; i++)
                for (size_t j = 0; j < KERNEL_MATRIX_SIZE; j++)
                        matrix[i][j] = (double) ((int64_t) (splitmix64(&seed) >> 11) - (1LL << 52)) / 0x1p53;
}

/* Eight bytes that differ whenever one word of the data does. */
static void fold(const void *data, size_t size, uint8_t *result) {
        uint64_t h = 0xcbf29ce484222325;

        for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
                uint64_t word;

                memcpy(&word, (const uint8_t *) data + i, sizeof(word));
                h = (h ^ word) * 0x100000001b3;
        }

        memcpy(result, &h, sizeof(h));
}

static int digest(const EVP_MD *algorithm, const struct kernel_data *data, struct kernel_space *space,
                  uint8_t *result) {
        if (EVP_DigestInit_ex2(space->digest, algorithm, NULL) != 1 ||
            EVP_DigestUpdate(space->digest, data->block, sizeof(data->block)) != 1 ||
            EVP_DigestFinal_ex(space->digest, result, NULL) != 1)
                return -EIO;

        return 0;
}

static int run_sha256(const struct kernel_data *data, struct kernel_space *space, uint8_t *result) {
        return digest(data->sha256, data, space, result);
}

static int run_sha512(const struct kernel_data *data, struct kernel_space *space, uint8_t *result) {
        return digest(data->sha512, data, space, result);
}

int kernel_encrypt(const struct kernel_data *data, struct kernel_space *space) {
        int n;

        if (EVP_EncryptInit_ex2(space->cipher, data->aes256_gcm, data->key, data->iv, NULL) != 1 ||
            EVP_EncryptUpdate(space->cipher, space->output, &n, data->block, (int) sizeof(data->block)) !=
                    1 ||
            EVP_EncryptFinal_ex(space->cipher, space->output + n, &n) != 1 ||
            EVP_CIPHER_CTX_ctrl(space->cipher, EVP_CTRL_AEAD_GET_TAG, sizeof(space->tag), space->tag) != 1)
                return -EIO;

        return 0;
}

int kernel_decrypt(const struct kernel_data *data, struct kernel_space *space) {
        int n;

        if (EVP_DecryptInit_ex2(space->cipher, data->aes256_gcm, data->key, data->iv, NULL) != 1 ||
            EVP_DecryptUpdate(space->cipher, space->decrypted, &n, space->output,
                              (int) sizeof(space->output)) != 1 ||
            EVP_CIPHER_CTX_ctrl(space->cipher, EVP_CTRL_AEAD_SET_TAG, sizeof(space->tag), space->tag) != 1)
                return -EIO;

        /* The last step fails when the tag is not the ciphertext's. */
        return EVP_DecryptFinal_ex(space->cipher, space->decrypted + n, &n) == 1 &&
               memcmp(space->decrypted, data->block, sizeof(data->block)) == 0;
}

static int run_aes256_gcm(const struct kernel_data *data, struct kernel_space *space, uint8_t *result) {
        int r;

        r = kernel_encrypt(data, space);
        if (r < 0)
                return r;

        memcpy(result, space->tag, sizeof(space->tag));
        fold(space->output, sizeof(space->output), result + sizeof(space->tag));
        return 0;
}

static bool crc32c_supported(void) {
        return __builtin_cpu_supports("sse4.2");
}

__attribute__((target("sse4.2"))) static int
run_crc32c(const struct kernel_data *data, struct kernel_space *space _unused_, uint8_t *result) {
        uint64_t crc = UINT32_MAX;
        uint32_t inverted;

        for (size_t i = 0; i < sizeof(data->block); i += sizeof(uint64_t)) {
                uint64_t word;

                memcpy(&word, data->block + i, sizeof(word));
                crc = _mm_crc32_u64(crc, word);
        }

        inverted = ~(uint32_t) crc;
        memcpy(result, &inverted, sizeof(inverted));
        return 0;
}

/* Pieces of 1, 3, 7, 15, ... bytes, the first of the block last: no two aligned to each other. */
static int run_copy(const struct kernel_data *data, struct kernel_space *space, uint8_t *result) {
        size_t n;

        for (size_t at = 0, size = 1; at < KERNEL_BLOCK_SIZE; at += n, size = 2 * size + 1) {
                const uint8_t *from = data->block + at;
                uint8_t *to;
                size_t left;

                n = left = MIN(size, KERNEL_BLOCK_SIZE - at);
                to = space->output + KERNEL_BLOCK_SIZE - at - n;
                __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(left) : : "memory");
        }

        fold(space->output, sizeof(space->output), result);
        return 0;
}

static int run_matrix_avx512(const struct kernel_data *data, struct kernel_space *space, uint8_t *result) {
        matrix_multiply_avx512(data, space);
        fold(space->product, sizeof(space->product), result);
        return 0;
}

static int run_matrix_avx2(const struct kernel_data *data, struct kernel_space *space, uint8_t *result) {
        matrix_multiply_avx2(data, space);
        fold(space->product, sizeof(space->product), result);
        return 0;
}

static int run_matrix_sse2(const struct kernel_data *data, struct kernel_space *space, uint8_t *result) {
        matrix_multiply_sse2(data, space);
        fold(space->product, sizeof(space->product), result);
        return 0;
}

static bool always_supported(void) {
        return true;
}

#define GOLDEN(name) .golden = golden_##name, .size = sizeof(golden_##name)

const struct kernel kernels[] = {
        {"SHA-256", always_supported, run_sha256, GOLDEN(sha256)},
        {"SHA-512", always_supported, run_sha512, GOLDEN(sha512)},
        {"AES-256-GCM", always_supported, run_aes256_gcm, GOLDEN(aes256_gcm)},
        {"CRC32C", crc32c_supported, run_crc32c, GOLDEN(crc32c)},
        {"rep movsb", always_supported, run_copy, GOLDEN(copy)},
        {"AVX-512 FMA", matrix_avx512_supported, run_matrix_avx512, GOLDEN(matrix_fused)},
        {"AVX2 FMA", matrix_avx2_supported, run_matrix_avx2, GOLDEN(matrix_fused)},
        {"SSE2 multiply-add", always_supported, run_matrix_sse2, GOLDEN(matrix_unfused)},
};
const size_t n_kernels = ELEMENTSOF(kernels);

_Static_assert(ELEMENTSOF(kernels) == N_KERNELS, "N_KERNELS counts the kernels");

int kernel_data_new(struct kernel_data **ret) {
        _cleanup_(kernel_data_freep) struct kernel_data *data = NULL;

        data = aligned_alloc(_Alignof(struct kernel_data), sizeof(*data));
        if (!data)
                return -ENOMEM;
        memset(data, 0, sizeof(*data));

        fill_random(1, data->block, sizeof(data->block));
        fill_random(2, data->key, sizeof(data->key));
        fill_random(3, data->iv, sizeof(data->iv));
        fill_matrix(4, data->a);
        fill_matrix(5, data->b);

        data->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
        data->sha512 = EVP_MD_fetch(NULL, "SHA2-512", NULL);
        data->aes256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
        if (!data->sha256 || !data->sha512 || !data->aes256_gcm)
                return -EIO;

        *ret = TAKE_PTR(data);
        return 0;
}

struct kernel_data *kernel_data_free(struct kernel_data *data) {
        if (!data)
                return NULL;

        EVP_MD_free(data->sha256);
        EVP_MD_free(data->sha512);
        EVP_CIPHER_free(data->aes256_gcm);
        free(data);
        return NULL;
}

int kernel_space_new(struct kernel_space **ret) {
        _cleanup_(kernel_space_freep) struct kernel_space *space = NULL;

        space = aligned_alloc(_Alignof(struct kernel_space), sizeof(*space));
        if (!space)
                return -ENOMEM;
        memset(space, 0, sizeof(*space));

        space->digest = EVP_MD_CTX_new();
        space->cipher = EVP_CIPHER_CTX_new();
        if (!space->digest || !space->cipher)
                return -ENOMEM;

        *ret = TAKE_PTR(space);
        return 0;
}

struct kernel_space *kernel_space_free(struct kernel_space *space) {
        if (!space)
                return NULL;

        EVP_MD_CTX_free(space->digest);
        EVP_CIPHER_CTX_free(space->cipher);
        free(space);
        return NULL;
}

bool kernel_data_is_golden(const struct kernel_data *data) {
        uint8_t result[sizeof(golden_input)];

        fold(data->block, sizeof(data->block), result);
        return memcmp(result, golden_input, sizeof(golden_input)) == 0;
}
