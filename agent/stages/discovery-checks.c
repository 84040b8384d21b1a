/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/efi-variable.h"
#include "base/fd.h"
#include "base/text.h"
#include "discovery-checks.h"
#include "inventory/findings.h"
#include "inventory/identity.h"
#include "manifest/manifest.h"
#include "plan/plan.h"
#include "stages.h"

#define MANIFEST_SIZE_MAX ((size_t) 16 << 20)

static int add_diagnosis(struct voyage *voyage, unsigned step, const char *verdict, const char *type,
                         const char *where, const char *message) {
        return journal_step_artifact(voyage->journal, step, "diagnosis",
                                     json_pack("{s:s, s:s, s:s, s:{s:s}}", "verdict", verdict, "type", type,
                                               "message", message, "subcomponent", "name", where));
}

int discovery_report_findings(struct voyage *voyage) {
        _cleanup_json_ json_t *findings = NULL;
        const json_t *finding;
        unsigned step;
        size_t i;
        int r;

        r = inventory_findings(voyage->inventory, &findings);
        if (r < 0)
                return r;

        r = journal_step_start(voyage->journal, "findings", &step);
        if (r < 0)
                return r;

        json_array_foreach(findings, i, finding) {
                bool critical = streq(json_get_string(finding, "severity"), "critical");
                _cleanup_free_ char *message = strprintf("%s: %s", json_get_string(finding, "where"),
                                                         json_get_string(finding, "message"));

                /* Discovery does not try anything: what it sees is a reason to look, or to order a part. */
                r = message ? add_diagnosis(voyage, step, json_get_string(finding, "verdict"),
                                            critical ? "FAIL" : "UNKNOWN", json_get_string(finding, "where"),
                                            message)
                            : -ENOMEM;
                if (r < 0)
                        return r;
                if (critical)
                        voyage->discovery_failed = true;
        }

        if (json_array_size(findings) == 0)
                r = journal_step_log(voyage->journal, step, "INFO", "nothing amiss");
        else
                r = journal_step_log(voyage->journal, step, "INFO", "%zu in all", json_array_size(findings));
        return r < 0 ? r : journal_step_end(voyage->journal, step, OCP_COMPLETE);
}

static int skip(struct voyage *voyage, unsigned step, const char *message) {
        int r;

        r = journal_step_log(voyage->journal, step, "INFO", "%s", message);
        return r < 0 ? r : journal_step_end(voyage->journal, step, OCP_SKIP);
}

/* A manifest that cannot be read is not one that is met. */
static int refuse(struct voyage *voyage, unsigned step, const char *problem) {
        int r;

        voyage->deviates = true;
        r = journal_step_artifact(
                voyage->journal, step, "error",
                json_pack("{s:s, s:s}", "symptom", "manifest-unusable", "message", problem));
        return r < 0 ? r : journal_step_end(voyage->journal, step, OCP_ERROR);
}

static bool stops(const struct plan *plan, const char *severity) {
        return plan->manifest_stop == STOP_ANY ||
               (plan->manifest_stop == STOP_CRITICAL && streq(severity, "critical"));
}

static int report_deviations(struct voyage *voyage, unsigned step, const json_t *deviations, size_t n_rules) {
        const json_t *deviation;
        size_t i;
        int r;

        json_array_foreach(deviations, i, deviation) {
                const char *severity = json_get_string(deviation, "severity");

                r = add_diagnosis(voyage, step, "manifest-deviation",
                                  streq(severity, "critical") ? "FAIL" : "UNKNOWN",
                                  json_get_string(deviation, "where"), json_get_string(deviation, "message"));
                if (r < 0)
                        return r;

                voyage->discovery_failed = voyage->discovery_failed || streq(severity, "critical");
                voyage->deviates = voyage->deviates || stops(voyage->plan, severity);
        }

        if (json_array_size(deviations) == 0) {
                r = add_diagnosis(voyage, step, "as-ordered", "PASS", "machine",
                                  "the machine is as the manifest has it");
                if (r < 0)
                        return r;
        }

        r = journal_step_log(voyage->journal, step, "INFO", "%zu rules, %zu deviations", n_rules,
                             json_array_size(deviations));
        return r < 0 ? r : journal_step_end(voyage->journal, step, OCP_COMPLETE);
}

