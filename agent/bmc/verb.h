/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* seatrial bmc THING: for a person in the rescue shell. Returns an exit status. */
int verb_bmc(int argc, char **argv);

struct contact;
struct ipmi;
struct session;
struct wait;

/* Goes the whole way to a session, or says why it does not get there. Returns 0, a negative errno. */
int verb_open_session(struct contact *contact, struct session *session);

/* Ends the session; returns error, or if that is 0, what has become of that. */
int verb_end_session(struct contact *contact, struct session *session, int error);

/* Asks one IPMI device after another, until one knows the question and answers; it is told when none does.
 * ask returns 0, a negative errno with *ret_problem set. Returns that, -ENODEV without any device. */
int verb_ask_ipmi(int (*ask)(struct ipmi *ipmi, struct wait *w, void *userdata, char **ret_problem),
                  void *userdata);

/* What it can do, each in a file of its own; argv[0] is its name. Return an exit status. */
int verb_bmc_bootdev(int argc, char **argv);
int verb_bmc_forget(int argc, char **argv);
int verb_bmc_log(int argc, char **argv);
int verb_bmc_sel(int argc, char **argv);
int verb_bmc_send(int argc, char **argv);
int verb_bmc_status(int argc, char **argv);
