#include "backend/utils/json_writer.h"

#include "backend/utils/assert.h"
#include "backend/utils/dtoa.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"

void s1_json_init(s1_json_writer *writer, s1_strbuf *buf, uint32_t indent)
{
    *writer = (s1_json_writer){.buf = buf, .indent = indent};
}

static void new_line(s1_json_writer *writer)
{
    s1_strbuf_char(writer->buf, '\n');
    s1_strbuf_repeat(writer->buf, ' ', (size_t)writer->indent * writer->depth);
}

/* The comma and the line before a member of the innermost level. */
static inline void separate(s1_json_writer *writer)
{
    const uint64_t bit = 1ULL << writer->depth;
    if ((writer->has_member & bit) != 0) {
        s1_strbuf_char(writer->buf, ',');
    }
    writer->has_member |= bit;
    if (writer->indent != 0 && writer->depth > 0) {
        new_line(writer);
    }
}

static inline void begin_value(s1_json_writer *writer)
{
    if (writer->after_key) {
        writer->after_key = false;
        return;
    }
    S1_ASSERT((writer->in_object >> writer->depth & 1u) == 0); /* a member needs a key */
    separate(writer);
}

static void open_level(s1_json_writer *writer, char byte, bool is_object)
{
    begin_value(writer);
    S1_ASSERT(writer->depth < S1_JSON_DEPTH_MAX);
    s1_strbuf_char(writer->buf, byte);
    writer->depth++;
    const uint64_t bit = 1ULL << writer->depth;
    writer->has_member &= ~bit;
    writer->in_object = is_object ? writer->in_object | bit : writer->in_object & ~bit;
}

static void close_level(s1_json_writer *writer, char byte, bool is_object)
{
    S1_ASSERT(writer->depth > 0 && !writer->after_key);
    S1_ASSERT(((writer->in_object >> writer->depth & 1u) != 0) == is_object);
    const bool has_member = (writer->has_member >> writer->depth & 1u) != 0;
    writer->depth--;
    if (writer->indent != 0 && has_member) {
        new_line(writer);
    }
    s1_strbuf_char(writer->buf, byte);
}

void s1_json_object(s1_json_writer *writer)
{
    open_level(writer, '{', true);
}

void s1_json_object_end(s1_json_writer *writer)
{
    close_level(writer, '}', true);
}

void s1_json_array(s1_json_writer *writer)
{
    open_level(writer, '[', false);
}

void s1_json_array_end(s1_json_writer *writer)
{
    close_level(writer, ']', false);
}

static inline void begin_key(s1_json_writer *writer)
{
    S1_ASSERT((writer->in_object >> writer->depth & 1u) != 0 && !writer->after_key);
    separate(writer);
    writer->after_key = true;
}

static inline void end_key(s1_json_writer *writer)
{
    if (writer->indent != 0) {
        s1_strbuf_lit(writer->buf, ": ");
    } else {
        s1_strbuf_char(writer->buf, ':');
    }
}

void s1_json_key(s1_json_writer *writer, s1_str name)
{
    begin_key(writer);
    s1_json_quote(writer->buf, name);
    end_key(writer);
}

/* Quotes around text that needs no escape. */
static inline void quote_plain(s1_strbuf *buf, const char *text, size_t len)
{
    char *const to = s1_strbuf_reserve(buf, len + 2);
    if (to != NULL) {
        to[0] = '"';
        s1_copy_short(to + 1, text, len);
        to[len + 1] = '"';
        s1_strbuf_commit(buf, len + 2);
    }
}

void s1_json_key_raw(s1_json_writer *writer, const char *name, size_t len)
{
    if (writer->indent != 0) {
        begin_key(writer);
        quote_plain(writer->buf, name, len);
        end_key(writer);
        return;
    }
    S1_ASSERT((writer->in_object >> writer->depth & 1u) != 0 && !writer->after_key);
    const uint64_t bit = 1ULL << writer->depth;
    char *const start = s1_strbuf_reserve(writer->buf, len + 4);
    if (start != NULL) { /* ,"name": in one go */
        char *to = start;
        *to = ',';
        to += (writer->has_member & bit) != 0;
        *to++ = '"';
        s1_copy_short(to, name, len);
        to += len;
        *to++ = '"';
        *to++ = ':';
        s1_strbuf_commit(writer->buf, (size_t)(to - start));
    }
    writer->has_member |= bit;
    writer->after_key = true;
}

/* True if all 8 bytes stand for themselves inside a JSON string: printable ASCII but " and \. */
static inline bool is_plain_word(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101ULL, tops = 0x8080808080808080ULL;
    const uint64_t quote = word ^ (ones * '"');
    const uint64_t slash = word ^ (ones * '\\');
    const uint64_t hits = ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) |
                          ((slash - ones) & ~slash) | word;
    return (hits & tops) == 0;
}

