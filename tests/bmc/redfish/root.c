/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "root.h"

#include <microhttpd.h>

#include "base/json.h"
#include "base/macro.h"
#include "base/text.h"
#include "service.h"

#define ROOT_PATH    "/redfish/v1/"
#define MANAGER_PATH "/redfish/v1/Managers/bmc"

void versions_get(struct service *service, const struct request *request, struct answer *answer) {
        (void) service;
        (void) request;
        answer_resource(answer, json_pack("{s:s}", "v1", ROOT_PATH));
}

void root_get(struct service *service, const struct request *request, struct answer *answer) {
        (void) request;
        answer_resource(answer,
                        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:b, s:b, s:b, s:b, s:{s:b, s:b, "
                                  "s:b, s:b}}, s:o, s:o, s:o, "
                                  "s:o, s:{s:o}}",
                                  "@odata.id", ROOT_PATH, "@odata.type", "#ServiceRoot.v1_9_0.ServiceRoot",
                                  "Id", "RootService", "Name", "Root Service", "RedfishVersion", "1.12.0",
                                  "UUID", service->service_uuid, "Product", "seatrial test BMC",
                                  "ProtocolFeaturesSupported", "ExcerptQuery", 0, "FilterQuery", 0,
                                  "OnlyMemberQuery", 0, "SelectQuery", 0, "ExpandQuery", "NoLinks",
                                  !service->shape.no_expand, "Links", 0, "ExpandAll", 0, "Levels", 0,
                                  "Systems", reference(ROOT_PATH "Systems"), "Managers",
                                  reference(ROOT_PATH "Managers"), "SessionService",
                                  reference(ROOT_PATH "SessionService"), "AccountService",
                                  reference(ROOT_PATH "AccountService"), "Links", "Sessions",
                                  reference(ROOT_PATH "SessionService/Sessions")));
}

void odata_get(struct service *service, const struct request *request, struct answer *answer) {
        static const char *const names[] = {"Systems", "Managers", "SessionService", "AccountService"};
        _cleanup_json_ json_t *values = json_array();

        (void) service;
        (void) request;
        for (size_t i = 0; values && i < ELEMENTSOF(names); i++)
                if (json_append(values, json_pack("{s:s, s:s, s:s+}", "name", names[i], "kind", "Singleton",
                                                  "url", ROOT_PATH, names[i])) < 0) {
                        answer_resource(answer, NULL);
                        return;
                }
        answer_resource(answer,
                        json_pack("{s:s, s:O}", "@odata.context", "/redfish/v1/$metadata", "value", values));
}

/* clang-format off */
#define COLLECTION(name)                                                                            \
        "  <edmx:Reference Uri=\"http://redfish.dmtf.org/schemas/v1/" name "_v1.xml\">\n"           \
        "    <edmx:Include Namespace=\"" name "\"/>\n"                                              \
        "  </edmx:Reference>\n"
#define RESOURCE(name, version)                                                                     \
        "  <edmx:Reference Uri=\"http://redfish.dmtf.org/schemas/v1/" name "_v1.xml\">\n"           \
        "    <edmx:Include Namespace=\"" name "\"/>\n"                                              \
        "    <edmx:Include Namespace=\"" name "." version "\"/>\n"                                  \
        "  </edmx:Reference>\n"

/* The schemas of all resources here: what makes of this service an OData service. */
static const char metadata[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<edmx:Edmx xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\" Version=\"4.0\">\n"
        RESOURCE("ServiceRoot", "v1_9_0")
        RESOURCE("ComputerSystem", "v1_13_0")
        COLLECTION("ComputerSystemCollection")
        RESOURCE("Manager", "v1_10_0")
        COLLECTION("ManagerCollection")
        RESOURCE("LogService", "v1_3_0")
        COLLECTION("LogServiceCollection")
        RESOURCE("LogEntry", "v1_9_0")
        COLLECTION("LogEntryCollection")
        RESOURCE("SessionService", "v1_1_8")
        RESOURCE("Session", "v1_3_0")
        COLLECTION("SessionCollection")
        RESOURCE("AccountService", "v1_8_0")
        RESOURCE("ManagerAccount", "v1_8_0")
        COLLECTION("ManagerAccountCollection")
        RESOURCE("Role", "v1_3_0")
        COLLECTION("RoleCollection")
        RESOURCE("Message", "v1_1_1")
        "  <edmx:DataServices>\n"
        "    <Schema xmlns=\"http://docs.oasis-open.org/odata/ns/edm\" Namespace=\"Service\">\n"
        "      <EntityContainer Name=\"Service\" Extends=\"ServiceRoot.v1_9_0.ServiceContainer\"/>\n"
        "    </Schema>\n"
        "  </edmx:DataServices>\n"
        "</edmx:Edmx>\n";
/* clang-format on */

void metadata_get(struct service *service, const struct request *request, struct answer *answer) {
        (void) service;
        (void) request;
        answer->status = MHD_HTTP_OK;
        answer->text_type = "application/xml;charset=utf-8";
        answer->text = metadata;
}

static json_t *member(struct service *service, uint64_t index) {
        (void) service;
        (void) index;
        return reference(MANAGER_PATH);
}

void managers_get(struct service *service, const struct request *request, struct answer *answer) {
        answer_collection(service, request, answer, "ManagerCollection", "Managers", 1, 1, member);
}

void manager_get(struct service *service, const struct request *request, struct answer *answer) {
        char now[FORMAT_TIMESTAMP_MAX];

        (void) request;
        answer_resource(answer,
                        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:{s:[o]}}",
                                  "@odata.id", MANAGER_PATH, "@odata.type", "#Manager.v1_10_0.Manager", "Id",
                                  "bmc", "Name", "Manager", "ManagerType", "BMC", "ServiceEntryPointUUID",
                                  service->service_uuid, "DateTime", format_timestamp_now(now),
                                  "DateTimeLocalOffset", "+00:00", "Status", "State", "Enabled", "Health",
                                  "OK", "Links", "ManagerForServers",
                                  reference("/redfish/v1/Systems/system")));
}
