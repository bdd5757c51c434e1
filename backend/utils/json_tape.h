/* backend/utils/json_tape.h - JSON that is said now and worded later, perhaps on another thread.
 *
 * A tape records the calls one would make on an s1_json_writer (json_writer.h), each as a byte that
 * tells what it is and the value as it lies in memory; s1_tape_play words them. Recording
 * costs a copy of the value, wording it is left to whoever plays.
 *
 * The memory is the caller's and does not grow. A call that finds no room sets has_failed, records
 * nothing, and the recording is worth nothing: check once, at the end. A key comes before each
 * member of an object, and what is opened is closed, as with the writer.
 */
#ifndef S1_UTILS_JSON_TAPE_H
#define S1_UTILS_JSON_TAPE_H

#include "backend/utils/json_writer.h"
#include "s1mple/base.h"
#include "s1mple/decimal.h"

#include <string.h>

enum s1_tape_op {
    S1_TAPE_OBJECT = 1,
    S1_TAPE_OBJECT_END,
    S1_TAPE_ARRAY,
    S1_TAPE_ARRAY_END,
    S1_TAPE_KEY,      /* u8 length, pointer: text of the program */
    S1_TAPE_KEY_TEXT, /* u32 length, bytes */
    S1_TAPE_NAME,     /* pointer: NUL-terminated text of the program, or NULL */
    S1_TAPE_TEXT,     /* u32 length, bytes */
    S1_TAPE_RAW,      /* u32 length, bytes that are JSON */
    S1_TAPE_U64,
    S1_TAPE_TRUE,
    S1_TAPE_FALSE,
    S1_TAPE_DOUBLE,
    S1_TAPE_DECIMAL,
    S1_TAPE_UID,
    S1_TAPE_TIME
};

/* No recording becomes more text than this times its bytes: a control byte in a text is the worst,
 * \u0001. Keys of the program may be S1_TAPE_KEY_MAX long. */
#define S1_TAPE_TEXT_RATIO 6u
#define S1_TAPE_KEY_MAX    50u

typedef struct s1_tape {
    uint8_t *data; /* borrowed */
    size_t length, capacity;
    bool has_failed;
} s1_tape;

/* Appends the text of a recording that s1_tape functions made, without blanks. `buf` must have, or
 * get, room for S1_TAPE_TEXT_RATIO times its length; else it has failed and is as before. */
void s1_tape_play(const uint8_t *recording, size_t length, s1_strbuf *buf);

/* Where the next `bytes` bytes go; NULL if there is no room. */
static inline uint8_t *s1_tape_room(s1_tape *tape, size_t bytes)
{
    if (__builtin_expect(tape->capacity - tape->length < bytes, 0)) {
        tape->has_failed = true;
        return NULL;
    }
    uint8_t *const to = tape->data + tape->length;
    tape->length += bytes;
    return to;
}

static inline void s1_tape_put(s1_tape *tape, enum s1_tape_op op)
{
    uint8_t *const to = s1_tape_room(tape, 1);
    if (to != NULL) {
        *to = (uint8_t)op;
    }
}

static inline void s1_tape_put_value(s1_tape *tape, enum s1_tape_op op, const void *value,
                                     size_t size)
{
    uint8_t *const to = s1_tape_room(tape, 1 + size);
    if (to != NULL) {
        to[0] = (uint8_t)op;
        memcpy(to + 1, value, size);
    }
}

static inline void s1_tape_put_bytes(s1_tape *tape, enum s1_tape_op op, s1_str bytes)
{
    uint8_t *const to = s1_tape_room(tape, 5 + bytes.len);
    if (to != NULL) {
        const uint32_t length = (uint32_t)bytes.len;
        to[0] = (uint8_t)op;
        memcpy(to + 1, &length, sizeof length);
        if (bytes.len > 0) {
            memcpy(to + 5, bytes.ptr, bytes.len);
        }
    }
}

static inline void s1_tape_object(s1_tape *tape)
{
    s1_tape_put(tape, S1_TAPE_OBJECT);
}

static inline void s1_tape_object_end(s1_tape *tape)
{
    s1_tape_put(tape, S1_TAPE_OBJECT_END);
}

static inline void s1_tape_array(s1_tape *tape)
{
    s1_tape_put(tape, S1_TAPE_ARRAY);
}

static inline void s1_tape_array_end(s1_tape *tape)
{
    s1_tape_put(tape, S1_TAPE_ARRAY_END);
}

/* A key that needs no escape and lives as long as the program. */
static inline void s1_tape_key_static(s1_tape *tape, const char *name, size_t length)
{
    uint8_t *const to = s1_tape_room(tape, 2 + sizeof name);
    if (to != NULL) {
        to[0] = S1_TAPE_KEY;
        to[1] = (uint8_t)length;
        memcpy(to + 2, &name, sizeof name);
    }
}

#define s1_tape_key_lit(tape, literal)                                                             \
    do {                                                                                           \
        _Static_assert(sizeof(literal) - 1 <= S1_TAPE_KEY_MAX, "a shorter key");                   \
        s1_tape_key_static((tape), (literal), sizeof(literal) - 1);                                \
    } while (0)

/* Any key; copied. */
static inline void s1_tape_key(s1_tape *tape, s1_str name)
{
    s1_tape_put_bytes(tape, S1_TAPE_KEY_TEXT, name);
}

/* A text that lives as long as the program, at most S1_TAPE_KEY_MAX bytes without escapes, as the
 * name of an enum value does; NULL is null. */
static inline void s1_tape_name(s1_tape *tape, const char *name)
{
    s1_tape_put_value(tape, S1_TAPE_NAME, &name, sizeof name);
}

/* Any text; copied. */
static inline void s1_tape_str(s1_tape *tape, s1_str text)
{
    s1_tape_put_bytes(tape, S1_TAPE_TEXT, text);
}

/* Where the caller copies `length` bytes of JSON to, one value; NULL if there is no room. */
static inline char *s1_tape_raw(s1_tape *tape, size_t length)
{
    uint8_t *const to = s1_tape_room(tape, 5 + length);
    if (to == NULL) {
        return NULL;
    }
    const uint32_t stored = (uint32_t)length;
    to[0] = S1_TAPE_RAW;
    memcpy(to + 1, &stored, sizeof stored);
    return (char *)to + 5;
}

static inline void s1_tape_u64(s1_tape *tape, uint64_t value)
{
    s1_tape_put_value(tape, S1_TAPE_U64, &value, sizeof value);
}

static inline void s1_tape_bool(s1_tape *tape, bool value)
{
    s1_tape_put(tape, value ? S1_TAPE_TRUE : S1_TAPE_FALSE);
}

static inline void s1_tape_double(s1_tape *tape, double value)
{
    s1_tape_put_value(tape, S1_TAPE_DOUBLE, &value, sizeof value);
}

static inline void s1_tape_dec(s1_tape *tape, s1_dec value)
{
    s1_tape_put_value(tape, S1_TAPE_DECIMAL, &value, sizeof value);
}

static inline void s1_tape_uid(s1_tape *tape, s1_uid uid)
{
    s1_tape_put_value(tape, S1_TAPE_UID, &uid, sizeof uid);
}

static inline void s1_tape_time(s1_tape *tape, s1_nanos time)
{
    s1_tape_put_value(tape, S1_TAPE_TIME, &time, sizeof time);
}

#endif /* S1_UTILS_JSON_TAPE_H */
