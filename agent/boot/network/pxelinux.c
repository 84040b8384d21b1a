/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "boot/bls.h"
#include "boot/conf-reader.h"
#include "pxelinux.h"

#define LABELS_MAX 512U

/* Bits of SYSAPPEND. */
#define SYSAPPEND_IP     0x1U
#define SYSAPPEND_BOOTIF 0x2U

struct label {
        char *name, *title, *kernel, *initrds, *append;
        const char *obstacle; /* why it is no Linux */
        bool local;           /* it starts what is on the disk */
        uint64_t sysappend;
};

struct config {
        struct label *labels;
        size_t n_labels;
        char *append; /* for labels without their own */
        uint64_t sysappend;
        char *default_name, *timeout_name, *menu_name; /* by DEFAULT, ONTIMEOUT, MENU DEFAULT */
};

static void label_done(struct label *label) {
        free(label->name);
        free(label->title);
        free(label->kernel);
        free(label->initrds);
        free(label->append);
}

static void config_done(struct config *config) {
        for (size_t i = 0; i < config->n_labels; i++)
                label_done(&config->labels[i]);
        free(config->labels);
        free(config->append);
        free(config->default_name);
        free(config->timeout_name);
        free(config->menu_name);
}

/* Splits the first word off value, in place. Returns what follows it. */
static char *split_word(char *value) {
        char *rest = value + strcspn(value, " \t");

        if (*rest) {
                *rest++ = 0;
                rest += strspn(rest, " \t");
        }

        return rest;
}

static int config_add_label(struct config *config, const char *name, char **ret_reason) {
        struct label *larger;

        if (!*name)
                return explain_error(ret_reason, -EBADMSG, "it has a label without a name");
        if (config->n_labels == LABELS_MAX)
                return explain_error(ret_reason, -EBADMSG, "it has more than %u labels", LABELS_MAX);

        larger = reallocarray(config->labels, config->n_labels + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        config->labels = larger;

        larger[config->n_labels] = (struct label){.sysappend = config->sysappend, .name = strdup(name)};
        if (!larger[config->n_labels].name)
                return -ENOMEM;

        config->n_labels++;
        return 0;
}

/* What KERNEL names may be anything that PXELINUX can start, told apart by its suffix. */
static const char *kernel_obstacle(const char *path) {
        static const struct {
                const char *suffix, *obstacle;
        } kinds[] = {
                {".c32", "it is a module of PXELINUX"},
                {".com", "it is a program for DOS"},
                {".cbt", "it is a program for DOS"},
                {".0", "it is another boot loader"},
                {".bs", "it is a boot sector"},
                {".bin", "it is a boot sector"},
                {".bss", "it is a boot sector"},
                {".img", "it is the image of a diskette"},
                {".efi", "it is a program for the firmware"},
        };
        size_t length = strlen(path);

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                size_t n = strlen(kinds[i].suffix);

                if (length > n && strcasecmp(path + length - n, kinds[i].suffix) == 0)
                        return kinds[i].obstacle;
        }

        return NULL;
}

/* "MENU LABEL ^Install": the letter behind the caret is a key. */
static int set_title(struct label *label, const char *value) {
        char *p;
        int r;

        r = conf_replace(&label->title, value);
        if (r < 0)
                return r;

        p = strchr(label->title, '^');
        if (p)
                memmove(p, p + 1, strlen(p));
        return 0;
}

static int apply_menu(struct config *config, struct label *label, char *value) {
        char *rest = split_word(value);

        if (label && strcasecmp(value, "label") == 0)
                return set_title(label, rest);
        if (label && strcasecmp(value, "default") == 0)
                return conf_replace(&config->menu_name, label->name);

        return 0;
}

