/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "fd.h"
#include "message.h"

/* A message is its length in four bytes, and a value: a letter, and what the letter asks for. Both ends are
 * the same program, so that numbers are in the order of bytes of the machine.
 *
 *   n t f    null, true, false
 *   i r      eight bytes, of an integer or a real number
 *   s        four bytes of length, so many bytes of UTF-8
 *   a        four bytes of count, so many values
 *   o        four bytes of count, so many members: a string without its letter, and a value
 */
#define LENGTH_SIZE sizeof(uint32_t)
#define DEPTH_MAX   64U

/* What a pipe holds. */
#define READ_SIZE ((size_t) 64 << 10)

struct writer {
        uint8_t *buffer;
        size_t size, allocated;
};

static void writer_done(struct writer *w) {
        free(w->buffer);
}

static int grow(uint8_t **buffer, size_t *allocated, size_t want) {
        size_t n = *allocated ?: 4096;
        uint8_t *larger;

        while (n < want)
                n *= 2;

        larger = realloc(*buffer, n);
        if (!larger)
                return -ENOMEM;

        *buffer = larger;
        *allocated = n;
        return 0;
}

static int put(struct writer *w, const void *bytes, size_t size) {
        if (size > w->allocated - w->size) {
                int r = grow(&w->buffer, &w->allocated, w->size + size);

                if (r < 0)
                        return r;
        }

        memcpy(w->buffer + w->size, bytes, size);
        w->size += size;
        return 0;
}

/* A letter and a number behind it. */
static int put_number(struct writer *w, char letter, const void *number, size_t size) {
        uint8_t bytes[1 + sizeof(uint64_t)] = {(uint8_t) letter};

        memcpy(bytes + 1, number, size);
        return put(w, bytes, 1 + size);
}

static int put_count(struct writer *w, char letter, size_t count) {
        uint32_t n = (uint32_t) count;

        return count > UINT32_MAX ? -EMSGSIZE : put_number(w, letter, &n, sizeof(n));
}

static int put_value(struct writer *w, const json_t *value, unsigned depth);

static int put_object(struct writer *w, const json_t *object, unsigned depth) {
        const char *key;
        json_t *member;
        int r;

        r = put_count(w, 'o', json_object_size(object));
        json_object_foreach((json_t *) object, key, member) {
                uint32_t length = (uint32_t) strlen(key);

                if (r >= 0)
                        r = put(w, &length, sizeof(length));
                if (r >= 0)
                        r = put(w, key, length);
                if (r >= 0)
                        r = put_value(w, member, depth + 1);
        }

        return r;
}

static int put_array(struct writer *w, const json_t *array, unsigned depth) {
        size_t n = json_array_size(array);
        int r;

        r = put_count(w, 'a', n);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = put_value(w, json_array_get(array, i), depth + 1);

        return r;
}

static int put_value(struct writer *w, const json_t *value, unsigned depth) {
        int64_t integer;
        double real;
        int r;

        if (depth > DEPTH_MAX)
                return -EBADMSG;

        switch (json_typeof(value)) {
        case JSON_NULL:
                return put(w, "n", 1);
        case JSON_TRUE:
                return put(w, "t", 1);
        case JSON_FALSE:
                return put(w, "f", 1);
        case JSON_INTEGER:
                integer = json_integer_value(value);
                return put_number(w, 'i', &integer, sizeof(integer));
        case JSON_REAL:
                real = json_real_value(value);
                return put_number(w, 'r', &real, sizeof(real));
        case JSON_STRING:
                r = put_count(w, 's', json_string_length(value));
                return r < 0 ? r : put(w, json_string_value(value), json_string_length(value));
        case JSON_ARRAY:
                return put_array(w, value, depth);
        case JSON_OBJECT:
                return put_object(w, value, depth);
        }

        return -EBADMSG;
}

int message_write(int fd, const json_t *value) {
        _cleanup_(writer_done) struct writer w = {};
        uint32_t length = 0;
        int r;

        r = put(&w, &length, LENGTH_SIZE);
        if (r >= 0)
                r = put_value(&w, value, 0);
        if (r < 0)
                return r;
        if (w.size - LENGTH_SIZE > UINT32_MAX)
                return -EMSGSIZE;

        length = (uint32_t) (w.size - LENGTH_SIZE);
        memcpy(w.buffer, &length, LENGTH_SIZE);
        return write_all(fd, w.buffer, w.size); /* one write() for all of it */
}

struct reader {
        const uint8_t *p;
        size_t left;
};

