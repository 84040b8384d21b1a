/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "control.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/event.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"
#include "http.h"
#include "provisioning-log.h"
#include "service.h"
#include "system.h"

#define LINE_MAX_SIZE 4096

struct client {
        struct control *control;
        int fd;
        struct event_source *io;
        char line[LINE_MAX_SIZE];
        size_t size;
        json_t *waiting; /* the wait command that is not answered yet, or NULL */
        struct client *next;
};

struct control {
        struct service *service;
        char *path;
        int fd;
        struct event_source *io;
        struct client *clients;
};

static void client_close(struct client *client) {
        for (struct client **p = &client->control->clients; *p; p = &(*p)->next)
                if (*p == client) {
                        *p = client->next;
                        break;
                }
        event_source_free(client->io);
        safe_close(client->fd);
        json_decref(client->waiting);
        free(client);
}

static json_t *error_answer(const char *error, const char *message) {
        return json_pack("{s:s, s:s*}", "error", error, "message", message);
}

/* A new reference, NULL when out of memory or, for wait, when there is nothing to be said yet. */
typedef json_t *(*command_t)(struct service *service, const json_t *command);

static json_t *do_status(struct service *service, const json_t *command) {
        _cleanup_json_ json_t *streams = json_array();
        const struct log_stream *stream;
        size_t n;

        (void) command;
        sessions_expire(&service->sessions);
        stream = provisioning_log_streams(service->log, &n);
        for (size_t i = 0; i < n; i++)
                if (json_append(streams, json_pack("{s:s, s:s, s:I}", "boot", stream[i].boot, "stage",
                                                   stream[i].stage, "next", (json_int_t) stream[i].next)) < 0)
                        return NULL;
        return json_pack("{s:i, s:s, s:s, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:i, s:O}", "port",
                         (int) service->port, "fingerprint", service->certificate.fingerprint,
                         "bootstrapping", service->accounts.bootstrapping_disabled ? "disabled" : "enabled",
                         "accounts", (int) accounts_count(&service->accounts), "sessions",
                         (int) sessions_count(&service->sessions), "records",
                         (json_int_t) provisioning_log_n_records(service->log), "entries",
                         (json_int_t) provisioning_log_n_entries(service->log), "requests",
                         (json_int_t) service->requests, "connections", (json_int_t) service->connections,
                         "accepted", (json_int_t) service->accepted, "faults", (int) service->faults.n_rules,
                         "streams", streams);
}

static json_t *do_wait(struct service *service, const json_t *command) {
        _cleanup_json_ json_t *status = do_status(service, NULL);
        const char *name = json_get_string(command, "counter");
        const json_t *at_least = json_object_get(command, "atLeast"),
                     *at_most = json_object_get(command, "atMost");
        const json_t *counter;

        if (!status)
                return error_answer("no-memory", NULL);
        counter = name ? json_object_get(status, name) : NULL;
        if (!json_is_integer(counter))
                return error_answer("bad-command", "counter: a number that status tells");
        if (!at_least == !at_most || (at_least && !json_is_integer(at_least)) ||
            (at_most && !json_is_integer(at_most)))
                return error_answer("bad-command", "atLeast or atMost: an integer");
        if (at_least ? json_integer_value(counter) < json_integer_value(at_least)
                     : json_integer_value(counter) > json_integer_value(at_most))
                return NULL;
        return TAKE_PTR(status);
}

static json_t *do_fingerprint(struct service *service, const json_t *command) {
        char sha256[FINGERPRINT_HEX_SIZE];
        struct fault_effect effect = faults_match_ipmi(&service->faults, "fingerprint");

        if (effect.action == FAULT_COMPLETION_CODE)
                return json_pack("{s:s, s:i}", "error", "fault", "completionCode",
                                 (int) effect.completion_code);
        if (json_get_integer(command, "certificate", 0) != 1)
                return error_answer("no-certificate", "there is one certificate, number 1");

        strcpy(sha256, service->certificate.fingerprint);
        if (effect.action == FAULT_WRONG_DIGEST)
                sha256[0] = sha256[0] == '0' ? '1' : '0';
        return json_pack("{s:s}", "sha256", sha256);
}

static json_t *make_account(struct service *service, bool bootstrap) {
        const struct account *account;
        int r;

        r = accounts_create(&service->accounts, bootstrap, &account);
        if (r == -ENOSPC)
                return error_answer("no-slot", "all accounts are in use");
        if (r < 0)
                return error_answer("failed", strerror(-r));
        return json_pack("{s:s, s:s}", "userName", account->user_name, "password", account->password);
}

static json_t *do_bootstrap_account(struct service *service, const json_t *command) {
        struct fault_effect effect = faults_match_ipmi(&service->faults, "bootstrap-account");
        const json_t *keep = json_object_get(command, "keepEnabled");
        json_t *answer;

        if (effect.action == FAULT_COMPLETION_CODE)
                return json_pack("{s:s, s:i}", "error", "fault", "completionCode",
                                 (int) effect.completion_code);
        if (!json_is_boolean(keep))
                return error_answer("bad-command", "keepEnabled: true or false");
        if (service->accounts.bootstrapping_disabled)
                return error_answer("disabled", "an account has been given out since the last reset");

        answer = make_account(service, true);
        if (!json_object_get(answer, "error") && !json_is_true(keep))
                service->accounts.bootstrapping_disabled = true;
        return answer;
}

