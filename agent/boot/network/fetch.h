/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch.h: files from servers, over HTTPS, HTTP and TFTP. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How files are fetched; all of it has to outlive that. */
struct fetch {
        const char *interface;   /* the network device that leads to the server: "eth0" */
        const char *authorities; /* the file with the certificates that vouch for HTTPS servers */
        bool trusted_only;       /* no file from a server that nothing vouches for */
};

/* Fetches what the URI names into a new anonymous file, read from its beginning by the next who reads it. It
 * waits for the server, and gives up on one that stays silent. Of what is longer than max bytes the beginning
 * is fetched. Returns the file's descriptor and sets *ret_size; -EFBIG for a file that does not fit into
 * memory, -EKEYREJECTED for a server that is not trusted, -ENOENT for a file that it does not have, -EINVAL
 * for a URI that is none, another negative errno, each with *ret_reason telling more (NULL: memory is short).
 */
int fetch_file(const struct fetch *fetch, const char *uri, size_t max, size_t *ret_size, char **ret_reason);

/* Fetches a short file, of which max bytes are enough, into a buffer with a NUL behind it. Returns as
 * fetch_file(), 0 for success. */
int fetch_text(const struct fetch *fetch, const char *uri, size_t max, char **ret, size_t *ret_size,
               char **ret_reason);

/* The URI in full, with at least a slash behind the server. Returns 0, -EINVAL when text is none with a
 * scheme that can be fetched, or holds a user's name, -ENOMEM. */
int fetch_normalize(const char *text, char **ret);

/* The same for what reference is, seen from the URI base (RFC 3986, section 5). */
int fetch_resolve(const char *base, const char *reference, char **ret);
