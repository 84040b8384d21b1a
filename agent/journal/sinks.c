/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "sink.h"

/* The file comes first: the BMC's channel reads it. They are closed from the last to the first, so that the
 * console can tell what became of the BMC's records. */
const struct sink *const sinks[] = {
        &sink_file, &sink_lines, &sink_mark, &sink_console, &sink_bmc, NULL,
};
