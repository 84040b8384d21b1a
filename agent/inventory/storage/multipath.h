/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/json.h"

/* Joins the SCSI devices of drives that are the same one over several paths: those with the same wwid, serial
 * number and size. The first stays, and its "paths" name all of them; every other drive has one path. Returns
 * 0, -ENOMEM. */
int multipath_join(json_t *drives);
