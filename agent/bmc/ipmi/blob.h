/* SPDX-License-Identifier: GPL-3.0-or-later */
/* blob.h: handing a BMC more bytes than fit in a command, as OpenBMC's phosphor-ipmi-blobs takes them: NetFn
 * 2Eh, command 80h, OpenBMC's IANA number, a subcommand, and a CRC over what follows. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

struct ipmi;
struct wait;

/* The way to the blobs of one BMC, and a session there. */
struct blob {
        struct ipmi *ipmi;
        struct wait *wait;
        uint16_t session;
        size_t chunk; /* how many bytes a write takes */
};

#define BLOB_CHUNK     128U /* the most that is sent at once */
#define BLOB_CHUNK_MIN 16U

/* Bits of a session's state. */
#define BLOB_COMMITTING   0x04
#define BLOB_COMMITTED    0x08
#define BLOB_COMMIT_ERROR 0x10

/* CRC-16 of polynomial 1021h over the bytes and two zeroes behind them, from FFFFh. */
uint16_t blob_crc(const uint8_t *data, size_t size);

/* Takes the answer's body: response from the completion code on, which is success. Sets *ret_body to NULL
 * when it has none. Returns 0, -EBADMSG when it is not OpenBMC's, or the CRC is wrong. */
int blob_decode(const uint8_t *response, size_t size, const uint8_t **ret_body, size_t *ret_size);

/* All that follow return as ipmi_run(); -EBADMSG also when the CRC of the answer is wrong. */

/* Looks whether the BMC has a blob of that name. Returns 1, 0. */
int blob_find(struct blob *blob, const char *name, char **ret_problem);

/* Opens it for writing. */
int blob_open(struct blob *blob, const char *name, char **ret_problem);

/* Writes at most blob->chunk bytes, fewer where the BMC or its link takes only shorter messages. *ret_written
 * is how many. The same bytes may be written to the same place again. */
int blob_write(struct blob *blob, size_t offset, const uint8_t *data, size_t size, size_t *ret_written,
               char **ret_problem);

int blob_commit(struct blob *blob, char **ret_problem);
int blob_get_state(struct blob *blob, uint16_t *ret_state, char **ret_problem);
int blob_close(struct blob *blob, char **ret_problem);
