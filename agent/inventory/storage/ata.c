/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "ata.h"

#define IDENTIFY_OFFSET 60U
#define IDENTIFY_SIZE   512U

/* ATA text stands in 16-bit words, the first character in the high byte. */
static void copy_text(const uint8_t *identify, size_t first_word, size_t n_words, char *text) {
        const uint8_t *p = identify + 2 * first_word;

        for (size_t i = 0; i < 2 * n_words; i++)
                text[i] = (char) p[i ^ 1];
        text[2 * n_words] = 0;
}

static uint16_t word(const uint8_t *identify, size_t number) {
        return (uint16_t) (identify[2 * number] | identify[2 * number + 1] << 8);
}

int ata_identity_decode(const void *page, size_t size, struct ata_identity *ret) {
        const uint8_t *p = page, *identify = p + IDENTIFY_OFFSET;
        uint16_t rate;

        if (size < IDENTIFY_OFFSET + IDENTIFY_SIZE || p[1] != 0x89)
                return -EBADMSG;

        copy_text(identify, 10, 10, ret->serial_number);
        copy_text(identify, 23, 4, ret->firmware_version);
        copy_text(identify, 27, 20, ret->model);

        /* Words 87 and 84: bits 15:14 are 01b when the word is valid; bit 8 of both: there is a WWN. */
        ret->wwn[0] = 0;
        if ((word(identify, 87) & 0xc100) == 0x4100)
                snprintf(ret->wwn, sizeof(ret->wwn), "%04x%04x%04x%04x", word(identify, 108),
                         word(identify, 109), word(identify, 110), word(identify, 111));

        rate = word(identify, 217);
        ret->rotation_rate = rate == 1 || (rate > 0x400 && rate < 0xffff) ? rate : 0;
        return 0;
}
