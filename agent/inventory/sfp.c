/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/macro.h"
#include "sfp.h"

struct layout {
        uint16_t vendor, part_number, revision, serial_number;
        uint8_t revision_size;
};

static const struct layout sff8472 = {20, 40, 56, 68, 4}, sff8636 = {148, 168, 184, 196, 2},
                           cmis = {129, 148, 164, 166, 2};

/* SFF-8024 table 4-1: the first byte. */
static const struct {
        uint8_t identifier;
        const char *type;
        const struct layout *layout;
} types[] = {
        {0x03, "SFP", &sff8472},       {0x0c, "QSFP", &sff8636}, {0x0d, "QSFP+", &sff8636},
        {0x11, "QSFP28", &sff8636},    {0x18, "QSFP-DD", &cmis}, {0x19, "OSFP", &cmis},
        {0x1e, "QSFP+ (CMIS)", &cmis},
};

/* Padded with blanks at the end. */
static void copy_text(const uint8_t *p, size_t size, char *text) {
        memcpy(text, p, size);
        text[size] = 0;
}

int sfp_decode(const void *eeprom, size_t size, struct sfp *ret) {
        const uint8_t *p = eeprom;
        const struct layout *l;

        for (size_t i = 0; size > 0 && i < ELEMENTSOF(types); i++) {
                if (p[0] != types[i].identifier)
                        continue;

                l = types[i].layout;
                if (size < l->serial_number + 16U)
                        return -EBADMSG;

                ret->type = types[i].type;
                copy_text(p + l->vendor, 16, ret->vendor);
                copy_text(p + l->part_number, 16, ret->part_number);
                copy_text(p + l->revision, l->revision_size, ret->revision);
                copy_text(p + l->serial_number, 16, ret->serial_number);
                return 0;
        }

        return -EBADMSG;
}
