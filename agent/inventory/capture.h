/* SPDX-License-Identifier: GPL-3.0-or-later */
/* capture.h: keeps what the inventory reads, so that it can be taken again elsewhere: in a test, or by
 * whoever has to explain a machine that is out of reach. */
#pragma once

struct inventory_roots;

/* Copies the files of /sys and /proc that collectors read into directory, which must be empty or absent, with
 * their places and links as they are; devices' answers go to its dev/, which roots->record must name when
 * collectors run. Of EFI variables other than those about booting it keeps name and size alone, for some hold
 * secrets. What cannot be read is left out. Returns 0, a negative errno. */
int capture_files(const struct inventory_roots *roots, const char *directory);
