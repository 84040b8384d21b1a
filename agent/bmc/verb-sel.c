/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdio.h>

#include "base/command.h"
#include "base/log.h"
#include "bmc/ipmi/ipmi.h"
#include "bmc/ipmi/sel-text.h"
#include "bmc/ipmi/sel.h"
#include "bmc/items/events.h"
#include "verb.h"

static void help(void) {
        puts("Usage: seatrial bmc sel [--ours]\n"
             "\n"
             "Shows the BMC's event log (SEL), oldest first, read over IPMI; what seatrial wrote is\n"
             "marked with an asterisk. Exits 0 when all of it could be read.\n"
             "\n"
             "  --ours      only what seatrial wrote\n"
             "  -h, --help  this text");
}

static void show(const struct sel_record *record, bool ours_only) {
        _cleanup_free_ char *ours = events_describe(record), *text = NULL;

        if (!ours && ours_only)
                return;

        text = ours ? NULL : sel_describe(record);
        printf("%04x  %-22s %c %s\n", record->id,
               sel_format_time((char[SEL_FORMAT_TIME_MAX]){}, record), ours ? '*' : ' ',
               ours ?: text ?: "?");
}

static int show_all(struct ipmi *ipmi, struct wait *w, void *userdata, char **ret_problem) {
        const bool *ours_only = userdata;
        struct sel_info info;
        uint16_t next = SEL_FIRST;
        int r;

        r = sel_get_info(ipmi, w, &info, ret_problem);
        if (r < 0)
                return r;
        if (info.overflow)
                log_line("%s: the event log is full: the BMC has lost events", ipmi->name);

        /* What is added while it is being read has its end a little later; a log that goes in circles none.
         */
        for (unsigned i = 0; info.entries > 0 && i < info.entries + 64U && next != SEL_LAST; i++) {
                struct sel_record record;

                r = sel_get_record(ipmi, w, next, &record, ret_problem);
                if (r < 0)
                        return r;

                show(&record, *ours_only);
                next = record.next;
        }

        return 0;
}

int verb_bmc_sel(int argc, char **argv) {
        bool ours_only = false;
        int status;

        if (!command_begin(argc, argv, help, "ours", &ours_only, 0, &status))
                return status;

        return verb_ask_ipmi(show_all, &ours_only) < 0;
}