static const uint8_t *take(struct reader *reader, size_t size) {
        const uint8_t *p = reader->p;

        if (size > reader->left)
                return NULL;

        reader->p += size;
        reader->left -= size;
        return p;
}

static bool take_copy(struct reader *reader, void *to, size_t size) {
        const uint8_t *p = take(reader, size);

        if (p)
                memcpy(to, p, size);
        return p;
}

static const char *take_string(struct reader *reader, uint32_t *ret_length) {
        return take_copy(reader, ret_length, sizeof(*ret_length)) ? (const char *) take(reader, *ret_length)
                                                                  : NULL;
}

static json_t *take_value(struct reader *reader, unsigned depth);

static json_t *take_array(struct reader *reader, unsigned depth) {
        _cleanup_json_ json_t *array = json_array();
        uint32_t n;

        if (!take_copy(reader, &n, sizeof(n)))
                return NULL;

        for (; n > 0; n--)
                if (json_array_append_new(array, take_value(reader, depth + 1)) < 0)
                        return NULL;

        return TAKE_PTR(array);
}

static json_t *take_object(struct reader *reader, unsigned depth) {
        _cleanup_json_ json_t *object = json_object();
        uint32_t n;

        if (!take_copy(reader, &n, sizeof(n)))
                return NULL;

        for (uint32_t i = 0; i < n; i++) {
                uint32_t length;
                const char *key = take_string(reader, &length);

                if (!key || memchr(key, 0, length) ||
                    json_set_member(object, key, length, take_value(reader, depth + 1)) < 0)
                        return NULL;
        }

        /* Fewer: a key stood twice. */
        return json_object_size(object) == n ? TAKE_PTR(object) : NULL;
}

/* NULL: what comes is no value, or memory is short. */
static json_t *take_value(struct reader *reader, unsigned depth) {
        const uint8_t *letter = take(reader, 1);
        const char *text;
        uint32_t length;
        int64_t integer;
        double real;

        if (!letter || depth > DEPTH_MAX)
                return NULL;

        switch (*letter) {
        case 'n':
                return json_null();
        case 't':
                return json_true();
        case 'f':
                return json_false();
        case 'i':
                return take_copy(reader, &integer, sizeof(integer)) ? json_integer(integer) : NULL;
        case 'r':
                return take_copy(reader, &real, sizeof(real)) ? json_real(real) : NULL;
        case 's':
                text = take_string(reader, &length);
                return text ? json_string_of(text, length) : NULL;
        case 'a':
                return take_array(reader, depth);
        case 'o':
                return take_object(reader, depth);
        default:
                return NULL;
        }
}

int message_decode(const void *bytes, size_t size, json_t **ret) {
        struct reader reader = {.p = bytes, .left = size};
        json_t *value;

        value = take_value(&reader, 0);
        if (!value || reader.left > 0) {
                json_decref(value);
                return -EBADMSG;
        }

        *ret = value;
        return 0;
}

/* Hands on those that are complete, and moves the rest to the front. */
static int hand_on(struct messages *messages, size_t max, message_callback_t callback, void *userdata) {
        size_t start = 0;

        while (messages->size - start >= LENGTH_SIZE) {
                _cleanup_json_ json_t *message = NULL;
                uint32_t length;
                int r;

                memcpy(&length, messages->buffer + start, LENGTH_SIZE);
                if (length > max)
                        return -EMSGSIZE;
                if (messages->size - start - LENGTH_SIZE < length)
                        break;

                r = message_decode(messages->buffer + start + LENGTH_SIZE, length, &message);
                if (r >= 0)
                        r = callback(message, userdata);
                if (r < 0)
                        return r;
                start += LENGTH_SIZE + length;
        }

        messages->size -= start;
        memmove(messages->buffer, messages->buffer + start, messages->size);
        return 1;
}

int messages_read(struct messages *messages, int fd, size_t max, message_callback_t callback,
                  void *userdata) {
        ssize_t n;

        if (messages->allocated - messages->size < READ_SIZE) {
                int r = grow(&messages->buffer, &messages->allocated, messages->size + READ_SIZE);

                if (r < 0)
                        return r;
        }

        do
                n = read(fd, messages->buffer + messages->size, messages->allocated - messages->size);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        if (n == 0)
                return messages->size > 0 ? -EBADMSG : 0;

        messages->size += (size_t) n;
        return hand_on(messages, max, callback, userdata);
}

void messages_done(struct messages *messages) {
        free(messages->buffer);
        *messages = (struct messages){};
}
