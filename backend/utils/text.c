#include "backend/utils/text.h"

#include "backend/utils/assert.h"
#include "backend/utils/dtoa.h"

#include <stdarg.h>
#include <stdlib.h>

/* --- s1_str -------------------------------------------------------------------------------- */

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

bool s1_str_eq_nocase(s1_str a, s1_str b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i])) {
            return false;
        }
    }
    return true;
}

int s1_str_cmp(s1_str a, s1_str b)
{
    const size_t common = a.len < b.len ? a.len : b.len;
    const int order = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

bool s1_str_starts_with(s1_str text, s1_str prefix)
{
    return text.len >= prefix.len && s1_str_eq((s1_str){text.ptr, prefix.len}, prefix);
}

bool s1_str_ends_with(s1_str text, s1_str suffix)
{
    return text.len >= suffix.len &&
           s1_str_eq(s1_str_slice(text, text.len - suffix.len, text.len), suffix);
}

size_t s1_str_find_byte(s1_str text, char byte, size_t from)
{
    if (from >= text.len) {
        return S1_STR_NPOS;
    }
    const char *const found = memchr(text.ptr + from, byte, text.len - from);
    return found != NULL ? (size_t)(found - text.ptr) : S1_STR_NPOS;
}

size_t s1_str_find(s1_str text, s1_str needle, size_t from)
{
    for (size_t at = from; at <= text.len && needle.len <= text.len - at; at++) {
        if (s1_str_eq(s1_str_slice(text, at, at + needle.len), needle)) {
            return at;
        }
    }
    return S1_STR_NPOS;
}

size_t s1_str_rfind_byte(s1_str text, char byte)
{
    for (size_t at = text.len; at > 0; at--) {
        if (text.ptr[at - 1] == byte) {
            return at - 1;
        }
    }
    return S1_STR_NPOS;
}

s1_str s1_str_slice(s1_str text, size_t from, size_t to)
{
    const size_t end = to < text.len ? to : text.len;
    const size_t start = from < end ? from : end;
    return (s1_str){text.ptr != NULL ? text.ptr + start : NULL, end - start};
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

s1_str s1_str_trim(s1_str text)
{
    while (text.len > 0 && is_space(text.ptr[text.len - 1])) {
        text.len--;
    }
    while (text.len > 0 && is_space(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    return text;
}

bool s1_str_split(s1_str *rest, char separator, s1_str *ret_part, bool *is_done)
{
    if (*is_done) {
        return false;
    }
    const size_t at = s1_str_find_byte(*rest, separator, 0);
    if (at == S1_STR_NPOS) {
        *ret_part = *rest;
        *rest = s1_str_slice(*rest, rest->len, rest->len);
        *is_done = true;
    } else {
        *ret_part = s1_str_slice(*rest, 0, at);
        *rest = s1_str_slice(*rest, at + 1, rest->len);
    }
    return true;
}

static s1_str without_slashes(s1_str path)
{
    while (path.len > 1 && path.ptr[path.len - 1] == '/') {
        path.len--;
    }
    return path;
}

s1_str s1_str_basename(s1_str path)
{
    const s1_str bare = without_slashes(path);
    const size_t slash = s1_str_rfind_byte(bare, '/');
    return slash == S1_STR_NPOS || bare.len == 1 ? bare : s1_str_slice(bare, slash + 1, bare.len);
}

s1_str s1_str_dirname(s1_str path)
{
    const s1_str bare = without_slashes(path);
    const size_t slash = s1_str_rfind_byte(bare, '/');
    if (slash == S1_STR_NPOS) {
        return S1_STR(".");
    }
    return without_slashes(s1_str_slice(bare, 0, slash > 0 ? slash : 1));
}

/* Bytes of the well-formed UTF-8 sequence at `at`, or 0. */
static size_t utf8_sequence(const unsigned char *at, size_t left)
{
    const unsigned char lead = at[0];
    if (lead < 0x80) {
        return 1;
    }
    const size_t len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || left < len) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0u) != 0x80u) {
            return 0;
        }
    }
    const bool is_bad = (lead == 0xe0 && at[1] < 0xa0) || (lead == 0xed && at[1] > 0x9f) ||
                        (lead == 0xf0 && at[1] < 0x90) || (lead == 0xf4 && at[1] > 0x8f);
    return is_bad ? 0 : len;
}

