/* SPDX-License-Identifier: GPL-3.0-or-later */
/* service.h: the whole of the BMC's Redfish service, and what a resource is given and gives back. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "account.h"
#include "certificate.h"
#include "fault.h"
#include "session.h"

/* What kind of BMC it is; a test sets it over the control socket. Zero is one that lacks nothing. */
struct shape {
        unsigned other_systems; /* listed before this one */
        bool no_uuid;           /* the systems do not tell theirs */
        bool no_log;            /* there is no provisioning log */
        bool etag_required;     /* a change without If-Match is refused */
        bool no_expand;         /* a collection's members are not given in full */
        unsigned page;          /* members of a collection that are given at once; 0: each collection's own */
};

struct control;
struct event;
struct http;
struct provisioning_log;

struct service {
        struct event *event;
        struct http *http;
        struct control *control;
        struct certificate certificate;
        struct accounts accounts;
        struct sessions sessions;
        struct provisioning_log *log;
        struct faults faults;
        struct shape shape;
        json_t *settings; /* what clients may change of the computer system; see system.h */

        const char *directory;
        const char *authority;    /* directory of who signs the certificate, or NULL */
        char *client_authority;   /* PEM: who signs those of clients, or NULL */
        const char *uuid;         /* of the computer system, as SMBIOS type 1 has it */
        const char *service_uuid; /* of this service, as SMBIOS type 42 has it */
        const char *serial;       /* of the computer system, or NULL */

        unsigned port;
        bool ipv6; /* on ::1 rather than on 127.0.0.1 */
        uint64_t requests;
        uint64_t connections; /* that carried a request */
        uint64_t accepted;    /* TCP connections, whatever became of them */
};

struct MHD_Connection;

struct request {
        struct MHD_Connection *connection;
        const char *method;                   /* HEAD is GET here */
        const char *path;                     /* without query, without a slash at its end */
        const char *id;                       /* what stands for the route's "*", or NULL */
        char user_name[ACCOUNT_NAME_MAX + 1]; /* who was authenticated; empty when nobody was */
        json_t *body;                         /* an object with POST and PATCH */
        uint64_t skip, top;                   /* the page of a collection that is asked for */
        bool expand;                          /* with its members in full */
};

/* What a handler gives back. It begins as 204 with nothing in it. */
struct answer {
        unsigned status;
        json_t *body;
        const char *text; /* in place of body: a document that never changes */
        const char *text_type;
        char *location;    /* path of what was made */
        const char *allow; /* methods, with 405 */
        char token[sizeof(((struct session *) NULL)->token)];
        unsigned retry_after; /* seconds, 0 for none */
};

typedef void (*handler_t)(struct service *service, const struct request *request, struct answer *answer);

/* Sets 200 and the body, whose reference is taken; NULL counts as out of memory and gives 500. */
void answer_resource(struct answer *answer, json_t *body);

/* The page of a collection that request asks for: n_members in all, each made by member(), which returns a
 * new reference or NULL when out of memory. */
typedef json_t *(*member_t)(struct service *service, uint64_t index);
void answer_collection(struct service *service, const struct request *request, struct answer *answer,
                       const char *type, const char *name, uint64_t n_members, uint64_t page,
                       member_t member);

/* {"@odata.id": path}, the path as printf makes it. */
json_t *reference(const char *format, ...) __attribute__((format(printf, 1, 2)));

void answer_done(struct answer *answer);
