/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>

#include "command.h"
#include "log.h"
#include "text.h"

void command_list(const struct command *commands) {
        for (const struct command *c = commands; c->name; c++)
                printf("  %-11s %s\n", c->name, c->help);
}

int command_name(const char *parent, char **argv) {
        char *name = strprintf("%s %s", parent, argv[0]);

        if (!name)
                return -ENOMEM;

        argv[0] = name;
        return 0;
}

int command_run(const struct command *commands, int argc, char **argv) {
        const struct command *c = commands;

        while (c->name && !streq(c->name, argv[1]))
                c++;
        if (!c->name) {
                log_line("there is no command \"%s %s\"; \"%s --help\" lists them", argv[0], argv[1],
                         argv[0]);
                return COMMAND_WRONG_USAGE;
        }

        if (command_name(argv[0], argv + 1) < 0) {
                log_error(-ENOMEM, "%s", argv[1]);
                return 1;
        }

        return c->run(argc - 1, argv + 1);
}

int command_option(int argc, char **argv, const char *letters, const struct option *options) {
        int c;

        c = getopt_long(argc, argv, letters, options, NULL);
        if (c == '?')
                log_line("\"%s --help\" lists the options", argv[0]);

        return c;
}

bool command_takes(int argc, char **argv, int n) {
        if (argc - optind <= n)
                return true;

        log_line("\"%s\" is one argument too many; \"%s --help\" tells which there are", argv[optind + n],
                 argv[0]);
        return false;
}

bool command_begin(int argc, char **argv, void (*help)(void), const char *flag, bool *ret_flag, int n,
                   int *ret_status) {
        const struct option options[] = {
                {"help", no_argument, NULL, 'h'},
                {flag, no_argument, NULL, 'f'},
                {},
        };
        int c;

        *ret_status = COMMAND_WRONG_USAGE;
        while ((c = command_option(argc, argv, "h", options)) >= 0)
                switch (c) {
                case 'f':
                        *ret_flag = true;
                        break;
                case 'h':
                        help();
                        *ret_status = 0;
                        return false;
                default:
                        return false;
                }

        return command_takes(argc, argv, n);
}