/* What befalls a command from the host. */
static json_t *do_ipmi_fault(struct service *service, const json_t *command) {
        const char *code = json_get_string(command, "code");
        struct fault_effect effect;

        if (!code)
                return error_answer("bad-command", "code: such as 0a/44");

        effect = faults_match_ipmi(&service->faults, code);
        if (effect.action == FAULT_NONE)
                return json_object();
        return json_pack("{s:s, s:i}", "action", fault_action_text(effect.action), "completionCode",
                         (int) effect.completion_code);
}

static json_t *do_operator_account(struct service *service, const json_t *command) {
        const char *user_name = json_get_string(command, "userName");
        const char *password = json_get_string(command, "password");
        const struct account *account;
        int r;

        if (!user_name && !password)
                return make_account(service, false);
        r = user_name && password ? accounts_add(&service->accounts, user_name, password, &account) : -EINVAL;
        return r < 0 ? error_answer("failed", strerror(-r)) : json_object();
}

/* What nobody but those who have it may know: passwords of accounts, tokens of sessions. */
static json_t *do_secrets(struct service *service, const json_t *command) {
        _cleanup_json_ json_t *secrets = json_array();

        (void) command;
        for (unsigned i = 0; secrets && i < ACCOUNTS_MAX; i++)
                if (service->accounts.slots[i].user_name[0] &&
                    json_append(secrets, json_string(service->accounts.slots[i].password)) < 0)
                        return NULL;
        for (unsigned i = 0; secrets && i < SESSIONS_MAX; i++)
                if (service->sessions.slots[i].id[0] &&
                    json_append(secrets, json_string(service->sessions.slots[i].token)) < 0)
                        return NULL;
        return json_pack("{s:O}", "secrets", secrets);
}

/* Serves on with another certificate, as a BMC does whose operator has put in one. */
static json_t *do_certificate(struct service *service, const json_t *command) {
        const char *names = json_get_string(command, "names");
        struct certificate renewed;
        int r;

        r = certificate_renew(service->directory, service->authority, names ? names : CERTIFICATE_NAMES,
                              &renewed);
        if (r < 0)
                return error_answer("failed", strerror(-r));
        certificate_done(&service->certificate);
        service->certificate = renewed;
        service->http = http_stop(service->http);
        r = http_start(service, &service->http);
        if (r < 0)
                return error_answer("failed", strerror(-r));
        return json_pack("{s:s}", "fingerprint", service->certificate.fingerprint);
}

static json_t *do_shape(struct service *service, const json_t *command) {
        struct shape *shape = &service->shape;
        int other_systems = 0, page = 0, no_uuid = 0, no_log = 0, etag_required = 0, no_expand = 0;

        if (json_unpack((json_t *) command, "{s:s, s?i, s?i, s?b, s?b, s?b, s?b !}", "command",
                        &(const char *){NULL}, "otherSystems", &other_systems, "page", &page, "noUuid",
                        &no_uuid, "noLog", &no_log, "etagRequired", &etag_required, "noExpand",
                        &no_expand) < 0 ||
            other_systems < 0 || page < 0)
                return error_answer("bad-command",
                                    "otherSystems, page: numbers; noUuid, noLog, etagRequired, noExpand: "
                                    "true or false; nothing else");
        *shape = (struct shape){
                .other_systems = (unsigned) other_systems,
                .page = (unsigned) page,
                .no_uuid = no_uuid,
                .no_log = no_log,
                .etag_required = etag_required,
                .no_expand = no_expand,
        };
        return json_object();
}

static json_t *do_system(struct service *service, const json_t *command) {
        _cleanup_(answer_done) struct answer answer = {.status = 204};
        const struct request request = {.body = json_object_get(command, "set")};

        if (!json_is_object(request.body))
                return error_answer("bad-command", "set: the properties, as in a PATCH");
        system_patch(service, &request, &answer);
        return answer.status == 200 ? json_object() : error_answer("failed", "the system refuses it");
}

static json_t *do_host_reset(struct service *service, const json_t *command) {
        (void) command;
        accounts_host_reset(service);
        return json_object();
}

static json_t *do_fault(struct service *service, const json_t *command) {
        const char *reason = NULL;
        int r;

        r = faults_command(&service->faults, command, &reason);
        if (r < 0)
                return error_answer("bad-command", reason ? reason : strerror(-r));
        return json_pack("{s:i}", "faults", (int) service->faults.n_rules);
}

static const struct {
        const char *name;
        command_t command;
} commands[] = {
        {"fingerprint", do_fingerprint},
        {"bootstrap-account", do_bootstrap_account},
        {"ipmi-fault", do_ipmi_fault},
        {"operator-account", do_operator_account},
        {"secrets", do_secrets},
        {"certificate", do_certificate},
        {"shape", do_shape},
        {"system", do_system},
        {"host-reset", do_host_reset},
        {"status", do_status},
        {"wait", do_wait},
        {"fault", do_fault},
};