size_t s1_str_utf8_at(s1_str text, size_t at)
{
    return at < text.len ? utf8_sequence((const unsigned char *)text.ptr + at, text.len - at) : 0;
}

bool s1_str_is_utf8(s1_str text)
{
    size_t at = 0;
    while (at < text.len) {
        const size_t len = s1_str_utf8_at(text, at);
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}

char *s1_str_dup(s1_str text)
{
    char *const copy = text.len < SIZE_MAX ? malloc(text.len + 1) : NULL;
    if (copy != NULL) {
        if (text.len > 0) {
            memcpy(copy, text.ptr, text.len);
        }
        copy[text.len] = '\0';
    }
    return copy;
}

/* --- Numbers out of text ------------------------------------------------------------------- */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static s1_str shown(s1_str text)
{
    return s1_str_slice(text, 0, 64);
}

static s1_rc parse_magnitude(s1_str digits, s1_str whole, const char *expected, uint64_t *ret_value,
                             s1_err *err)
{
    uint64_t value = 0;
    bool overflows = false;
    for (size_t i = 0; i < digits.len; i++) {
        if (!is_digit(digits.ptr[i])) {
            digits.len = 0;
            break;
        }
        overflows |= __builtin_mul_overflow(value, 10u, &value) ||
                     __builtin_add_overflow(value, (unsigned)(digits.ptr[i] - '0'), &value);
    }
    if (digits.len == 0) {
        return S1_RAISE(err, S1_E_INVALID, "found '%.*s', expected %s", S1_STR_ARG(shown(whole)),
                        expected);
    }
    if (overflows) {
        return S1_RAISE(err, S1_E_RANGE, "found '%.*s', which exceeds 64 bits",
                        S1_STR_ARG(shown(whole)));
    }
    *ret_value = value;
    return S1_OK;
}

s1_rc s1_str_parse_u64(s1_str text, uint64_t *ret_value, s1_err *err)
{
    return parse_magnitude(text, text, "a whole number of 0 or more", ret_value, err);
}

s1_rc s1_str_parse_i64(s1_str text, int64_t *ret_value, s1_err *err)
{
    const bool has_sign = text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+');
    const bool is_negative = has_sign && text.ptr[0] == '-';
    uint64_t magnitude;
    S1_TRY(err, parse_magnitude(s1_str_slice(text, has_sign ? 1 : 0, text.len), text,
                                "a whole number", &magnitude, err));
    if (magnitude > (uint64_t)INT64_MAX + is_negative) {
        return S1_RAISE(err, S1_E_RANGE, "found '%.*s', which exceeds 64 bits",
                        S1_STR_ARG(shown(text)));
    }
    *ret_value = (int64_t)(is_negative ? 0 - magnitude : magnitude);
    return S1_OK;
}

s1_rc s1_str_parse_bool(s1_str text, bool *ret_value, s1_err *err)
{
    const bool is_true = s1_str_eq_nocase(text, S1_STR("true"));
    if (!is_true && !s1_str_eq_nocase(text, S1_STR("false"))) {
        return S1_RAISE(err, S1_E_INVALID, "found '%.*s', expected true or false",
                        S1_STR_ARG(shown(text)));
    }
    *ret_value = is_true;
    return S1_OK;
}

#define DOUBLE_TEXT_BYTES_MAX 1024u

/* A number's parts: 0.d1d2d3... has the value `digits` (leading zeros dropped) * 10^exponent. */
typedef struct number_parts {
    char digits[DOUBLE_TEXT_BYTES_MAX];
    size_t count;
    int exponent; /* of the last digit */
    bool is_negative;
} number_parts;

static void add_digit(number_parts *parts, char digit)
{
    if (parts->count > 0 || digit != '0') {
        parts->digits[parts->count++] = digit;
    }
}

/* False if the text is not a number. The exponent is held within +-100000: far beyond any double.
 */
static bool split_number(s1_str text, number_parts *parts)
{
    size_t at = 0;
    size_t seen = 0;
    parts->count = 0;
    parts->exponent = 0;
    parts->is_negative = text.len > 0 && text.ptr[0] == '-';
    if (text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+')) {
        at++;
    }
    for (; at < text.len && is_digit(text.ptr[at]); at++, seen++) {
        add_digit(parts, text.ptr[at]);
    }
    if (at < text.len && text.ptr[at] == '.') {
        for (at++; at < text.len && is_digit(text.ptr[at]); at++, seen++) {
            add_digit(parts, text.ptr[at]);
            parts->exponent--;
        }
    }
    if (seen == 0) {
        return false;
    }
    if (at < text.len && lower(text.ptr[at]) == 'e') {
        at++;
        const bool is_minus = at < text.len && text.ptr[at] == '-';
        if (at < text.len && (text.ptr[at] == '-' || text.ptr[at] == '+')) {
            at++;
        }
        if (at == text.len) {
            return false;
        }
        int power = 0;
        for (; at < text.len && is_digit(text.ptr[at]); at++) {
            power = power < 100000 ? power * 10 + (text.ptr[at] - '0') : power;
        }
        parts->exponent += is_minus ? -power : power;
    }
    while (parts->count > 0 && parts->digits[parts->count - 1] == '0') {
        parts->count--;
        parts->exponent++;
    }
    return at == text.len;
}

/* A natural number for the rare text that 128 bits cannot decide. 1024 digits times 10^309, or
 * 2^1128 times 5^1400: below 2^5120. */
#define BIG_LIMBS 160u
typedef struct big {
    uint32_t limbs[BIG_LIMBS]; /* lowest first */
    size_t count;
} big;

static void big_multiply_add(big *number, uint32_t factor, uint32_t addend)
{
    uint64_t carry = addend;
    for (size_t i = 0; i < number->count; i++) {
        carry += (uint64_t)number->limbs[i] * factor;
        number->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0) {
        S1_ASSERT(number->count < BIG_LIMBS);
        number->limbs[number->count++] = (uint32_t)carry;
    }
}

static void big_scale(big *number, uint32_t factor, int times)
{
    for (int i = 0; i < times; i++) {
        big_multiply_add(number, factor, 0);
    }
}

static int big_compare(const big *a, const big *b)
{
    if (a->count != b->count) {
        return a->count > b->count ? 1 : -1;
    }
    for (size_t i = a->count; i > 0; i--) {
        if (a->limbs[i - 1] != b->limbs[i - 1]) {
            return a->limbs[i - 1] > b->limbs[i - 1] ? 1 : -1;
        }
    }
    return 0;
}

/* The exact decimal against the middle between `low` and the next double: rounds to it or up. */
static double decide(const number_parts *parts, double low)
{
    uint64_t bits;
    memcpy(&bits, &low, sizeof bits);
    const uint64_t fraction = bits & 0xfffffffffffffULL;
    const int biased = (int)(bits >> 52);
    const uint64_t mantissa = biased != 0 ? fraction | 1ULL << 52 : fraction;
    const uint64_t middle = 2 * mantissa + 1; /* times 2^power */
    const int power = (biased != 0 ? biased : 1) - 1076;
    big exact = {.count = 0};
    big half = {.limbs = {(uint32_t)middle, (uint32_t)(middle >> 32)}, .count = 2};
    while (half.count > 0 && half.limbs[half.count - 1] == 0) {
        half.count--;
    }
    for (size_t i = 0; i < parts->count; i++) {
        big_multiply_add(&exact, 10, (uint32_t)(parts->digits[i] - '0'));
    }
    /* Both sides times 10^-exponent (where negative) and 2^-power: integers, as 5^n and 2^n. */
    const int tens = parts->exponent;
    const int twos = tens - power; /* of the exact side over the other */
    big_scale(tens >= 0 ? &exact : &half, 5, tens >= 0 ? tens : -tens);
    big_scale(twos >= 0 ? &exact : &half, 2, twos >= 0 ? twos : -twos);
    const int order = big_compare(&exact, &half);
    if (order > 0 || (order == 0 && (mantissa & 1u) != 0)) {
        bits++;
    }
    memcpy(&low, &bits, sizeof low);
    return low;
}

s1_rc s1_str_parse_double(s1_str text, double *ret_value, s1_err *err)
{
    number_parts parts;
    if (text.len > DOUBLE_TEXT_BYTES_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "found a number of %zu bytes, expected at most %u",
                        text.len, DOUBLE_TEXT_BYTES_MAX);
    }
    if (!split_number(text, &parts)) {
        return S1_RAISE(err, S1_E_INVALID, "found '%.*s', expected a number",
                        S1_STR_ARG(shown(text)));
    }
    const size_t used = parts.count < 19 ? parts.count : 19;
    uint64_t digits = 0;
    for (size_t i = 0; i < used; i++) {
        digits = digits * 10 + (uint64_t)(parts.digits[i] - '0');
    }
    const int exponent = parts.exponent + (int)(parts.count - used);
    const bool is_truncated = parts.count > used;
    double value;
    if (!s1_double_from_decimal(digits, exponent, is_truncated, &value)) {
        double low = 0.0;
        const bool is_decided = s1_double_from_decimal(digits, exponent, false, &low);
        S1_ASSERT(is_decided);
        value = decide(&parts, low);
    }
    if (value > 1.7976931348623157e308) {
        return S1_RAISE(err, S1_E_RANGE, "found '%.*s', which exceeds a double",
                        S1_STR_ARG(shown(text)));
    }
    *ret_value = parts.is_negative ? -value : value;
    return S1_OK;
}

