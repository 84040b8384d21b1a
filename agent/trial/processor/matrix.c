/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every element of the product is one sum, added up in the order of its terms, in a lane of its own: how many
 * lanes there are makes no difference to the result. */

#include <immintrin.h>

#include "kernels.h"

bool matrix_avx512_supported(void) {
        return __builtin_cpu_supports("avx512f");
}

bool matrix_avx2_supported(void) {
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

__attribute__((target("avx512f"))) void matrix_multiply_avx512(const struct kernel_data *data,
                                                               struct kernel_space *space) {
        for (size_t i = 0; i < KERNEL_MATRIX_SIZE; i++) {
                __m512d sums[8] = {};

                for (size_t k = 0; k < KERNEL_MATRIX_SIZE; k++) {
                        const __m512d a = _mm512_set1_pd(data->a[i][k]);

                        for (size_t l = 0; l < 8; l++)
                                sums[l] = _mm512_fmadd_pd(a, _mm512_load_pd(&data->b[k][8 * l]), sums[l]);
                }

                for (size_t l = 0; l < 8; l++)
                        _mm512_store_pd(&space->product[i][8 * l], sums[l]);
        }
}

__attribute__((target("avx2,fma"))) void matrix_multiply_avx2(const struct kernel_data *data,
                                                              struct kernel_space *space) {
        for (size_t i = 0; i < KERNEL_MATRIX_SIZE; i++)
                for (size_t j = 0; j < KERNEL_MATRIX_SIZE; j += 32) {
                        __m256d sums[8] = {};

                        for (size_t k = 0; k < KERNEL_MATRIX_SIZE; k++) {
                                const __m256d a = _mm256_set1_pd(data->a[i][k]);

                                for (size_t l = 0; l < 8; l++)
                                        sums[l] = _mm256_fmadd_pd(a, _mm256_load_pd(&data->b[k][j + 4 * l]),
                                                                  sums[l]);
                        }

                        for (size_t l = 0; l < 8; l++)
                                _mm256_store_pd(&space->product[i][j + 4 * l], sums[l]);
                }
}

/* Rounds twice, after the multiplication as well: it has a golden value of its own. */
void matrix_multiply_sse2(const struct kernel_data *data, struct kernel_space *space) {
        for (size_t i = 0; i < KERNEL_MATRIX_SIZE; i++)
                for (size_t j = 0; j < KERNEL_MATRIX_SIZE; j += 16) {
                        __m128d sums[8] = {};

                        for (size_t k = 0; k < KERNEL_MATRIX_SIZE; k++) {
                                const __m128d a = _mm_set1_pd(data->a[i][k]);

                                for (size_t l = 0; l < 8; l++)
                                        sums[l] = _mm_add_pd(
                                                sums[l], _mm_mul_pd(a, _mm_load_pd(&data->b[k][j + 2 * l])));
                        }

                        for (size_t l = 0; l < 8; l++)
                                _mm_store_pd(&space->product[i][j + 2 * l], sums[l]);
                }
}
