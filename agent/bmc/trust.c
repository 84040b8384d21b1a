/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/efi-variable.h"
#include "base/fd.h"
#include "base/text.h"
#include "bmc/ipmi/ipmi.h"
#include "plan/plan.h"
#include "trust.h"

#define PEM_MAX ((size_t) 256 * 1024)

struct question {
        struct trust *trust;
        const struct plan *plan;
        const struct trust_roots *roots;
        const struct ipmi_list *ipmi;
        struct wait *wait;
        bool settle;
};

void trust_done(struct trust *trust) {
        tls_trust_done(&trust->tls);
        free(trust->problem);
        *trust = (struct trust){};
}

/* Reads a PEM file of the image and hands it to read(). A key may be in it: the text is wiped. Returns 1, 0
 * when there is no such file, a negative errno. */
static int read_pem(const struct question *q, const char *name,
                    int (*read)(struct tls_trust *trust, const char *pem, size_t size)) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t size;
        int r;

        path = strprintf("%s/%s", q->roots->image, name);
        if (!path)
                return -ENOMEM;

        r = read_file(path, PEM_MAX, &text, &size);
        if (r == -ENOENT)
                return 0;
        if (r >= 0) {
                r = read(&q->trust->tls, text, size);
                explicit_bzero(text, size);
        }
        if (r == -EBADMSG)
                return explain_error(&q->trust->problem, -EINVAL, "%s holds no such certificate", path);
        if (r < 0)
                return explain_error(&q->trust->problem, r, "%s cannot be read: %s", path, strerror(-r));

        return 1;
}

/* Each way returns 1 when it has decided, 0 when it has nothing to say, or a negative errno: -EAGAIN when it
 * may have later, -EINPROGRESS when its means may still appear, any other when they are broken. */

/* Every IPMI device is asked until one answers. A device that refuses is named with its reason; the first
 * one's counts, as that is the one which every tool takes. */
static int by_fingerprint(const struct question *q) {
        struct trust *trust = q->trust;
        _cleanup_free_ char *first = NULL;
        int error = 0;

        for (size_t i = 0; i < q->ipmi->n_items; i++) {
                _cleanup_free_ char *problem = NULL;
                int r;

                r = bootstrap_ask_fingerprint(q->ipmi->items[i], q->wait, trust->tls.fingerprint, &problem);
                if (r >= 0) {
                        trust->ipmi = q->ipmi->items[i];
                        trust->tls.way = TLS_FINGERPRINT;
                        return 1;
                }
                if (error == 0) {
                        error = r;
                        first = TAKE_PTR(problem);
                }
        }
        if (error == 0 && !q->settle)
                return -EINPROGRESS;

        trust->error = explain_error(&trust->problem, error ?: -ENXIO,
                                  "%s: without it the BMC's certificate cannot be trusted",
                                  error == 0 ? "there is no IPMI device to give the fingerprint"
                                             : first ?: strerror(-error));
        return error == -EAGAIN || error == -ENOMEM ? error : 0;
}

static int by_authority(const struct question *q) {
        struct trust *trust = q->trust;
        int r;

        r = read_pem(q, TRUST_AUTHORITIES, tls_read_authorities);
        if (r == 0 && !trust->problem)
                trust->error = explain_error(&trust->problem, -ENOKEY,
                                             "there is no certificate authority in the image (%s/%s)",
                                             q->roots->image, TRUST_AUTHORITIES);
        if (r > 0)
                trust->tls.way = TLS_AUTHORITY;

        return r;
}

/* The one of an earlier boot. Returns 1, 0 when there is none, a negative errno. */
static int read_first(const struct question *q) {
        struct trust *trust = q->trust;
        _cleanup_free_ char *kept = NULL;
        size_t size;
        int r;

        r = efi_variable_read(q->roots->efi, TRUST_VARIABLE, &kept, &size);
        if (r == -ENOENT || r == -EOPNOTSUPP)
                return 0;
        if (r >= 0 && size != FINGERPRINT_SIZE)
                r = -EBADMSG;
        /* Not being able to tell which one it was is no leave to take any. */
        if (r < 0)
                return explain_error(&trust->problem, -EIO,
                                     "the EFI variable %s, with the certificate of the first use, cannot be "
                                     "read: %s",
                                     TRUST_VARIABLE, strerror(-r));

        memcpy(trust->first, kept, FINGERPRINT_SIZE);
        trust->pinned = true;
        return 1;
}

