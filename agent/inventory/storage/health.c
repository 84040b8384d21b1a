/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "health.h"

static const char *const names[HEALTH_N_NUMBERS] = {
        [HEALTH_TEMPERATURE_C] = "temperature_c",
        [HEALTH_PERCENTAGE_USED] = "percentage_used",
        [HEALTH_AVAILABLE_SPARE_PERCENT] = "available_spare_percent",
        [HEALTH_SPARE_THRESHOLD_PERCENT] = "spare_threshold_percent",
        [HEALTH_READ_BYTES] = "read_bytes",
        [HEALTH_WRITTEN_BYTES] = "written_bytes",
        [HEALTH_POWER_ON_HOURS] = "power_on_hours",
        [HEALTH_POWER_CYCLES] = "power_cycle_count",
        [HEALTH_UNSAFE_SHUTDOWNS] = "unsafe_shutdown_count",
        [HEALTH_MEDIA_ERRORS] = "media_error_count",
        [HEALTH_ERROR_LOG_ENTRIES] = "error_log_entry_count",
        [HEALTH_REALLOCATED_SECTORS] = "reallocated_sector_count",
        [HEALTH_PENDING_SECTORS] = "pending_sector_count",
        [HEALTH_UNCORRECTABLE_SECTORS] = "uncorrectable_sector_count",
};

void health_set(struct health *health, enum health_number number, int64_t value) {
        health->known = true;
        health->has[number] = true;
        health->numbers[number] = value;
}

void health_add(const struct health *health, struct fields *f) {
        _cleanup_json_ json_t *warnings = json_array();
        struct fields h;

        if (!health->known) {
                fields_null(f, "health");
                return;
        }

        h = fields_of(json_object());
        fields_word(&h, "status", health->failing ? "failing" : health->n_warnings > 0 ? "warning" : "ok");

        for (size_t i = 0; i < health->n_warnings; i++)
                if (json_append(warnings, json_string(health->warnings[i])) < 0)
                        f->error = -ENOMEM;
        fields_take(&h, "warnings", TAKE_PTR(warnings));

        for (size_t i = 0; i < HEALTH_N_NUMBERS; i++)
                if (health->has[i])
                        fields_signed(&h, names[i], health->numbers[i]);
                else
                        fields_null(&h, names[i]);

        fields_take(f, "health", h.object);
        if (h.error < 0)
                f->error = h.error;
}
