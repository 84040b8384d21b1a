/* SPDX-License-Identifier: GPL-3.0-or-later */
/* journal.h: the one ordered stream of records of what happens on this machine, as OCP Test & Validation 2.0
 * lines. One run a stage; a record is identified by boot, stage and sequence number. Who writes knows nothing
 * of who reads: readers are the sinks of sinks.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

struct channel;
struct journal;
struct plan;

enum ocp_status { OCP_COMPLETE, OCP_ERROR, OCP_SKIP };
enum ocp_result { OCP_NOT_APPLICABLE, OCP_PASS, OCP_FAIL };

struct journal_options {
        const char *boot;        /* identifies this boot: a UUID in text form */
        const char *path;        /* of the journal's file; NULL: none */
        const char *mark_root;   /* of the EFI variables, to keep the mark there; NULL: none is kept */
        struct channel *channel; /* to the BMC; NULL: none. It reads the file */
        bool console;            /* show a person what happens */
        bool lines;              /* write the lines to standard output, for a program */
};

/* Opens the journal and those of its sinks that the options ask for; what they point to must outlive it.
 * Returns 0, a negative errno. */
int journal_new(const struct plan *plan, const struct journal_options *options, struct journal **ret);
struct journal *journal_free(struct journal *journal);
DEFINE_CLEANUP(struct journal *, journal_free);

/* All that follow return 0, or a negative errno when the record could not be made; a sink that fails is told
 * of in the others and left out from then on, and is no error here. A json_t argument's reference is taken in
 * every case. */

/* Begins the run of a stage: its records count from 0. parameters: what the plan says beyond the built-in. */
int journal_run_start(struct journal *journal, const char *stage, json_t *parameters, json_t *dut_info);
int journal_run_end(struct journal *journal, enum ocp_status status, enum ocp_result result);

/* A step of the run; several may be open side by side. *ret_step names it until its end. */
int journal_step_start(struct journal *journal, const char *name, unsigned *ret_step);
int journal_step_end(struct journal *journal, unsigned step, enum ocp_status status);

/* kind: "measurement", "diagnosis", "error", "log", "extension", ... with its content as OCP defines it. */
int journal_step_artifact(struct journal *journal, unsigned step, const char *kind, json_t *content);
int journal_step_log(struct journal *journal, unsigned step, const char *severity, const char *format, ...)
        _printf_(4, 5);

/* A log of the run. Between two runs it is kept and becomes part of the next. */
int journal_log(struct journal *journal, const char *severity, const char *format, ...) _printf_(3, 4);

/* Shown, not recorded. */
void journal_progress(struct journal *journal, unsigned step, double fraction, const char *text);

/* Waits until every sink has what was written so far, at most timeout_usec. Returns 0, -ETIMEDOUT when one
 * has not. */
int journal_flush(struct journal *journal, uint64_t timeout_usec);

/* Ends the sinks in good order: the BMC gets what is left and its session is closed. Returns as
 * journal_flush(). */
int journal_close(struct journal *journal, uint64_t timeout_usec);
