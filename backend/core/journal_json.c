#include "backend/core/journal_json.h"

#include "backend/utils/text.h"

#include <string.h>

/* A place in the text being checked, and where its tokens are copied to. */
typedef struct cursor {
    const unsigned char *at, *end;
    char *out; /* NULL: only count */
    size_t written;
} cursor;

static void take(cursor *c, size_t count)
{
    if (c->out != NULL) {
        memcpy(c->out + c->written, c->at, count);
    }
    c->written += count;
    c->at += count;
}

static void skip_blanks(cursor *c)
{
    while (c->at < c->end &&
           (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r')) {
        c->at++;
    }
}

static bool take_char(cursor *c, unsigned char expected)
{
    if (c->at == c->end || *c->at != expected) {
        return false;
    }
    take(c, 1);
    return true;
}

static bool is_digit(unsigned char ch)
{
    return ch >= '0' && ch <= '9';
}

static bool is_hex(unsigned char ch)
{
    return is_digit(ch) || (ch >= 'a' && ch <= 'f') || (ch >= 'A' && ch <= 'F');
}

/* Length of the UTF-8 sequence at `at`; 0 if it is none (overlong, surrogate, beyond U+10FFFF). */
static size_t utf8_length(const unsigned char *at, const unsigned char *end)
{
    const unsigned char lead = *at;
    size_t length = 0;
    unsigned char low = 0x80, high = 0xbf; /* range of the second byte */
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        length = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        length = 3;
        low = lead == 0xe0 ? 0xa0 : low;
        high = lead == 0xed ? 0x9f : high;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        length = 4;
        low = lead == 0xf0 ? 0x90 : low;
        high = lead == 0xf4 ? 0x8f : high;
    }
    if (length == 0 || (size_t)(end - at) < length || at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

static size_t escape_length(const cursor *c)
{
    const size_t left = (size_t)(c->end - c->at);
    if (left < 2) {
        return 0;
    }
    if (c->at[1] != 'u') {
        return memchr("\"\\/bfnrt", c->at[1], 8) != NULL ? 2 : 0;
    }
    for (size_t i = 2; i < 6; i++) {
        if (i >= left || !is_hex(c->at[i])) {
            return 0;
        }
    }
    return 6;
}

static bool take_string(cursor *c)
{
    if (!take_char(c, '"')) {
        return false;
    }
    while (c->at < c->end && *c->at != '"') {
        if (*c->at < 0x20) {
            return false;
        }
        const size_t length = *c->at == '\\' ? escape_length(c) : utf8_length(c->at, c->end);
        if (length == 0) {
            return false;
        }
        take(c, length);
    }
    return take_char(c, '"');
}

/* Eats digits; how many there were. */
static size_t take_digits(cursor *c)
{
    const unsigned char *first = c->at;
    while (c->at < c->end && is_digit(*c->at)) {
        take(c, 1);
    }
    return (size_t)(c->at - first);
}

/* A whole number that int64 or uint64 holds, or one that a double holds: what any reader can take.
 */
static bool take_number(cursor *c)
{
    const unsigned char *first = c->at;
    (void)take_char(c, '-');
    const size_t digits = take_char(c, '0') ? 1 : take_digits(c);
    const bool has_fraction = digits > 0 && take_char(c, '.');
    if (digits == 0 || (has_fraction && take_digits(c) == 0)) {
        return false;
    }
    const bool has_exponent = take_char(c, 'e') || take_char(c, 'E');
    if (has_exponent) {
        if (!take_char(c, '+')) {
            (void)take_char(c, '-');
        }
        if (take_digits(c) == 0) {
            return false;
        }
    }
    if (digits <= 18 && !has_exponent) {
        return true;
    }
    const s1_str text = s1_str_make((const char *)first, (size_t)(c->at - first));
    if (has_fraction || has_exponent) {
        double value;
        return s1_str_parse_double(text, &value, NULL) == S1_OK;
    }
    uint64_t magnitude;
    int64_t value;
    return *first == '-' ? s1_str_parse_i64(text, &value, NULL) == S1_OK
                         : s1_str_parse_u64(text, &magnitude, NULL) == S1_OK;
}

static bool take_word(cursor *c, const char *word)
{
    const size_t length = strlen(word);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0) {
        return false;
    }
    take(c, length);
    return true;
}

static bool take_scalar(cursor *c)
{
    return c->at < c->end && *c->at == '"' ? take_string(c)
                                           : take_word(c, "true") || take_word(c, "false") ||
                                                 take_word(c, "null") || take_number(c);
}

/* The key and colon before a member's value. */
static bool take_key(cursor *c)
{
    skip_blanks(c);
    if (!take_string(c)) {
        return false;
    }
    skip_blanks(c);
    return take_char(c, ':');
}

/* One value with everything in it; `open` remembers the closing bracket of each level. */
static bool take_value(cursor *c)
{
    unsigned char open[S1_JOURNAL_JSON_DEPTH_MAX];
    size_t depth = 0;
    for (;;) {
        skip_blanks(c);
        const bool is_object = c->at < c->end && *c->at == '{';
        const bool is_container = is_object || (c->at < c->end && *c->at == '[');
        if (is_container) {
            if (depth == S1_JOURNAL_JSON_DEPTH_MAX) {
                return false;
            }
            open[depth++] = is_object ? '}' : ']';
            take(c, 1);
            skip_blanks(c);
            if (c->at == c->end || *c->at != open[depth - 1]) { /* not empty: its first value */
                if (is_object && !take_key(c)) {
                    return false;
                }
                continue;
            }
        } else if (!take_scalar(c)) {
            return false;
        }
        for (;;) { /* a value is complete: what closes, what follows */
            if (depth == 0) {
                return true;
            }
            skip_blanks(c);
            if (!take_char(c, open[depth - 1])) {
                break;
            }
            depth--;
        }
        if (!take_char(c, ',') || (open[depth - 1] == '}' && !take_key(c))) {
            return false;
        }
    }
}

size_t s1_journal_json_compact(s1_str text, char *ret_compact)
{
    if (text.len == 0) {
        return 0;
    }
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    cursor c = {bytes, bytes + text.len, ret_compact, 0};
    if (!take_value(&c)) {
        return 0;
    }
    skip_blanks(&c);
    return c.at == c.end ? c.written : 0;
}
