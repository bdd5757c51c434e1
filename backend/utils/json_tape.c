#include "backend/utils/json_tape.h"

#include "backend/utils/assert.h"
#include "backend/utils/dtoa.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"

/* Reads a value of the recording. */
#define TAKE(at, value)                                                                            \
    do {                                                                                           \
        memcpy(&(value), (at), sizeof(value));                                                     \
        (at) += sizeof(value);                                                                     \
    } while (0)

static inline s1_str take_bytes(const uint8_t **at)
{
    uint32_t length;
    TAKE(*at, length);
    const s1_str bytes = {(const char *)*at, length};
    *at += length;
    return bytes;
}

static inline char *put_plain(char *to, const char *text, size_t length)
{
    *to++ = '"';
    s1_copy_short(to, text, length);
    to += length;
    *to++ = '"';
    return to;
}

/* A text that may need escapes, by way of the buffer the cursor `to` runs in. */
static char *put_text(char *to, s1_str text, s1_strbuf *buf)
{
    buf->len = (size_t)(to - buf->data);
    s1_json_quote(buf, text);
    return buf->data + buf->len;
}

static inline char *put_literal(char *to, const char *text, size_t length)
{
    memcpy(to, text, length);
    return to + length;
}

/* The last doubles worded. A decision says the few numbers of its bar over and over, in conditions
 * and as context; to word one costs ten times what copying it does. */
#define SEEN_MAX 4u
typedef struct seen_doubles {
    uint32_t count; /* ever put; the newest SEEN_MAX are here */
    uint8_t lengths[SEEN_MAX];
    uint64_t bits[SEEN_MAX];
    char texts[SEEN_MAX][S1_DOUBLE_TEXT_MAX];
} seen_doubles;

static char *put_double(char *to, double value, seen_doubles *seen)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (uint32_t i = 0; i < SEEN_MAX && i < seen->count; i++) {
        if (seen->bits[i] == bits) {
            s1_copy_short(to, seen->texts[i], seen->lengths[i]);
            return to + seen->lengths[i];
        }
    }
    const uint32_t at = seen->count++ % SEEN_MAX;
    const size_t length = s1_double_print(value, to);
    seen->bits[at] = bits;
    seen->lengths[at] = (uint8_t)length;
    s1_copy_short(seen->texts[at], to, length);
    return to + length;
}

/* Words the value of `op`, which stands at *at; its room is there. */
static char *put_value(uint8_t op, const uint8_t **at, char *to, s1_strbuf *buf, seen_doubles *seen)
{
    union {
        const char *name;
        uint64_t number;
        double real;
        s1_dec decimal;
        s1_uid uid;
        s1_nanos time;
    } value;
    switch (op) {
    case S1_TAPE_NAME:
        TAKE(*at, value.name);
        return value.name != NULL ? put_plain(to, value.name, strlen(value.name))
                                  : put_literal(to, "null", 4);
    case S1_TAPE_TEXT:
        return put_text(to, take_bytes(at), buf);
    case S1_TAPE_RAW: {
        const s1_str json = take_bytes(at);
        return put_literal(to, json.ptr, json.len);
    }
    case S1_TAPE_U64:
        TAKE(*at, value.number);
        return to + s1_dec_internal_digits(to, value.number);
    case S1_TAPE_TRUE:
        return put_literal(to, "true", 4);
    case S1_TAPE_FALSE:
        return put_literal(to, "false", 5);
    case S1_TAPE_DOUBLE:
        TAKE(*at, value.real);
        return put_double(to, value.real, seen);
    case S1_TAPE_DECIMAL:
        TAKE(*at, value.decimal);
        *to++ = '"';
        to += s1_dec_print(value.decimal, to);
        break;
    case S1_TAPE_UID:
        TAKE(*at, value.uid);
        if (s1_uid_is_none(value.uid)) {
            return put_literal(to, "null", 4);
        }
        *to++ = '"';
        to += s1_uid_print(value.uid, to);
        break;
    default:
        S1_ASSERT(op == S1_TAPE_TIME);
        TAKE(*at, value.time);
        *to++ = '"';
        to += s1_time_print(value.time, to);
        break;
    }
    *to++ = '"';
    return to;
}

void s1_tape_play(const uint8_t *recording, size_t length, s1_strbuf *buf)
{
    char *to = s1_strbuf_reserve(buf, S1_TAPE_TEXT_RATIO * length);
    if (to == NULL) {
        return;
    }
    const uint8_t *at = recording;
    const uint8_t *const end = recording + length;
    seen_doubles seen;
    seen.count = 0;
    bool follows = false; /* something on this level: a comma goes before the next */
    while (at < end) {
        const uint8_t op = *at++;
        if (op == S1_TAPE_OBJECT_END || op == S1_TAPE_ARRAY_END) {
            *to++ = op == S1_TAPE_OBJECT_END ? '}' : ']';
            follows = true;
            continue;
        }
        *to = ',';
        to += follows;
        follows = false;
        switch (op) {
        case S1_TAPE_OBJECT:
            *to++ = '{';
            break;
        case S1_TAPE_ARRAY:
            *to++ = '[';
            break;
        case S1_TAPE_KEY: {
            const size_t name_length = *at++;
            const char *name;
            TAKE(at, name);
            to = put_plain(to, name, name_length);
            *to++ = ':';
            break;
        }
        case S1_TAPE_KEY_TEXT:
            to = put_text(to, take_bytes(&at), buf);
            *to++ = ':';
            break;
        default:
            to = put_value(op, &at, to, buf, &seen);
            follows = true;
            break;
        }
    }
    S1_ASSERT(at == end);
    buf->len = (size_t)(to - buf->data);
}
