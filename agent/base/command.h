/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command.h: the commands of the command line, and what is wrong with one. A command's argv[0] is what a
 * person types to get there, "seatrial bmc log": what getopt_long() says of a mistake begins with it. */
#pragma once

#include <getopt.h>
#include <stdbool.h>

#define COMMAND_WRONG_USAGE 2

struct command {
        const char *name;                  /* "log"; NULL at the end of a table */
        int (*run)(int argc, char **argv); /* returns an exit status */
        const char *help;                  /* what it does, in a few words */
};

/* One line each, for the help of the command that they belong to. */
void command_list(const struct command *commands);

/* Runs the command that argv[1] names, argv[0] being the one that they belong to. Returns its exit status,
 * COMMAND_WRONG_USAGE once it has been told that there is none of that name, 1 when memory is short. */
int command_run(const struct command *commands, int argc, char **argv);

/* Makes argv[0] what the command argv[0] of parent is called. Returns 0, -ENOMEM. */
int command_name(const char *parent, char **argv);

/* getopt_long(), which tells of a mistake and returns '?'; then it is also told who knows better. */
int command_option(int argc, char **argv, const char *letters, const struct option *options);

/* Whether there are no more than n arguments behind the options. If not, it has been told. */
bool command_takes(int argc, char **argv, int n);

/* All of the above for a command that has --help, perhaps one option more that is there or not, and up to n
 * arguments behind them, from optind on. Returns true to go on, false and the exit status. flag may be NULL.
 */
bool command_begin(int argc, char **argv, void (*help)(void), const char *flag, bool *ret_flag, int n,
                   int *ret_status);