/* --- Nearest name -------------------------------------------------------------------------- */

#define DISTANCE_BYTES_MAX 64u

size_t s1_str_distance(s1_str a, s1_str b)
{
    if (a.len > DISTANCE_BYTES_MAX || b.len > DISTANCE_BYTES_MAX) {
        return SIZE_MAX;
    }
    /* Optimal string alignment: three rows of the table are enough. */
    size_t rows[3][DISTANCE_BYTES_MAX + 1];
    size_t *before = rows[0], *previous = rows[1], *current = rows[2];
    for (size_t j = 0; j <= b.len; j++) {
        before[j] = previous[j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        current[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            const char x = lower(a.ptr[i - 1]), y = lower(b.ptr[j - 1]);
            size_t best = previous[j - 1] + (x != y);
            best = previous[j] + 1 < best ? previous[j] + 1 : best;
            best = current[j - 1] + 1 < best ? current[j - 1] + 1 : best;
            if (i > 1 && j > 1 && x == lower(b.ptr[j - 2]) && y == lower(a.ptr[i - 2]) &&
                before[j - 2] + 1 < best) {
                best = before[j - 2] + 1;
            }
            current[j] = best;
        }
        size_t *const oldest = before;
        before = previous;
        previous = current;
        current = oldest;
    }
    return previous[b.len];
}

ptrdiff_t s1_str_nearest(s1_str text, const s1_str *candidates, size_t count)
{
    ptrdiff_t nearest = -1;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        const size_t longer = candidates[i].len > text.len ? candidates[i].len : text.len;
        const size_t limit = longer / 3 > 1 ? longer / 3 : 1;
        const size_t distance = s1_str_distance(text, candidates[i]);
        if (distance <= limit && distance < longer && distance < least) {
            least = distance;
            nearest = (ptrdiff_t)i;
        }
    }
    return nearest;
}

