/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pxelinux.h: the configuration files of PXELINUX (https://wiki.syslinux.org, "Config"), which PXE servers
 * have for their machines. */
#pragma once

#include "boot/boot.h"

#define PXELINUX_FILE_MAX (256U * 1024)

/* Whom the configuration is for, and who hears of what is left out of it. */
struct pxelinux_host {
        const char *place;  /* begins every text of log: the file's URI */
        const char *ip;     /* what SYSAPPEND 1 adds: "ip=10.0.0.15:10.0.0.1:10.0.0.1:255.255.255.0" */
        const char *bootif; /* what SYSAPPEND 2 adds: "BOOTIF=01-52-54-00-12-34-56" */
        boot_log_t log;
        void *userdata;
};

/* Does text look like one, rather than like an entry of the Boot Loader Specification? */
bool pxelinux_recognize(const char *text, size_t size);

/* Appends an entry for each label that is a Linux, without source and device, its paths as they are written.
 * The label that would be started without a person's doing becomes the default. What cannot be used is told
 * through log. Returns 0 (also when there are none), -EBADMSG with *ret_reason telling why, -ENOMEM. */
int pxelinux_parse(const char *text, size_t size, const struct pxelinux_host *host,
                   struct boot_entries *entries, char **ret_reason);