static inline bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* Number of plain bytes from `at` on. */
static size_t plain_run(s1_str text, size_t at)
{
    const size_t start = at;
    while (text.len - at >= 8) {
        uint64_t word;
        memcpy(&word, text.ptr + at, sizeof word);
        if (!is_plain_word(word)) {
            break;
        }
        at += 8;
    }
    while (at < text.len && is_plain((unsigned char)text.ptr[at])) {
        at++;
    }
    return at - start;
}

static void escape_control(s1_strbuf *buf, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    char escape[6] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15u]};
    static const char letters[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    if (byte < sizeof letters && letters[byte] != 0) {
        escape[1] = letters[byte];
        s1_strbuf_bytes(buf, escape, 2);
    } else {
        s1_strbuf_bytes(buf, escape, sizeof escape);
    }
}

void s1_json_quote(s1_strbuf *buf, s1_str text)
{
    size_t run = plain_run(text, 0);
    if (__builtin_expect(run == text.len, 1)) {
        quote_plain(buf, text.ptr, text.len);
        return;
    }
    s1_strbuf_char(buf, '"');
    for (size_t at = 0; at < text.len; run = plain_run(text, at)) {
        s1_strbuf_bytes(buf, text.ptr + at, run);
        at += run;
        if (at == text.len) {
            break;
        }
        const unsigned char byte = (unsigned char)text.ptr[at];
        if (byte < 0x20) {
            escape_control(buf, byte);
            at++;
        } else if (byte < 0x80) { /* " or \ */
            s1_strbuf_char(buf, '\\');
            s1_strbuf_char(buf, (char)byte);
            at++;
        } else {
            const size_t len = s1_str_utf8_at(text, at);
            if (len > 0) {
                s1_strbuf_bytes(buf, text.ptr + at, len);
            } else {
                s1_strbuf_lit(buf, "\xef\xbf\xbd"); /* U+FFFD */
            }
            at += len > 0 ? len : 1;
        }
    }
    s1_strbuf_char(buf, '"');
}

void s1_json_str(s1_json_writer *writer, s1_str text)
{
    begin_value(writer);
    s1_json_quote(writer->buf, text);
}

void s1_json_cstr(s1_json_writer *writer, const char *text)
{
    if (text == NULL) {
        s1_json_null(writer);
    } else {
        s1_json_str(writer, s1_str_of(text));
    }
}

void s1_json_i64(s1_json_writer *writer, int64_t value)
{
    begin_value(writer);
    s1_strbuf_i64(writer->buf, value);
}

void s1_json_u64(s1_json_writer *writer, uint64_t value)
{
    begin_value(writer);
    s1_strbuf_u64(writer->buf, value);
}

void s1_json_bool(s1_json_writer *writer, bool value)
{
    begin_value(writer);
    s1_strbuf_str(writer->buf, value ? S1_STR("true") : S1_STR("false"));
}

void s1_json_null(s1_json_writer *writer)
{
    begin_value(writer);
    s1_strbuf_lit(writer->buf, "null");
}

void s1_json_double(s1_json_writer *writer, double value)
{
    begin_value(writer);
    s1_strbuf_double(writer->buf, value);
}

void s1_json_dec(s1_json_writer *writer, s1_dec value)
{
    begin_value(writer);
    char *const to = s1_strbuf_reserve(writer->buf, S1_DEC_TEXT_MAX + 2);
    if (to != NULL) {
        to[0] = '"';
        const size_t len = s1_dec_print(value, to + 1);
        to[len + 1] = '"';
        s1_strbuf_commit(writer->buf, len + 2);
    }
}

void s1_json_uid(s1_json_writer *writer, s1_uid uid)
{
    if (s1_uid_is_none(uid)) {
        s1_json_null(writer);
        return;
    }
    begin_value(writer);
    char *const to = s1_strbuf_reserve(writer->buf, S1_UID_TEXT_MAX + 2);
    if (to != NULL) {
        to[0] = '"';
        const size_t len = s1_uid_print(uid, to + 1);
        to[len + 1] = '"';
        s1_strbuf_commit(writer->buf, len + 2);
    }
}

void s1_json_time(s1_json_writer *writer, s1_nanos time)
{
    begin_value(writer);
    char *const to = s1_strbuf_reserve(writer->buf, S1_TIME_TEXT_MAX + 2);
    if (to != NULL) {
        to[0] = '"';
        const size_t len = s1_time_print(time, to + 1);
        to[len + 1] = '"';
        s1_strbuf_commit(writer->buf, len + 2);
    }
}

void s1_json_raw(s1_json_writer *writer, s1_str json)
{
    begin_value(writer);
    s1_strbuf_str(writer->buf, json);
}