/* Keys that belong to a label. Returns 1 when key is one of them, 0, -ENOMEM. */
static int apply_to_label(struct label *label, const char *key, const char *value) {
        static const char *const others[] = {"boot",  "bss",     "pxe",    "fdimage",
                                             "com32", "comboot", "config", NULL};
        int r = 0;

        if (strcasecmp(key, "linux") == 0)
                r = conf_replace(&label->kernel, value);
        else if (strcasecmp(key, "kernel") == 0) {
                r = conf_replace(&label->kernel, value);
                label->obstacle = kernel_obstacle(value);
        } else if (strcasecmp(key, "initrd") == 0)
                r = conf_replace(&label->initrds, value);
        else if (strcasecmp(key, "localboot") == 0)
                label->local = true;
        else {
                for (size_t i = 0; others[i]; i++)
                        if (strcasecmp(key, others[i]) == 0) {
                                label->obstacle = "it is no Linux";
                                return 1;
                        }
                return 0;
        }

        return r < 0 ? r : 1;
}

static int apply_sysappend(uint64_t *field, const char *value, char **ret_reason) {
        return parse_u64(value, field) < 0
                       ? explain_error(ret_reason, -EBADMSG, "its SYSAPPEND \"%s\" is no number", value)
                       : 0;
}

static int apply(struct config *config, const struct pxelinux_host *host, const char *key, char *value,
                 char **ret_reason) {
        struct label *label = config->n_labels > 0 ? &config->labels[config->n_labels - 1] : NULL;
        int r;

        if (strcasecmp(key, "label") == 0)
                return config_add_label(config, value, ret_reason);
        /* A key without a value says nothing. */
        if (!*value && strcasecmp(key, "localboot") != 0)
                return 0;
        if (strcasecmp(key, "menu") == 0)
                return apply_menu(config, label, value);
        if (strcasecmp(key, "append") == 0)
                return conf_replace(label ? &label->append : &config->append, value);
        if (strcasecmp(key, "ipappend") == 0 || strcasecmp(key, "sysappend") == 0)
                return apply_sysappend(label ? &label->sysappend : &config->sysappend, value, ret_reason);
        if (strcasecmp(key, "ontimeout") == 0)
                return conf_replace(&config->timeout_name, value);
        if (strcasecmp(key, "default") == 0) {
                split_word(value);
                return conf_replace(&config->default_name, value);
        }
        if (strcasecmp(key, "include") == 0) {
                boot_log(host->log, host->userdata, "WARNING",
                         "%s: what it includes, %s, is left out: only one file is read", host->place, value);
                return 0;
        }

        r = label ? apply_to_label(label, key, value) : 0;
        return MIN(r, 0);
}

static int config_read(struct config *config, const char *text, size_t size, const struct pxelinux_host *host,
                       char **ret_reason) {
        struct conf_reader reader = CONF_READER(text, size);
        bool in_text = false;
        char *key, *value;
        int r;

        if (size > PXELINUX_FILE_MAX)
                return explain_error(ret_reason, -EBADMSG, "it is larger than %s",
                                     FORMAT_BYTES(PXELINUX_FILE_MAX));

        while ((r = conf_reader_next(&reader, &key, &value, ret_reason)) > 0) {
                if (in_text || strcasecmp(key, "text") == 0) {
                        in_text = strcasecmp(key, "endtext") != 0;
                        continue;
                }

                r = apply(config, host, key, value, ret_reason);
                if (r < 0)
                        return r;
        }

        return r;
}

/* Appends the names in list, with commas between. */
static int add_initrds(struct boot_entry *entry, const char *list, size_t length, size_t *n) {
        const char *end = list + length;

        while (list < end && *n < BLS_INITRDS_MAX) {
                const char *comma = memchr(list, ',', (size_t) (end - list)) ?: end;

                if (comma > list) {
                        char **larger = reallocarray(entry->initrds, *n + 2, sizeof(char *));

                        if (!larger)
                                return -ENOMEM;
                        entry->initrds = larger;

                        larger[*n + 1] = NULL;
                        larger[*n] = strndup(list, (size_t) (comma - list));
                        if (!larger[*n])
                                return -ENOMEM;
                        (*n)++;
                }
                list = comma + 1;
        }

        return 0;
}

