#include "backend/utils/json_pull.h"

enum pull_state {
    WANT_VALUE = 1,    /* of the document, of a member, or behind a comma of an array */
    WANT_ITEM_OR_END,  /* behind [ */
    WANT_KEY,          /* behind a comma of an object */
    WANT_KEY_OR_END,   /* behind { */
    WANT_COMMA_OR_END, /* behind a value inside something */
    WANT_END_OF_TEXT,
};

void s1_json_pull_init(s1_json_pull *pull, s1_str text)
{
    *pull = (s1_json_pull){.start = text.ptr,
                           .at = text.ptr,
                           .end = text.ptr != NULL ? text.ptr + text.len : text.ptr,
                           .state = WANT_VALUE};
}

size_t s1_json_pull_offset(const s1_json_pull *pull)
{
    return (size_t)(pull->at - pull->start);
}

static enum s1_json_token bad(s1_json_pull *p)
{
    p->is_bad = true;
    return S1_JSON_BAD;
}

static void skip_blanks(s1_json_pull *p)
{
    while (p->at < p->end &&
           (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r')) {
        p->at++;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* At the opening quote; ends behind the closing one. */
static bool read_string(s1_json_pull *p, s1_str *ret_text)
{
    const char *const start = ++p->at;
    while (p->at < p->end && *p->at != '"') {
        if ((unsigned char)*p->at < 0x20) {
            return false;
        }
        if (*p->at++ != '\\') {
            continue;
        }
        if (p->at == p->end || strchr("\"\\/bfnrtu", *p->at) == NULL || *p->at == '\0') {
            return false;
        }
        if (*p->at++ == 'u') {
            for (int i = 0; i < 4; i++, p->at++) {
                if (p->at == p->end || !is_hex(*p->at)) {
                    return false;
                }
            }
        }
    }
    if (p->at == p->end) {
        return false;
    }
    *ret_text = (s1_str){start, (size_t)(p->at - start)};
    p->at++;
    return s1_str_is_utf8(*ret_text);
}

static bool read_digits(s1_json_pull *p)
{
    const char *const start = p->at;
    while (p->at < p->end && is_digit(*p->at)) {
        p->at++;
    }
    return p->at > start;
}

static bool read_number(s1_json_pull *p, s1_str *ret_text)
{
    const char *const start = p->at;
    p->at += *p->at == '-' ? 1 : 0;
    const bool is_zero = p->at < p->end && *p->at == '0';
    if (!read_digits(p) || (is_zero && p->at - start > 1 + (*start == '-' ? 1 : 0))) {
        return false;
    }
    if (p->at < p->end && *p->at == '.') {
        p->at++;
        if (!read_digits(p)) {
            return false;
        }
    }
    if (p->at < p->end && (*p->at == 'e' || *p->at == 'E')) {
        p->at++;
        p->at += p->at < p->end && (*p->at == '+' || *p->at == '-') ? 1 : 0;
        if (!read_digits(p)) {
            return false;
        }
    }
    *ret_text = (s1_str){start, (size_t)(p->at - start)};
    return true;
}

static bool read_word(s1_json_pull *p, s1_str word)
{
    if ((size_t)(p->end - p->at) < word.len || memcmp(p->at, word.ptr, word.len) != 0) {
        return false;
    }
    p->at += word.len;
    return true;
}

static void end_value(s1_json_pull *p)
{
    p->state = p->depth == 0 ? WANT_END_OF_TEXT : WANT_COMMA_OR_END;
}

static enum s1_json_token open_level(s1_json_pull *p, bool is_object)
{
    if (p->depth == S1_JSON_PULL_DEPTH_MAX) {
        return bad(p);
    }
    p->at++;
    p->depth++;
    const uint64_t bit = 1ULL << p->depth;
    p->in_object = is_object ? p->in_object | bit : p->in_object & ~bit;
    p->state = is_object ? WANT_KEY_OR_END : WANT_ITEM_OR_END;
    return is_object ? S1_JSON_OBJECT : S1_JSON_ARRAY;
}

static enum s1_json_token close_level(s1_json_pull *p)
{
    const bool is_object = (p->in_object >> p->depth & 1) != 0;
    if (*p->at != (is_object ? '}' : ']')) {
        return bad(p);
    }
    p->at++;
    p->depth--;
    end_value(p);
    return is_object ? S1_JSON_OBJECT_END : S1_JSON_ARRAY_END;
}

static enum s1_json_token read_value(s1_json_pull *p, s1_str *ret_text)
{
    enum s1_json_token token = S1_JSON_BAD;
    bool is_read;
    switch (*p->at) {
    case '{':
        return open_level(p, true);
    case '[':
        return open_level(p, false);
    case '"':
        token = S1_JSON_STRING;
        is_read = read_string(p, ret_text);
        break;
    case 't':
        token = S1_JSON_TRUE;
        is_read = read_word(p, S1_STR("true"));
        break;
    case 'f':
        token = S1_JSON_FALSE;
        is_read = read_word(p, S1_STR("false"));
        break;
    case 'n':
        token = S1_JSON_NULL;
        is_read = read_word(p, S1_STR("null"));
        break;
    default:
        token = S1_JSON_NUMBER;
        is_read = (*p->at == '-' || is_digit(*p->at)) && read_number(p, ret_text);
        break;
    }
    if (!is_read) {
        return bad(p);
    }
    end_value(p);
    return token;
}

static enum s1_json_token read_key(s1_json_pull *p, s1_str *ret_text)
{
    if (*p->at != '"' || !read_string(p, ret_text)) {
        return bad(p);
    }
    skip_blanks(p);
    if (p->at == p->end || *p->at != ':') {
        return bad(p);
    }
    p->at++;
    p->state = WANT_VALUE;
    return S1_JSON_KEY;
}

static enum s1_json_token next_token(s1_json_pull *p, s1_str *ret_text)
{
    skip_blanks(p);
    if (p->at == p->end) {
        return p->state == WANT_END_OF_TEXT ? S1_JSON_END : bad(p);
    }
    switch (p->state) {
    case WANT_VALUE:
        return read_value(p, ret_text);
    case WANT_ITEM_OR_END:
        return *p->at == ']' ? close_level(p) : read_value(p, ret_text);
    case WANT_KEY:
        return read_key(p, ret_text);
    case WANT_KEY_OR_END:
        return *p->at == '}' ? close_level(p) : read_key(p, ret_text);
    case WANT_COMMA_OR_END:
        if (*p->at != ',') {
            return close_level(p);
        }
        p->at++;
        p->state = (p->in_object >> p->depth & 1) != 0 ? WANT_KEY : WANT_VALUE;
        return next_token(p, ret_text); /* one level: neither state comes back here */
    default:
        return bad(p);
    }
}

enum s1_json_token s1_json_pull_next(s1_json_pull *pull, s1_str *ret_text)
{
    *ret_text = (s1_str){NULL, 0};
    return pull->is_bad ? S1_JSON_BAD : next_token(pull, ret_text);
}

bool s1_json_pull_leave(s1_json_pull *pull)
{
    const uint32_t outside = pull->depth - 1;
    s1_str text;
    while (pull->depth != outside) {
        if (s1_json_pull_next(pull, &text) == S1_JSON_BAD) {
            return false;
        }
    }
    return true;
}

bool s1_json_pull_skip(s1_json_pull *pull)
{
    s1_str text;
    const enum s1_json_token token = s1_json_pull_next(pull, &text);
    if (token == S1_JSON_OBJECT || token == S1_JSON_ARRAY) {
        return s1_json_pull_leave(pull);
    }
    return token == S1_JSON_NUMBER || token == S1_JSON_STRING || token == S1_JSON_TRUE ||
           token == S1_JSON_FALSE || token == S1_JSON_NULL;
}

/* --- Decimal numbers. --- */

#define DIGITS_MAX 18

bool s1_mantissa_parse(s1_str text, int64_t *ret_mantissa, uint32_t *ret_scale)
{
    const char *at = text.ptr;
    const char *const end = at + text.len;
    const bool is_negative = at < end && *at == '-';
    at += is_negative ? 1 : 0;
    int64_t value = 0;
    int64_t scale = 0;
    int64_t exponent = 0;
    int digits = 0; /* behind leading zeros */
    bool is_fraction = false, has_digit = false;
    for (; at < end && (is_digit(*at) || (*at == '.' && !is_fraction)); at++) {
        if (*at == '.') {
            is_fraction = true;
            continue;
        }
        has_digit = true;
        digits += digits > 0 || *at != '0' ? 1 : 0;
        scale += is_fraction ? 1 : 0;
        if (digits > DIGITS_MAX) {
            return false;
        }
        value = value * 10 + (*at - '0');
    }
    if (at < end && (*at == 'e' || *at == 'E') && has_digit) {
        at++;
        const bool is_down = at < end && *at == '-';
        at += at < end && (*at == '-' || *at == '+') ? 1 : 0;
        has_digit = at < end;
        for (; at < end && is_digit(*at) && exponent < 1000; at++) {
            exponent = exponent * 10 + (*at - '0');
        }
        scale -= is_down ? -exponent : exponent;
    }
    if (!has_digit || at != end || text.len == 0) {
        return false;
    }
    for (; scale < 0 && value != 0 && digits <= DIGITS_MAX; scale++, digits++) {
        value *= 10;
    }
    scale = value == 0 && scale < 0 ? 0 : scale;
    if (digits > DIGITS_MAX || scale < 0 || scale > DIGITS_MAX) {
        return false;
    }
    *ret_mantissa = is_negative ? -value : value;
    *ret_scale = (uint32_t)scale;
    return true;
}
