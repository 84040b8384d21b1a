/* SPDX-License-Identifier: GPL-3.0-or-later */
/* discovery-checks.h: what the inventory means, each a step of the discovery's run. All return 0 whatever
 * they find, a negative errno when the agent itself cannot go on. */
#pragma once

struct voyage;

/* What is bad news by itself; a critical one makes the run a failure. */
int discovery_report_findings(struct voyage *voyage);

/* What is not as it was ordered; sets voyage->deviates when the plan wants the machine stopped for it. */
int discovery_check_manifest(struct voyage *voyage);

/* Which parts are others than at the last boot, as an EFI variable kept them. */
int discovery_compare_identity(struct voyage *voyage);
