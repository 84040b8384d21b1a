/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ovmf.h: takes OVMF's code apart and puts it together again with another BDS driver and without some
 * modules. */
#pragma once

#include "modules.h"

/* What ovmf_repack() could not find; the others come as plain errors. */
enum ovmf_part {
        OVMF_COMPLETE,
        OVMF_VOLUME,     /* no firmware volume at the image's start */
        OVMF_COMPRESSED, /* no file with the LZMA section that holds PEI and DXE */
        OVMF_PEI,        /* no volume with a PEI core in it */
        OVMF_DXE,        /* no volume with a DXE core in it */
        OVMF_BDS,        /* no BDS driver to replace */
};

/* Works on the size bytes of OVMF_CODE.fd, in place: BdsDxe becomes driver (a PE image), and each of drop's
 * modules is left out, and marked as found. PEI modules become pad files, as they run in place and must not
 * move; a volume keeps its size and its offset, which SEC has as fixed values.
 *
 * Returns 0; -ENOENT with *ret_missing a part that is not there; -EBADMSG when a volume is broken; -ENOSPC
 * when the result does not fit (which takes a driver larger than what is dropped); -ENOMEM, -EIO. */
int ovmf_repack(uint8_t *code, size_t size, const void *driver, size_t driver_size, struct modules *drop,
                enum ovmf_part *ret_missing);

/* "BDS driver (BdsDxe)", ... */
const char *ovmf_part_to_string(enum ovmf_part part);
