/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system.h"

#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/macro.h"
#include "base/text.h"
#include "message.h"
#include "service.h"

#define SYSTEM_PATH   "/redfish/v1/Systems/system"
#define SYSTEM_TYPE   "#ComputerSystem.v1_13_0.ComputerSystem"
#define OEM_TYPE      "#Seatrial.v1_0_0.ComputerSystem"
#define OTHER_ID      "other-"
#define OTHER_PATH    "/redfish/v1/Systems/" OTHER_ID
#define SETTINGS_MAX  65536
#define ASSET_TAG_MAX 63
#define URI_MAX       1023

static const char *const override_enabled[] = {"Disabled", "Once", "Continuous", NULL};
static const char *const override_mode[] = {"UEFI", "Legacy", NULL};
static const char *const override_target[] = {
        "None",  "Pxe",       "Cd",       "Usb",         "Hdd",      "BiosSetup",
        "Diags", "UefiShell", "UefiHttp", "RemoteDrive", "Recovery", NULL,
};

/* What may be set: a value out of a list, or any text up to a length. */
static const struct setting {
        const char *object; /* NULL: of the system itself */
        const char *key;
        const char *const *values;
        size_t max;
} settings[] = {
        {NULL, "AssetTag", NULL, ASSET_TAG_MAX},
        {"Boot", "BootSourceOverrideEnabled", override_enabled, 0},
        {"Boot", "BootSourceOverrideMode", override_mode, 0},
        {"Boot", "BootSourceOverrideTarget", override_target, 0},
        {"Boot", "HttpBootUri", NULL, URI_MAX},
};

static char *settings_path(const char *directory) {
        return strprintf("%s/system.json", directory);
}

int system_load_settings(const char *directory, json_t **ret) {
        _cleanup_free_ char *path = settings_path(directory), *text = NULL;
        json_t *loaded;
        size_t size;
        int r;

        if (!path)
                return -ENOMEM;
        r = read_file(path, SETTINGS_MAX, &text, &size);
        if (r == -ENOENT) {
                loaded = json_pack("{s:s, s:{s:s, s:s, s:s, s:s}, s:{}}", "AssetTag", "", "Boot",
                                   "BootSourceOverrideEnabled", "Disabled", "BootSourceOverrideMode", "UEFI",
                                   "BootSourceOverrideTarget", "None", "HttpBootUri", "", "Plan");
                if (!loaded)
                        return -ENOMEM;
        } else {
                if (r < 0)
                        return r;
                r = json_parse(text, size, &loaded);
                if (r < 0)
                        return r;
        }
        *ret = loaded;
        return 0;
}

static int store_settings(const char *directory, const json_t *changed) {
        _cleanup_free_ char *path = settings_path(directory), *text = json_dumps(changed, JSON_INDENT(2));

        if (!path || !text)
                return -ENOMEM;
        return write_file_atomic(path, text, strlen(text), 0644);
}

static json_t *member(struct service *service, uint64_t index) {
        return index < service->shape.other_systems ? reference(OTHER_PATH "%" PRIu64, index)
                                                    : reference(SYSTEM_PATH);
}

void systems_get(struct service *service, const struct request *request, struct answer *answer) {
        answer_collection(service, request, answer, "ComputerSystemCollection", "Computer Systems",
                          service->shape.other_systems + 1, 16, member);
}

/* Another machine that the same BMC manages, of which there is little to say. */
void other_system_get(struct service *service, const struct request *request, struct answer *answer) {
        char uuid[37], serial[24];
        uint64_t index;

        if (!startswith(request->id, OTHER_ID) || parse_u64(request->id + STRLEN(OTHER_ID), &index) < 0 ||
            index >= service->shape.other_systems) {
                answer_fail(answer, MHD_HTTP_NOT_FOUND, MESSAGE_RESOURCE_MISSING_AT_URI, NULL, request->path);
                return;
        }
        snprintf(uuid, sizeof(uuid), "00000000-0000-4000-8000-%012" PRIx64, index);
        snprintf(serial, sizeof(serial), "OTHER-%" PRIu64, index);
        answer_resource(answer, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*, s:s}", "@odata.id", request->path,
                                          "@odata.type", SYSTEM_TYPE, "Id", request->id, "Name",
                                          "Another Computer System", "SystemType", "Physical", "UUID",
                                          service->shape.no_uuid ? NULL : uuid, "SerialNumber", serial));
}