/* Returns 0, -errno when the client is not to be talked to any more. */
static int send_answer(struct client *client, json_t *answer) {
        _cleanup_free_ char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
        _cleanup_free_ char *line = text ? strprintf("%s\n", text) : NULL;
        size_t size;
        ssize_t n;

        json_decref(answer);
        if (!line)
                return -ENOMEM;
        size = strlen(line);
        /* A socket's buffer holds many answers; who leaves it full is not listening. */
        n = send(client->fd, line, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
                return -errno;
        return (size_t) n == size ? 0 : -EPIPE;
}

static int handle_line(struct client *client, const char *line, size_t size) {
        struct service *service = client->control->service;
        _cleanup_json_ json_t *command = NULL;
        const char *name;
        json_t *answer;

        if (json_parse(line, size, &command) < 0 || !json_is_object(command))
                return send_answer(client, error_answer("bad-command", "a line is one JSON object"));
        name = json_get_string(command, "command");
        for (size_t i = 0; name && i < ELEMENTSOF(commands); i++) {
                if (!streq(commands[i].name, name))
                        continue;
                answer = commands[i].command(service, command);
                if (!answer && commands[i].command == do_wait) {
                        client->waiting = TAKE_PTR(command);
                        return 0;
                }
                return send_answer(client, answer);
        }
        return send_answer(client, error_answer("bad-command", "command: there is none of that name"));
}

/* Handles the lines that have come, one by one, up to a wait: what is behind it must wait as well. */
static int handle_lines(struct client *client) {
        char *newline;

        while (!client->waiting && (newline = memchr(client->line, '\n', client->size))) {
                size_t size = (size_t) (newline - client->line);
                int r = handle_line(client, client->line, size);

                client->size -= size + 1;
                memmove(client->line, newline + 1, client->size);
                if (r < 0)
                        return r;
        }
        return client->size == sizeof(client->line) ? -EMSGSIZE : 0;
}

static int on_client(struct event_source *source, int fd, uint32_t revents, void *userdata) {
        struct client *client = userdata;
        ssize_t n;

        (void) source;
        (void) revents;
        n = recv(fd, client->line + client->size, sizeof(client->line) - client->size, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n > 0)
                client->size += (size_t) n;
        if (n <= 0 || handle_lines(client) < 0)
                client_close(client);
        return 0;
}

void control_check_waits(struct control *control) {
        struct client *next;

        for (struct client *client = control->clients; client; client = next) {
                json_t *answer;

                next = client->next;
                if (!client->waiting)
                        continue;
                answer = do_wait(control->service, client->waiting);
                if (!answer)
                        continue;
                json_decref(client->waiting);
                client->waiting = NULL;
                if (send_answer(client, answer) < 0 || handle_lines(client) < 0)
                        client_close(client);
        }
}

static int on_accept(struct event_source *source, int fd, uint32_t revents, void *userdata) {
        struct control *control = userdata;
        struct client *client;
        int client_fd;

        (void) source;
        (void) revents;
        client_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client_fd < 0)
                return 0; /* it has gone again, or there are too many: the next try may succeed */
        client = calloc(1, sizeof(*client));
        if (!client) {
                safe_close(client_fd);
                return 0;
        }
        client->control = control;
        client->fd = client_fd;
        if (event_add_io(control->service->event, client_fd, EPOLLIN, on_client, client, &client->io) < 0) {
                safe_close(client_fd);
                free(client);
                return 0;
        }
        client->next = control->clients;
        control->clients = client;
        return 0;
}

/* A socket that nobody listens on any more is what a killed predecessor has left. */
static int remove_stale(const struct sockaddr_un *address) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        if (lstat(address->sun_path, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISSOCK(st.st_mode))
                return -EEXIST;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *) address, sizeof(*address)) >= 0)
                return -EADDRINUSE;
        return unlink(address->sun_path) < 0 ? -errno : 0;
}

int control_start(struct service *service, const char *path, struct control **ret) {
        _cleanup_(control_stopp) struct control *control = NULL;
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int r;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        strcpy(address.sun_path, path);
        r = remove_stale(&address);
        if (r < 0)
                return r;

        control = calloc(1, sizeof(*control));
        if (!control)
                return -ENOMEM;
        control->service = service;
        control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (control->fd < 0)
                return -errno;
        /* Accounts are given out here: for this user alone. */
        if (fchmod(control->fd, 0600) < 0 ||
            bind(control->fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        control->path = strdup(path);
        if (!control->path)
                return -ENOMEM;
        if (listen(control->fd, SOMAXCONN) < 0)
                return -errno;
        r = event_add_io(service->event, control->fd, EPOLLIN, on_accept, control, &control->io);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(control);
        return 0;
}

struct control *control_stop(struct control *control) {
        if (!control)
                return NULL;
        while (control->clients)
                client_close(control->clients);
        event_source_free(control->io);
        if (control->path)
                unlink(control->path);
        safe_close(control->fd);
        free(control->path);
        free(control);
        return NULL;
}