/* --- s1_strbuf ----------------------------------------------------------------------------- */

void s1_strbuf_init(s1_strbuf *buf, size_t max_bytes)
{
    *buf = (s1_strbuf){.max_bytes = max_bytes};
}

void s1_strbuf_done(s1_strbuf *buf)
{
    free(buf->data);
    *buf = (s1_strbuf){.max_bytes = buf->max_bytes};
}

void s1_strbuf_truncate(s1_strbuf *buf, size_t len)
{
    S1_ASSERT(len <= buf->len);
    buf->len = len;
}

s1_rc s1_strbuf_check(const s1_strbuf *buf, s1_err *err)
{
    if (buf->has_failed) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "text would grow past %zu bytes", buf->max_bytes);
    }
    return S1_OK;
}

bool s1_strbuf_grow(s1_strbuf *buf, size_t more)
{
    if (buf->has_failed) {
        return false;
    }
    if (buf->data != NULL && more <= buf->capacity - buf->len) {
        return true;
    }
    if (buf->len > buf->max_bytes || more > buf->max_bytes - buf->len) {
        buf->has_failed = true;
        return false;
    }
    const size_t needed = buf->len + more;
    size_t capacity = buf->capacity < 128 ? 128 : buf->capacity;
    while (capacity < needed && capacity <= SIZE_MAX / 2) {
        capacity *= 2;
    }
    if (capacity > buf->max_bytes) {
        capacity = buf->max_bytes;
    }
    /* A byte more than counted, for the NUL of s1_strbuf_cstr. */
    char *const data = capacity >= needed ? realloc(buf->data, capacity + 1) : NULL;
    if (data == NULL) {
        buf->has_failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

void s1_strbuf_u64(s1_strbuf *buf, uint64_t value)
{
    char *const to = s1_strbuf_reserve(buf, 20);
    if (to != NULL) {
        buf->len += s1_dec_internal_digits(to, value);
    }
}

void s1_strbuf_i64(s1_strbuf *buf, int64_t value)
{
    char *to = s1_strbuf_reserve(buf, 21);
    if (to == NULL) {
        return;
    }
    if (value < 0) {
        *to++ = '-';
        buf->len++;
    }
    buf->len += s1_dec_internal_digits(to, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void s1_strbuf_double(s1_strbuf *buf, double value)
{
    char *const to = s1_strbuf_reserve(buf, S1_DOUBLE_TEXT_MAX);
    if (to != NULL) {
        buf->len += s1_double_print(value, to);
    }
}

void s1_strbuf_csv(s1_strbuf *buf, s1_str text)
{
    bool is_quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        is_quoted = is_quoted || c == ',' || c == '"' || c == '\n' || c == '\r';
    }
    if (!is_quoted) {
        s1_strbuf_str(buf, text);
        return;
    }
    s1_strbuf_char(buf, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"') {
            s1_strbuf_char(buf, '"');
        }
        s1_strbuf_char(buf, text.ptr[i]);
    }
    s1_strbuf_char(buf, '"');
}

void s1_strbuf_repeat(s1_strbuf *buf, char byte, size_t count)
{
    char *const to = s1_strbuf_reserve(buf, count);
    if (to != NULL && count > 0) {
        memset(to, byte, count);
        buf->len += count;
    }
}

void s1_strbuf_printf(s1_strbuf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char small[256];
    const int needed = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (needed < 0) {
        buf->has_failed = true;
    } else if ((size_t)needed < sizeof small) {
        s1_strbuf_bytes(buf, small, (size_t)needed);
    } else {
        char *const to = s1_strbuf_reserve(buf, (size_t)needed + 1); /* vsnprintf adds a NUL */
        if (to != NULL) {
            buf->len += (size_t)vsnprintf(to, (size_t)needed + 1, format, again);
        }
    }
    va_end(again);
}

const char *s1_strbuf_cstr(s1_strbuf *buf)
{
    if (buf->has_failed || buf->data == NULL) {
        return "";
    }
    buf->data[buf->len] = '\0';
    return buf->data;
}

char *s1_strbuf_take(s1_strbuf *buf)
{
    if (buf->has_failed || s1_strbuf_reserve(buf, 0) == NULL) {
        return NULL;
    }
    char *const text = buf->data;
    text[buf->len] = '\0';
    *buf = (s1_strbuf){.max_bytes = buf->max_bytes};
    return text;
}