static json_t *allowable(const char *const *values) {
        json_t *array = json_array();

        for (; array && *values; values++)
                if (json_append(array, json_string(*values)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

void system_get(struct service *service, const struct request *request, struct answer *answer) {
        _cleanup_json_ json_t *body = NULL, *boot = NULL;

        boot = json_copy(json_object_get(service->settings, "Boot"));
        if (!boot || json_set(boot, "BootSourceOverrideTarget@Redfish.AllowableValues",
                              allowable(override_target)) < 0) {
                answer_resource(answer, NULL);
                return;
        }
        body = json_pack(
                "{s:s, s:s, s:s, s:s, s:s, s:s*, s:s*, s:O, s:s, s:{s:s, s:s}, s:O, s:o, s:{s:[o]}, s:{}, "
                "s:{s:{s:s, s:O}}}",
                "@odata.id", SYSTEM_PATH, "@odata.type", SYSTEM_TYPE, "Id", "system", "Name",
                "Computer System", "SystemType", "Physical", "UUID",
                service->shape.no_uuid ? NULL : service->uuid, "SerialNumber", service->serial, "AssetTag",
                json_object_get(service->settings, "AssetTag"), "PowerState", "On", "Status", "State",
                "Enabled", "Health", "OK", "Boot", boot, "LogServices", reference(SYSTEM_PATH "/LogServices"),
                "Links", "ManagedBy", reference("/redfish/v1/Managers/bmc"), "Actions", "Oem", "Seatrial",
                "@odata.type", OEM_TYPE, "Plan", json_object_get(service->settings, "Plan"));
        (void) request;
        answer_resource(answer, TAKE_PTR(body));
}

static const struct setting *find_setting(const char *object, const char *key) {
        for (size_t i = 0; i < ELEMENTSOF(settings); i++)
                if ((object ? settings[i].object && streq(settings[i].object, object)
                            : !settings[i].object) &&
                    streq(settings[i].key, key))
                        return &settings[i];
        return NULL;
}

static bool listed(const char *const *values, const char *value) {
        for (; *values; values++)
                if (streq(*values, value))
                        return true;
        return false;
}

/* Why value may not be given to the property, as an error in answer; true when it may. */
static bool check(const struct setting *setting, const char *property, const json_t *value, bool read_only,
                  struct answer *answer) {
        _cleanup_free_ char *shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        const char *text = json_string_value(value);

        if (!shown)
                answer_resource(answer, NULL);
        else if (!setting && read_only)
                answer_fail(answer, MHD_HTTP_BAD_REQUEST, MESSAGE_PROPERTY_NOT_WRITABLE, property, property);
        else if (!setting)
                answer_fail(answer, MHD_HTTP_BAD_REQUEST, MESSAGE_PROPERTY_UNKNOWN, property, property);
        else if (!text)
                answer_fail(answer, MHD_HTTP_BAD_REQUEST, MESSAGE_PROPERTY_VALUE_TYPE_ERROR, property, shown,
                            property);
        else if (setting->values && !listed(setting->values, text))
                answer_fail(answer, MHD_HTTP_BAD_REQUEST, MESSAGE_PROPERTY_VALUE_NOT_IN_LIST, property, text,
                            property);
        else if (!setting->values && strlen(text) > setting->max)
                answer_fail(answer, MHD_HTTP_BAD_REQUEST, MESSAGE_PROPERTY_VALUE_FORMAT_ERROR, property, text,
                            property);
        else
                return true;
        return false;
}

/* Sets in the plan what Oem.Seatrial.Plan of patch asks for: null takes a setting out. */
static bool apply_plan(const json_t *oem, json_t *plan, struct answer *answer) {
        const json_t *wanted = json_object_get(json_object_get(oem, "Seatrial"), "Plan");
        const char *key;
        json_t *value;

        if (!json_is_object(wanted)) {
                answer_fail(answer, MHD_HTTP_BAD_REQUEST, MESSAGE_PROPERTY_MISSING, "Oem/Seatrial/Plan",
                            "Oem/Seatrial/Plan");
                return false;
        }
        json_object_foreach((json_t *) wanted, key, value) {
                if (json_is_null(value))
                        json_object_del(plan, key);
                else if (!json_is_string(value)) {
                        answer_fail(answer, MHD_HTTP_BAD_REQUEST, MESSAGE_PROPERTY_VALUE_TYPE_ERROR,
                                    "Oem/Seatrial/Plan", key, "Oem/Seatrial/Plan");
                        return false;
                } else if (json_object_set(plan, key, value) < 0) {
                        answer_resource(answer, NULL);
                        return false;
                }
        }
        return true;
}

/* Sets in target what patch asks for, of that object of the system or, with NULL, of the system itself.
 * Returns false when it may not be, with answer saying why. */
static bool apply(const char *object, const json_t *patch, const json_t *present, json_t *target,
                  struct answer *answer) {
        const char *key;
        json_t *value;

        json_object_foreach((json_t *) patch, key, value) {
                _cleanup_free_ char *property = object ? strprintf("%s/%s", object, key) : strdup(key);

                if (!property) {
                        answer_resource(answer, NULL);
                        return false;
                }
                if (!object && streq(key, "Boot") && json_is_object(value)) {
                        if (!apply(key, value, json_object_get(present, key), json_object_get(target, key),
                                   answer))
                                return false;
                        continue;
                }
                if (!object && streq(key, "Oem")) {
                        if (!apply_plan(value, json_object_get(target, "Plan"), answer))
                                return false;
                        continue;
                }
                if (!check(find_setting(object, key), property, value, json_object_get(present, key) != NULL,
                           answer))
                        return false;
                if (json_set_string(target, key, json_string_value(value)) < 0) {
                        answer_resource(answer, NULL);
                        return false;
                }
        }
        return true;
}

void system_patch(struct service *service, const struct request *request, struct answer *answer) {
        _cleanup_json_ json_t *changed = json_deep_copy(service->settings);
        _cleanup_(answer_done) struct answer present = {};
        int r;

        system_get(service, request, &present);
        if (!changed || present.status != MHD_HTTP_OK) {
                answer_resource(answer, NULL);
                return;
        }
        /* All or nothing: what is wrong is found before anything is stored. */
        if (!apply(NULL, request->body, present.body, changed, answer))
                return;
        r = store_settings(service->directory, changed);
        if (r < 0) {
                answer_resource(answer, NULL);
                return;
        }
        json_decref(service->settings);
        service->settings = TAKE_PTR(changed);
        system_get(service, request, answer);
}
