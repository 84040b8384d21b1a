/* SPDX-License-Identifier: GPL-3.0-or-later */
/* state.h: where a run of the agent leaves what later commands look at. */
#pragma once

#define STATE_DIRECTORY "/run/seatrial"
#define JOURNAL_FILE    STATE_DIRECTORY "/journal.jsonl"
