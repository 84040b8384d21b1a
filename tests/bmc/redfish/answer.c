/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"
#include "base/macro.h"
#include "base/text.h"
#include "message.h"
#include "router.h"
#include "service.h"

void answer_done(struct answer *answer) {
        json_decref(answer->body);
        free(answer->location);
        *answer = (struct answer){};
}

void answer_resource(struct answer *answer, json_t *body) {
        if (!body) {
                answer_fail(answer, MHD_HTTP_INTERNAL_SERVER_ERROR, MESSAGE_INTERNAL_ERROR, NULL);
                return;
        }
        json_decref(answer->body);
        answer->status = MHD_HTTP_OK;
        answer->body = body;
}

json_t *reference(const char *format, ...) {
        _cleanup_free_ char *path = NULL;
        va_list list;

        va_start(list, format);
        path = vstrprintf(format, list);
        va_end(list);

        return json_pack("{s:s}", "@odata.id", path);
}

/* The resource in place of the reference to it, whose own reference is taken. */
static json_t *in_full(struct service *service, json_t *member) {
        _cleanup_json_ json_t *m = member;
        const char *path = json_get_string(m, "@odata.id");

        return path ? router_get(service, path) : NULL;
}

void answer_collection(struct service *service, const struct request *request, struct answer *answer,
                       const char *type, const char *name, uint64_t n_members, uint64_t page,
                       member_t member) {
        _cleanup_json_ json_t *members = json_array(), *body = NULL;
        uint64_t from = MIN(request->skip, n_members);
        uint64_t most = service->shape.page > 0 ? service->shape.page : page;
        uint64_t wanted = MIN(request->top, most);
        uint64_t n = MIN(wanted, n_members - from);

        for (uint64_t i = 0; i < n; i++) {
                json_t *m = member(service, from + i);

                if (request->expand)
                        m = in_full(service, m);
                if (json_append(members, m) < 0) {
                        answer_resource(answer, NULL);
                        return;
                }
        }

        body = json_pack("{s:s, s:s+++, s:s, s:I, s:O}", "@odata.id", request->path, "@odata.type", "#", type,
                         ".", type, "Name", name, "Members@odata.count", (json_int_t) n_members, "Members",
                         members);
        if (body && from + n < n_members && request->top > n) {
                _cleanup_free_ char *link = NULL;

                const char *expand = request->expand ? "&$expand=." : "";

                if (request->top == UINT64_MAX)
                        link = strprintf("%s?$skip=%" PRIu64 "%s", request->path, from + n, expand);
                else
                        link = strprintf("%s?$skip=%" PRIu64 "&$top=%" PRIu64 "%s", request->path, from + n,
                                         request->top - n, expand);
                if (!link || json_set_string(body, "Members@odata.nextLink", link) < 0) {
                        answer_resource(answer, NULL);
                        return;
                }
        }
        answer_resource(answer, TAKE_PTR(body));
}
