/* SPDX-License-Identifier: GPL-3.0-or-later */
/* control.h: the operator's side of this BMC, and IPMI's: a Unix socket, one JSON object a line each way.
 *
 *      {"command":"fingerprint","certificate":1}
 *              {"sha256":"..."}, or "error" is "no-certificate"
 *      {"command":"bootstrap-account","keepEnabled":false}
 *              {"userName":"...","password":"..."}, or "error" is "disabled" or "no-slot"
 *      {"command":"operator-account"}
 *              the same, but a host reset does not end this account; {} when "userName" and "password" are
 *              given
 *      {"command":"secrets"}
 *              {"secrets":[...]}: the passwords and tokens that are good at the moment
 *      {"command":"certificate"}
 *              {"fingerprint":"..."}: connections have ended, and it serves on with another certificate, for
 *              "names" (as OpenSSL writes subjectAltName) when given
 *      {"command":"shape","otherSystems":1,"page":2,"noUuid":true,"noLog":true,"etagRequired":true,
 *       "noExpand":true}
 *              {}: what kind of BMC this is, from now on (struct shape); what is left out is as usual
 *      {"command":"system","set":{...}}
 *              {}: what the operator sets, as with PATCH
 *      {"command":"host-reset"}
 *              {}: what was given to the host has ended, and bootstrapping is enabled
 *      {"command":"status"}
 *              {"port":..., "fingerprint":..., and the counters}
 *      {"command":"wait","counter":"records","atLeast":5}
 *              the status, once the counter is there ("atMost" goes as well)
 *      {"command":"fault",...}
 *              {"faults":number of rules}; see fault.h
 *
 * What cannot be done is answered {"error":"...","message":"..."}. */
#pragma once

#include "base/macro.h"

struct control;
struct service;

/* Listens on path. Returns 0, -EADDRINUSE when somebody else does, -ENAMETOOLONG, a negative errno. */
int control_start(struct service *service, const char *path, struct control **ret);

/* Answers the clients that wait for what has now come about. To be called after every event. */
void control_check_waits(struct control *control);

struct control *control_stop(struct control *control);
DEFINE_CLEANUP(struct control *, control_stop);
