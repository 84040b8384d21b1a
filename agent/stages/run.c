/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/command.h"
#include "base/efi-variable.h"
#include "base/event.h"
#include "base/fd.h"
#include "base/heartbeat.h"
#include "base/log.h"
#include "base/text.h"
#include "last-boot.h"
#include "plan/plan.h"
#include "plan/settings.h"
#include "pulse.h"
#include "stages.h"

const struct stage *const stages[] = {
        &stage_discovery,
        &stage_trial,
        &stage_production,
        NULL,
};

json_t *voyage_parameters(const struct voyage *voyage) {
        _cleanup_json_ json_t *parameters = json_object();

        for (size_t i = 0; parameters && i < n_settings; i++)
                if (!streq(voyage->plan->values[i].text, settings[i].value) &&
                    json_set_string(parameters, settings[i].key, voyage->plan->values[i].text) < 0)
                        return NULL;

        return TAKE_PTR(parameters);
}

void step_log(const char *severity, const char *message, void *userdata) {
        struct step_log *log = userdata;

        (void) journal_step_log(log->journal, log->step, severity, "%s", message);
}

static void on_channel_log(const char *severity, const char *message, void *userdata) {
        struct voyage *voyage = userdata;

        switch (voyage->bmc_step_state) {
        case BMC_STEP_AHEAD:
                (void) json_append(voyage->bmc_early,
                                   json_pack("{s:s, s:s}", "severity", severity, "message", message));
                break;
        case BMC_STEP_OPEN:
                (void) journal_step_log(voyage->journal, voyage->bmc_step, severity, "%s", message);
                break;
        case BMC_STEP_OVER:
                (void) journal_log(voyage->journal, severity, "bmc: %s", message);
                break;
        }
}

static void on_channel_state(enum channel_state state _unused_, const char *summary, void *userdata) {
        struct voyage *voyage = userdata;

        free(voyage->bmc_summary);
        voyage->bmc_summary = strdup(summary);
}

static const struct channel_handler channel_handler = {
        .log = on_channel_log,
        .state = on_channel_state,
        .boot_override = voyage_on_boot_override,
        .plan = voyage_on_plan,
};

static void on_watchdog_report(const struct heartbeat_report *report, void *userdata) {
        struct voyage *voyage = userdata;

        voyage->watchdog_reported = true;
        voyage->watchdog_expired = voyage->watchdog_expired || report->expired;
        (void) journal_log(voyage->journal, "INFO", "watchdog %s: %s", report->armed ? "armed" : "not armed",
                           report->text);
}

static void voyage_done(struct voyage *voyage) {
        pulse_free(voyage->pulse);
        journal_free(voyage->journal);
        channel_free(voyage->channel);
        plan_free(voyage->plan);
        json_decref(voyage->inventory);
        json_decref(voyage->bmc_early);
        free(voyage->bmc_summary);
        voyage_orders_done(&voyage->orders);
        outcome_done(&voyage->outcome);
        event_free(voyage->event);
}

