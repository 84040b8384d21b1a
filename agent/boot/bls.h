/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bls.h: the files of the Boot Loader Specification (UAPI.1), type 1, and of systemd-boot's loader.conf. */
#pragma once

#include <stddef.h>

struct boot_entry;

#define BLS_FILE_MAX    (64U * 1024)
#define BLS_INITRDS_MAX 64U

/* Parses the file called name, such as "debian-6.1.0-13+3-1.conf": text becomes an entry without source and
 * device. Returns 1; 0 when there is nothing wrong with it but that this machine cannot boot it; -EBADMSG;
 * -ENOMEM. With 0 and -EBADMSG *ret_reason says why, in printable UTF-8 as all that is returned. */
int bls_parse_entry(const char *name, const char *text, size_t size, struct boot_entry **ret,
                    char **ret_reason);

/* Parses loader.conf: *ret_default is its pattern for the id of the entry to prefer, NULL when it has none.
 * All its other settings are about a menu. Returns 0, -EBADMSG with the reason, -ENOMEM. */
int bls_parse_loader(const char *text, size_t size, char **ret_default, char **ret_reason);

/* Takes the boot counters and the suffix, ".conf" or ".efi" (in any case, for FAT), off name. *ret_tries_left
 * becomes BOOT_TRIES_UNCOUNTED without them. Returns 0, -EINVAL for a name that is no entry's, -ENOMEM. */
int bls_parse_file_name(const char *name, const char *suffix, char **ret_id, int *ret_tries_left,
                        int *ret_tries_done);
