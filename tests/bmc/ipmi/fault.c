/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Breaks commands from the host as the Redfish service's fault rules say; ipmi_sim's own commands as well as
 * the module's. Those over LAN, with which a test looks on, are never broken. */

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "control.h"
#include "module.h"

#define SYSTEM_INTERFACE 15
#define NETFN_GROUP      0x2c
#define GARBAGE_MAX      36U

/* A service that hangs delays every command by so much. */
#define ANSWER_TIME (500 * USEC_PER_MSEC)

static const struct module *self;
static int (*send_on)(channel_t *chan, msg_t *msg);

/* "0a/44"; "2c/02/ae" for one of a group. */
static char *code_of(const msg_t *msg) {
        if ((msg->netfn & ~1) == NETFN_GROUP && msg->len > 0)
                return strprintf("%02x/%02x/%02x", msg->netfn, msg->cmd, msg->data[0]);

        return strprintf("%02x/%02x", msg->netfn, msg->cmd);
}

/* A service that does not answer has no rule. */
static json_t *ask(const msg_t *msg) {
        _cleanup_free_ char *code = code_of(msg);
        _cleanup_json_ json_t *question = json_pack("{s:s, s:s*}", "command", "ipmi-fault", "code", code);
        json_t *answer = NULL;

        if (question)
                (void) control_ask(self->control, question, ANSWER_TIME, &answer);
        return answer;
}

/* A success that is none: of another length and content each time, and the same in each run. */
static unsigned garble(unsigned char *response) {
        static unsigned seed = 1;
        unsigned size;

        seed = seed * 1103515245 + 12345;
        size = 1 + (seed >> 16) % (GARBAGE_MAX - 1);
        response[0] = CC_OK;
        for (unsigned i = 1; i < size; i++) {
                seed = seed * 1103515245 + 12345;
                response[i] = (unsigned char) (seed >> 16);
        }

        return size;
}

static int on_send(channel_t *chan, msg_t *msg) {
        _cleanup_json_ json_t *answer = ask(msg);
        const char *action = json_get_string(answer, "action");
        /* Add SEL Entry's answer, with the number of a record that is not there, and others' as well. */
        unsigned char response[GARBAGE_MAX] = {CC_OK, 0xff, 0xff};

        if (!action)
                return send_on(chan, msg);

        if (streq(action, "silence"))
                chan->free(chan, msg);
        else if (streq(action, "completion-code")) {
                response[0] = (unsigned char) json_get_integer(answer, "completionCode", CC_UNSPECIFIED);
                ipmi_handle_smi_rsp(chan, msg, response, 1);
        } else if (streq(action, "pretend"))
                ipmi_handle_smi_rsp(chan, msg, response, 3);
        else
                ipmi_handle_smi_rsp(chan, msg, response, (int) garble(response));

        return 0;
}

int fault_install(sys_data_t *sys, const struct module *module) {
        channel_t *chan = sys->chan_set[SYSTEM_INTERFACE];

        if (!chan) {
                sys->log(sys, SETUP_ERROR, NULL, "seatrial: there is no system interface (serial 15)");
                return ENODEV;
        }

        self = module;
        send_on = chan->smi_send;
        chan->smi_send = on_send;
        return 0;
}