/* heartbeat_fd: to PID 1, negative when that did not start this run. */
static int voyage_open(struct voyage *voyage, int heartbeat_fd) {
        _cleanup_(plan_problems_done) struct plan_problems problems = {};
        _cleanup_free_ char *boot = NULL;
        struct journal_options options;
        int r;

        r = make_directories(STATE_DIRECTORY, 0700);
        if (r < 0)
                return log_error(r, STATE_DIRECTORY " cannot be made");

        /* Not the kernel's boot_id: a run that is begun over again from the rescue shell has records of its
         * own. */
        r = read_line_file("/proc/sys/kernel/random/uuid", &boot);
        if (r < 0)
                return log_error(r, "/proc/sys/kernel/random/uuid cannot be read");

        r = plan_load(&voyage->plan, &problems);
        if (r < 0)
                return log_error(r, "the plan cannot be loaded");

        r = event_new(&voyage->event);
        if (r < 0)
                return log_error(r, "the event loop cannot be made");

        if (heartbeat_fd >= 0) {
                r = pulse_start(voyage->event, heartbeat_fd, on_watchdog_report, voyage, &voyage->pulse);
                if (r < 0)
                        return log_error(r, "PID 1 cannot be told that the agent is alive");
        }

        voyage->bmc_early = json_array();
        if (!voyage->bmc_early)
                return log_error(-ENOMEM, "no memory");

        if (voyage->plan->bmc_channel != CHANNEL_OFF) {
                r = channel_start(voyage->event, voyage->plan, JOURNAL_FILE, boot, &channel_handler, voyage,
                                  &voyage->channel);
                if (r < 0)
                        return log_error(r, "the BMC channel cannot be started");
        }

        options = (struct journal_options){
                .boot = boot,
                .path = JOURNAL_FILE,
                /* PID 1 removes the mark: no mark without it. */
                .mark_root = heartbeat_fd >= 0 ? EFI_VARIABLE_ROOT : NULL,
                .channel = voyage->channel,
                .console = true,
        };
        r = journal_new(voyage->plan, &options, &voyage->journal);
        if (r < 0)
                return log_error(r, "the journal cannot be opened");

        if (heartbeat_fd >= 0)
                last_boot_read(voyage);

        for (size_t i = 0; i < problems.n_items; i++) {
                r = journal_log(voyage->journal, "WARNING", "plan: %s: %s", problems.items[i].where,
                                problems.items[i].message);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int voyage_sail(struct voyage *voyage) {
        for (size_t i = 0; stages[i]; i++) {
                int r;

                /* The BMC has its say in the plan at discovery's end. */
                r = voyage->pulse ? pulse_follow(voyage->pulse, voyage->plan) : 0;
                if (r < 0)
                        return log_error(r, "PID 1 cannot be asked for the watchdog");

                r = stages[i]->run(voyage);
                if (r < 0)
                        return log_error(r, "stage %s cannot go on", stages[i]->name);

                /* What the BMC does not get in time the next stage does not wait for: the channel goes on
                 * trying, and the end of the run tells what is missing. */
                (void) journal_flush(voyage->journal, voyage->plan->bmc_patience);
        }

        (void) journal_close(voyage->journal, voyage->plan->bmc_patience);
        return outcome_write(voyage->outcome.action, voyage->outcome.reason);
}

static void help(void) {
        puts("Usage: seatrial run\n"
             "\n"
             "Discovers this machine, tries it, tells the BMC, and loads the production OS, as the\n"
             "plan says. PID 1 starts this at power-on and does then what its outcome says.\n"
             "\n"
             "      --heartbeat FD  a socket of PID 1's, which the agent shows that it is alive\n"
             "  -h, --help          this text");
}

/* The socket that came with exec(): for this process alone. Returns it, a negative errno. */
static int take_heartbeat(const char *number) {
        uint64_t fd;
        int r;

        r = parse_u64(number, &fd);
        if (r < 0)
                return r;
        if (fd > INT32_MAX)
                return -EBADF;

        return fcntl((int) fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : (int) fd;
}

int verb_run(int argc, char **argv) {
        static const struct option options[] = {
                {"heartbeat", required_argument, NULL, 'b'},
                {"help", no_argument, NULL, 'h'},
                {},
        };
        _cleanup_close_ int heartbeat_fd = -EBADF;
        _cleanup_(voyage_done) struct voyage voyage = {};
        int c, r;

        while ((c = command_option(argc, argv, "h", options)) >= 0) {
                switch (c) {
                case 'b':
                        heartbeat_fd = take_heartbeat(optarg);
                        if (heartbeat_fd < 0) {
                                log_error(heartbeat_fd, "--heartbeat %s", optarg);
                                return COMMAND_WRONG_USAGE;
                        }
                        break;
                case 'h':
                        help();
                        return 0;
                default:
                        return COMMAND_WRONG_USAGE;
                }
        }

        if (!command_takes(argc, argv, 0))
                return COMMAND_WRONG_USAGE;

        printf("\nseatrial %s: %s\n", SEATRIAL_VERSION,
               second_leg_is_under_way() ? "second leg, in memory that has passed"
                                         : "sea trial of this machine before it enters service");

        r = voyage_open(&voyage, heartbeat_fd);
        if (r >= 0)
                r = voyage_sail(&voyage);

        /* The agent leads the session of the console that it has: when it ends, the kernel hangs that up, and
         * drops what has not gone out yet. */
        fflush(stdout);
        terminal_drain(STDOUT_FILENO);
        return r < 0;
}
