/* SPDX-License-Identifier: GPL-3.0-or-later */
/* answer.h: what a device answers to a question that no file of sysfs holds: an ioctl, a command to a drive
 * or to the BMC. On the running machine the device is asked; a captured tree keeps the answers as files
 * DEV/DEVICE.QUESTION, so that decoders see the same bytes. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct inventory_roots;

/* Asks the device. Returns how many bytes it has put into buffer, a negative errno. */
typedef ssize_t (*answer_ask_t)(void *userdata, void *buffer, size_t size);

/* device ("nvme0") and question ("smart-log") name the answer; both are our own words or the kernel's.
 * Returns the answer's size, at most size; -ENODATA when the captured tree has none, a negative errno. */
ssize_t answer_read(const struct inventory_roots *roots, const char *device, const char *question,
                    answer_ask_t ask, void *userdata, void *buffer, size_t size);
