/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "fetch.h"

#define CONNECT_TIMEOUT 20L /* s */
#define SILENCE_TIMEOUT 30L /* s without a byte */
#define REDIRECTS_MAX   5L
#define TFTP_BLOCK_SIZE 1428L /* fits into an Ethernet frame, RFC 2348 */

#define SCHEMES "https,http,tftp"

/* What a transfer grows into, for curl's callback. */
struct sink {
        int fd;
        size_t size, max;
        bool full; /* as long as was asked for */
        int error;
};

static int initialize(void) {
        static bool initialized;

        if (!initialized && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return -ENOMEM;

        initialized = true;
        return 0;
}

static void curl_easy_cleanupp(CURL **easy) {
        curl_easy_cleanup(*easy);
}

static void curl_url_cleanupp(CURLU **url) {
        curl_url_cleanup(*url);
}

static size_t on_body(char *data, size_t one _unused_, size_t size, void *userdata) {
        struct sink *sink = userdata;
        size_t take = MIN(size, sink->max - sink->size);

        sink->error = write_all(sink->fd, data, take);
        if (sink->error < 0)
                return 0;

        sink->size += take;
        sink->full = take < size;
        return take;
}

static bool has_scheme(const char *uri, const char *scheme) {
        size_t length = strlen(scheme);

        return strncasecmp(uri, scheme, length) == 0 && strncmp(uri + length, "://", 3) == 0;
}

static bool can_be_fetched(const char *uri) {
        if (!has_scheme(uri, "https") && !has_scheme(uri, "http") && !has_scheme(uri, "tftp"))
                return false;

        for (const char *p = uri; *p; p++)
                if (*p <= ' ' || *p > '~')
                        return false;

        return true;
}

int fetch_resolve(const char *base, const char *reference, char **ret) {
        _cleanup_(curl_url_cleanupp) CURLU *url = NULL;
        _cleanup_free_ char *uri = NULL;
        char *resolved;

        url = curl_url();
        if (!url)
                return -ENOMEM;

        if (curl_url_set(url, CURLUPART_URL, base, CURLU_DISALLOW_USER) != CURLUE_OK ||
            curl_url_set(url, CURLUPART_URL, reference, CURLU_DISALLOW_USER) != CURLUE_OK ||
            curl_url_get(url, CURLUPART_URL, &resolved, 0) != CURLUE_OK)
                return -EINVAL;

        uri = strdup(resolved);
        curl_free(resolved);
        if (!uri)
                return -ENOMEM;
        if (!can_be_fetched(uri))
                return -EINVAL;

        *ret = TAKE_PTR(uri);
        return 0;
}

int fetch_normalize(const char *text, char **ret) {
        return can_be_fetched(text) ? fetch_resolve(text, text, ret) : -EINVAL;
}

static CURLcode set_up(CURL *easy, const struct fetch *fetch, const char *uri, struct sink *sink,
                       char *error) {
        _cleanup_free_ char *bind_to = NULL;
        bool secure = has_scheme(uri, "https");
        CURLcode c = CURLE_OK;

        /* "if!": the name of an interface, never of a host. */
        bind_to = strprintf("if!%s", fetch->interface);
        if (!bind_to)
                return CURLE_OUT_OF_MEMORY;

#define SET(option, value)                                                                                   \
        do {                                                                                                 \
                if (c == CURLE_OK)                                                                           \
                        c = curl_easy_setopt(easy, option, value);                                           \
        } while (false)

        /* The small libcurl lacks what is switched off here. */
        (void) curl_easy_setopt(easy, CURLOPT_PROXY, "");
        (void) curl_easy_setopt(easy, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);

        SET(CURLOPT_ERRORBUFFER, error);
        SET(CURLOPT_NOSIGNAL, 1L);
        SET(CURLOPT_URL, uri);
        SET(CURLOPT_PROTOCOLS_STR, SCHEMES);
        SET(CURLOPT_USERAGENT, "seatrial");
        SET(CURLOPT_INTERFACE, bind_to);
        SET(CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT);
        SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
        SET(CURLOPT_LOW_SPEED_TIME, SILENCE_TIMEOUT);
        SET(CURLOPT_TFTP_BLKSIZE, TFTP_BLOCK_SIZE);

        SET(CURLOPT_FAILONERROR, 1L);
        SET(CURLOPT_FOLLOWLOCATION, 1L);
        SET(CURLOPT_MAXREDIRS, REDIRECTS_MAX);
        /* What began with a server that is vouched for does not go on with one that is not. */
        SET(CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "https,http");

        SET(CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
        SET(CURLOPT_CAINFO, fetch->authorities);
        SET(CURLOPT_SSL_VERIFYPEER, 1L);
        SET(CURLOPT_SSL_VERIFYHOST, 2L);

        SET(CURLOPT_WRITEFUNCTION, on_body);
        SET(CURLOPT_WRITEDATA, sink);
#undef SET

        return c;
}

static int to_errno(CURLcode c, const struct sink *sink) {
        if (sink->error < 0)
                return sink->error == -ENOSPC ? -EFBIG : sink->error;

        switch (c) {
        case CURLE_OK:
                return 0;
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
                return -EINVAL;
        case CURLE_OPERATION_TIMEDOUT:
                return -ETIMEDOUT;
        case CURLE_COULDNT_RESOLVE_HOST:
                return -EHOSTUNREACH;
        case CURLE_COULDNT_CONNECT:
        case CURLE_INTERFACE_FAILED:
                return -ECONNREFUSED;
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
                return -EKEYREJECTED;
        case CURLE_HTTP_RETURNED_ERROR:
        case CURLE_TFTP_NOTFOUND:
                return -ENOENT;
        case CURLE_OUT_OF_MEMORY:
                return -ENOMEM;
        default:
                return -ECONNRESET;
        }
}

static int refuse_untrusted(char **ret_reason) {
        *ret_reason = strdup("nothing vouches for what comes by it, and the plan wants that "
                             "(production.trust = ca)");
        return -EKEYREJECTED;
}

int fetch_file(const struct fetch *fetch, const char *uri, size_t max, size_t *ret_size, char **ret_reason) {
        _cleanup_(curl_easy_cleanupp) CURL *easy = NULL;
        _cleanup_close_ int fd = -EBADF;
        char error[CURL_ERROR_SIZE] = "";
        struct sink sink;
        CURLcode c;
        int r;

        r = initialize();
        if (r < 0)
                return r;

        if (fetch->trusted_only && !has_scheme(uri, "https"))
                return refuse_untrusted(ret_reason);

        if (has_scheme(uri, "https") && access(fetch->authorities, R_OK) < 0) {
                *ret_reason = strprintf("the image has no certificate that vouches for servers (%s)",
                                        fetch->authorities);
                return -EKEYREJECTED;
        }

        fd = memfd_create("seatrial-fetched", MFD_CLOEXEC);
        if (fd < 0)
                return -errno;

        easy = curl_easy_init();
        if (!easy)
                return -ENOMEM;

        sink = (struct sink){.fd = fd, .max = max};
        c = set_up(easy, fetch, uri, &sink, error);
        if (c == CURLE_OK)
                c = curl_easy_perform(easy);
        if (c == CURLE_WRITE_ERROR && sink.full)
                c = CURLE_OK;

        r = to_errno(c, &sink);
        if (r < 0) {
                /* With TFTP, error is about the socket, whatever the server has said. */
                bool told = *error && !has_scheme(uri, "tftp");

                *ret_reason = sink.error < 0 ? strprintf("it cannot be kept in memory: %s", strerror(-r))
                                             : strdup(told ? error : curl_easy_strerror(c));
                return r;
        }

        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;

        *ret_size = sink.size;
        return TAKE_FD(fd);
}

int fetch_text(const struct fetch *fetch, const char *uri, size_t max, char **ret, size_t *ret_size,
               char **ret_reason) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        size_t size;
        ssize_t n;

        fd = fetch_file(fetch, uri, max, &size, ret_reason);
        if (fd < 0)
                return fd;

        text = malloc(size + 1);
        if (!text)
                return -ENOMEM;

        /* An anonymous file is read at once. */
        n = read(fd, text, size);
        if (n < 0 || (size_t) n != size)
                return n < 0 ? -errno : -EIO;

        text[size] = 0;
        *ret = TAKE_PTR(text);
        *ret_size = size;
        return 0;
}