int discovery_check_manifest(struct voyage *voyage) {
        const char *path = voyage->plan->manifest_file ?: MANIFEST_FILE;
        _cleanup_json_ json_t *manifest = NULL, *deviations = NULL;
        _cleanup_free_ char *text = NULL, *error = NULL, *problem = NULL;
        unsigned step;
        size_t size;
        int r;

        r = journal_step_start(voyage->journal, "manifest", &step);
        if (r < 0)
                return r;

        r = read_file(path, MANIFEST_SIZE_MAX, &text, &size);
        if (r == -ENOENT && !voyage->plan->manifest_file)
                return skip(voyage, step, "nothing was ordered: there is no " MANIFEST_FILE);
        if (r >= 0)
                r = manifest_parse(text, size, &manifest, &error);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                problem = strprintf("%s %s", path, error ?: strerror(-r));
                return problem ? refuse(voyage, step, problem) : -ENOMEM;
        }

        r = manifest_check(manifest, voyage->inventory, &deviations);
        if (r < 0)
                return r;

        return report_deviations(voyage, step, deviations,
                                 json_array_size(json_object_get(manifest, "rules")));
}

static char *join(const json_t *names) {
        _cleanup_free_ char *text = strdup("");
        const json_t *name;
        size_t i;

        json_array_foreach(names, i, name) {
                _cleanup_free_ char *before = TAKE_PTR(text);

                text = before ? strprintf("%s%s%s", before, *before ? ", " : "", json_string_value(name))
                              : NULL;
        }

        return TAKE_PTR(text);
}

/* old: what was kept of the last boot; NULL: nothing. */
static int tell_changes(struct voyage *voyage, unsigned step, const json_t *old, const json_t *identity) {
        _cleanup_json_ json_t *changes = NULL;
        _cleanup_free_ char *names = NULL;
        int r;

        if (!old)
                return journal_step_log(voyage->journal, step, "INFO", "seen for the first time");

        r = inventory_identity_changes(old, identity, &changes);
        if (r < 0)
                return r;
        if (json_array_size(changes) == 0)
                return journal_step_log(voyage->journal, step, "INFO", "the same parts as at the last boot");

        names = join(changes);
        if (!names)
                return -ENOMEM;

        r = add_diagnosis(voyage, step, "parts-changed", "UNKNOWN", names,
                          "other parts than at the last boot");
        return r < 0 ? r
                     : journal_step_log(voyage->journal, step, "WARNING", "changed since the last boot: %s",
                                        names);
}

/* Flash wears out: what it holds already is not written. */
static int keep_identity(struct voyage *voyage, unsigned step, const json_t *identity, const char *kept) {
        _cleanup_free_ char *text = json_dumps(identity, JSON_COMPACT);
        int r;

        if (!text)
                return -ENOMEM;
        if (kept && streq(kept, text))
                return 0;

        r = efi_variable_write(EFI_VARIABLE_ROOT, IDENTITY_VARIABLE, text, strlen(text));
        return r < 0 ? journal_step_log(voyage->journal, step, "WARNING",
                                        "it cannot be kept for the next boot: %s", strerror(-r))
                     : 0;
}

int discovery_compare_identity(struct voyage *voyage) {
        _cleanup_json_ json_t *identity = NULL, *old = NULL;
        _cleanup_free_ char *kept = NULL;
        size_t size = 0;
        unsigned step;
        int r;

        r = inventory_identity(voyage->inventory, &identity);
        if (r < 0)
                return r;

        r = journal_step_start(voyage->journal, "identity", &step);
        if (r < 0)
                return r;

        r = efi_variable_read(EFI_VARIABLE_ROOT, IDENTITY_VARIABLE, &kept, &size);
        if (r < 0 && r != -ENOENT)
                return skip(voyage, step,
                            "the firmware keeps no variables, so that a changed part is not noticed");

        if (kept && (json_parse(kept, size, &old) < 0 || !json_is_object(old))) {
                r = journal_step_log(voyage->journal, step, "WARNING",
                                     "what was kept of the last boot is garbage");
                json_decref(TAKE_PTR(old));
        } else
                r = tell_changes(voyage, step, old, identity);
        if (r >= 0)
                r = inventory_identity_complete(identity, old);
        if (r >= 0)
                r = keep_identity(voyage, step, identity, kept);
        return r < 0 ? r : journal_step_end(voyage->journal, step, OCP_COMPLETE);
}
