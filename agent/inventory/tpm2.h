/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tpm2.h: the few commands of a TPM 2.0 that the inventory asks (TPM 2.0 Library part 3), as bytes. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TPM2_MESSAGE_MAX 4096U

/* Where the certificate of the RSA endorsement key lies (TCG EK Credential Profile 2.5, 2.2.1.4). */
#define TPM2_EK_CERTIFICATE 0x01c00002U
#define TPM2_EK_ECC_P256    0x01c0000aU
#define TPM2_EK_H_ECC_P256  0x01c00014U
#define TPM2_EK_H_ECC_P384  0x01c00016U

struct tpm2_properties {
        char manufacturer[5]; /* "IFX " without the blank */
        char vendor[17];
        uint32_t firmware[2]; /* as the vendor counts */
};

/* Commands; each returns its size. */
size_t tpm2_get_properties(uint8_t command[static TPM2_MESSAGE_MAX]);
size_t tpm2_nv_read_public(uint32_t index, uint8_t command[static TPM2_MESSAGE_MAX]);
size_t tpm2_nv_read(uint32_t index, uint16_t offset, uint16_t size, uint8_t command[static TPM2_MESSAGE_MAX]);

/* Responses. Return 0, -EIO when the TPM refused, -EBADMSG when the response is none. */
int tpm2_properties_decode(const void *response, size_t size, struct tpm2_properties *ret);
int tpm2_nv_size_decode(const void *response, size_t size, uint16_t *ret);

/* Points *ret at the bytes inside the response. Returns how many, a negative errno. */
ssize_t tpm2_nv_data_decode(const void *response, size_t size, const uint8_t **ret);
