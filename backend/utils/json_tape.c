#include "backend/utils/json_tape.h"

#include "backend/utils/assert.h"

/* Reads the value of an op at `at` into `value` and passes it. */
#define TAKE(at, value)                                                                            \
    do {                                                                                           \
        memcpy(&(value), (at), sizeof(value));                                                     \
        (at) += sizeof(value);                                                                     \
    } while (0)

static s1_str take_bytes(const uint8_t **at)
{
    uint32_t length;
    TAKE(*at, length);
    const s1_str bytes = {(const char *)*at, length};
    *at += length;
    return bytes;
}

/* Makes the call whose value is at `at`; returns where the next op stands. */
static const uint8_t *play_value(uint8_t op, const uint8_t *at, s1_json_writer *writer)
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
        TAKE(at, value.name);
        s1_json_cstr(writer, value.name);
        break;
    case S1_TAPE_TEXT:
        s1_json_str(writer, take_bytes(&at));
        break;
    case S1_TAPE_RAW:
        s1_json_raw(writer, take_bytes(&at));
        break;
    case S1_TAPE_U64:
        TAKE(at, value.number);
        s1_json_u64(writer, value.number);
        break;
    case S1_TAPE_TRUE:
    case S1_TAPE_FALSE:
        s1_json_bool(writer, op == S1_TAPE_TRUE);
        break;
    case S1_TAPE_DOUBLE:
        TAKE(at, value.real);
        s1_json_double(writer, value.real);
        break;
    case S1_TAPE_DECIMAL:
        TAKE(at, value.decimal);
        s1_json_dec(writer, value.decimal);
        break;
    case S1_TAPE_UID:
        TAKE(at, value.uid);
        s1_json_uid(writer, value.uid);
        break;
    default:
        S1_ASSERT(op == S1_TAPE_TIME);
        TAKE(at, value.time);
        s1_json_time(writer, value.time);
        break;
    }
    return at;
}

void s1_tape_play(const uint8_t *recording, size_t length, s1_json_writer *writer)
{
    const uint8_t *at = recording;
    const uint8_t *const end = recording + length;
    while (at < end) {
        const uint8_t op = *at++;
        switch (op) {
        case S1_TAPE_OBJECT:
            s1_json_object(writer);
            break;
        case S1_TAPE_OBJECT_END:
            s1_json_object_end(writer);
            break;
        case S1_TAPE_ARRAY:
            s1_json_array(writer);
            break;
        case S1_TAPE_ARRAY_END:
            s1_json_array_end(writer);
            break;
        case S1_TAPE_KEY: {
            const size_t name_length = *at++;
            const char *name;
            TAKE(at, name);
            s1_json_key_raw(writer, name, name_length);
            break;
        }
        case S1_TAPE_KEY_TEXT:
            s1_json_key(writer, take_bytes(&at));
            break;
        default:
            at = play_value(op, at, writer);
            break;
        }
    }
    S1_ASSERT(at == end);
}
