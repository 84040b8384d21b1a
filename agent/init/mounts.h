/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Mounts what user space expects: /proc, /sys, /dev, /run, ... A required one that fails is told on standard
 * error. Returns 0, a negative errno when a required one is missing. */
int mount_all(void);