/* PXELINUX loads what "initrd=" on the command line names, and leaves it standing there. */
static int find_initrds(struct boot_entry *entry, const struct label *label) {
        const char *word = entry->options;
        size_t n = 0;
        int r = 0;

        if (label->initrds)
                r = add_initrds(entry, label->initrds, strlen(label->initrds), &n);

        while (word && r >= 0) {
                const char *value;
                size_t length;

                word += strspn(word, " \t");
                length = strcspn(word, " \t");
                if (length == 0)
                        break;

                value = startswith(word, "initrd=");
                if (value)
                        r = add_initrds(entry, value, length - STRLEN("initrd="), &n);
                word += length;
        }

        return r;
}

static char *make_options(const struct config *config, const struct label *label,
                          const struct pxelinux_host *host) {
        const char *append = label->append ?: config->append ?: "";
        bool ip = host->ip && label->sysappend & SYSAPPEND_IP,
             bootif = host->bootif && label->sysappend & SYSAPPEND_BOOTIF;

        /* "APPEND -" is no append at all, not even the one for all labels. */
        if (streq(append, "-"))
                append = "";

        return strprintf("%s%s%s%s%s", append, *append && ip ? " " : "", ip ? host->ip : "",
                         (*append || ip) && bootif ? " " : "", bootif ? host->bootif : "");
}

static bool is_default(const struct config *config, size_t i) {
        const char *name = config->timeout_name ?: config->menu_name ?: config->default_name;

        return name ? strcasecmp(config->labels[i].name, name) == 0 : i == 0;
}

static int add_entry(const struct config *config, size_t i, const struct pxelinux_host *host,
                     struct boot_entries *entries) {
        _cleanup_(boot_entry_freep) struct boot_entry *entry = NULL;
        const struct label *label = &config->labels[i];
        int r;

        entry = calloc(1, sizeof(*entry));
        if (!entry)
                return -ENOMEM;

        entry->tries_left = BOOT_TRIES_UNCOUNTED;
        entry->is_default = is_default(config, i);
        entry->id = strdup(label->name);
        entry->title = label->title ? strdup(label->title) : NULL;
        entry->linux_path = strdup(label->kernel);
        entry->options = make_options(config, label, host);
        if (!entry->id || (label->title && !entry->title) || !entry->linux_path || !entry->options)
                return -ENOMEM;

        r = find_initrds(entry, label);
        if (r < 0)
                return r;

        r = boot_entries_add(entries, entry);
        if (r < 0)
                return r;

        TAKE_PTR(entry);
        return 0;
}

bool pxelinux_recognize(const char *text, size_t size) {
        static const char *const keys[] = {"label", "default", "ontimeout", "prompt", "menu", "include"};
        struct conf_reader reader = CONF_READER(text, size);
        _cleanup_free_ char *reason = NULL;
        char *key, *value;

        while (conf_reader_next(&reader, &key, &value, &reason) > 0)
                for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                        if (strcasecmp(key, keys[i]) == 0)
                                return true;

        return false;
}

int pxelinux_parse(const char *text, size_t size, const struct pxelinux_host *host,
                   struct boot_entries *entries, char **ret_reason) {
        _cleanup_(config_done) struct config config = {};
        int r;

        r = config_read(&config, text, size, host, ret_reason);
        if (r < 0)
                return r;

        if (config.n_labels == 0)
                return explain_error(ret_reason, -EBADMSG, "it has no label");

        for (size_t i = 0; i < config.n_labels; i++) {
                const struct label *label = &config.labels[i];
                const char *obstacle = label->local      ? "it starts what is on the machine's own disk"
                                       : label->obstacle ? label->obstacle
                                       : label->kernel   ? NULL
                                                         : "it has no kernel";

                if (obstacle) {
                        boot_log(host->log, host->userdata, "INFO", "%s: the label %s is left out: %s",
                                 host->place, label->name, obstacle);
                        continue;
                }

                r = add_entry(&config, i, host, entries);
                if (r < 0)
                        return r;
        }

        return 0;
}