static int by_first_use(const struct question *q) {
        struct trust *trust = q->trust;

        if (!trust->pinned) {
                int r = read_first(q);

                if (r < 0)
                        return r;
        }

        trust->first_use = true;
        trust->tls.way = trust->pinned ? TLS_FINGERPRINT : TLS_ANY;
        memcpy(trust->tls.fingerprint, trust->first, FINGERPRINT_SIZE);
        return 1;
}

static const struct {
        const char *name;
        int (*decide)(const struct question *q);
} ways[] = {
        {"fingerprint", by_fingerprint},
        {"ca", by_authority},
        {"first-use", by_first_use},
};

static int ask_way(const struct question *q, const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(ways); i++)
                if (streq(ways[i].name, name))
                        return ways[i].decide(q);

        return 0; /* the plan's parser lets no other pass */
}

/* What the agent shows of itself is read whenever it may be asked for. */
static int read_own_certificate(const struct question *q) {
        for (char **name = q->plan->bmc_credentials; *name; name++)
                if (streq(*name, "certificate") && !q->trust->tls.certificate) {
                        int r = read_pem(q, TRUST_CERTIFICATE, tls_read_certificate);

                        return MIN(r, 0);
                }

        return 0;
}

int trust_decide(struct trust *trust, const struct plan *plan, const struct trust_roots *roots,
                 const struct ipmi_list *ipmi, struct wait *w, bool settle) {
        const struct question q = {trust, plan, roots, ipmi, w, settle};
        int r;

        if (trust->decided)
                return 1;

        free(TAKE_PTR(trust->problem));
        trust->error = -ENOKEY;
        trust->first_use = false;
        r = read_own_certificate(&q);
        if (r < 0)
                return r;

        for (char **way = plan->bmc_trust; *way; way++) {
                r = ask_way(&q, *way);
                if (r == -EINPROGRESS)
                        return 0;
                if (r != 0) {
                        trust->decided = r > 0;
                        return r;
                }
        }

        if (!trust->problem)
                explain_error(&trust->problem, 0,
                              "the plan has no way to trust the BMC's certificate (bmc.trust)");
        return trust->error;
}

void trust_expect(struct trust *trust, const struct plan *plan, const char *name,
                  const struct ip_address *address) {
        trust->tls.any_name = plan->bmc_name && streq(plan->bmc_name, "*");
        trust->tls.name = plan->bmc_name ?: name;
        trust->tls.address = *address;
}

void trust_accept(struct trust *trust, const struct trust_roots *roots) {
        int r;

        if (!trust->first_use || trust->pinned)
                return;

        memcpy(trust->first, trust->tls.seen, FINGERPRINT_SIZE);
        memcpy(trust->tls.fingerprint, trust->tls.seen, FINGERPRINT_SIZE);
        trust->tls.way = TLS_FINGERPRINT;
        trust->pinned = trust->fresh = true;

        r = efi_variable_write(roots->efi, TRUST_VARIABLE, trust->first, FINGERPRINT_SIZE);
        trust->why_this_boot = r < 0 ? strerror(-r) : NULL;
}

void trust_doubt(struct trust *trust) {
        trust->decided = false;
        trust->ipmi = NULL;
}

const char *trust_text(const struct trust *trust) {
        if (trust->first_use)
                return trust->fresh ? "certificate trusted on first use"
                                    : "certificate is that of the first use";
        if (trust->tls.way == TLS_AUTHORITY)
                return "certificate signed by an authority in the image";

        return "certificate matches the fingerprint from IPMI";
}

char *trust_warning(const struct trust *trust) {
        char hex[2 * FINGERPRINT_SIZE + 1];

        if (trust->first_use && trust->fresh) {
                hex_encode(trust->first, FINGERPRINT_SIZE, hex);
                return strprintf("nothing vouches for the BMC's certificate: it is trusted on first use "
                                 "(bmc.trust), and no other %s%s; SHA-256 %s",
                                 trust->why_this_boot ? "during this boot, since it cannot be kept: "
                                                      : "from now on",
                                 trust->why_this_boot ?: "", hex);
        }
        if (trust->tls.way == TLS_AUTHORITY && trust->tls.any_name)
                return strdup("whom the BMC's certificate is for is not checked (bmc.name = *)");

        return NULL;
}
