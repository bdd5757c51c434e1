/* backend/utils/text.h - borrowed text and a growing buffer of it. Bytes are UTF-8 and opaque
 * here; no function asks the locale.
 */
#ifndef S1_UTILS_TEXT_H
#define S1_UTILS_TEXT_H

#include "s1mple/decimal.h"
#include "s1mple/error.h"

#include <string.h>

/* --- s1_str ------------------------------------------------------------------------------- */

/* Borrows a C string; NULL gives {NULL, 0}. */
static inline s1_str s1_str_of(const char *cstr)
{
    return (s1_str){cstr, cstr != NULL ? strlen(cstr) : 0};
}

static inline s1_str s1_str_make(const char *ptr, size_t len)
{
    return (s1_str){ptr, len};
}

static inline bool s1_str_eq(s1_str a, s1_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool s1_str_eq_cstr(s1_str a, const char *b)
{
    return s1_str_eq(a, s1_str_of(b));
}

/* ASCII letters compare without case. */
bool s1_str_eq_nocase(s1_str a, s1_str b);
/* Byte order, a prefix before the longer text: <0, 0, >0. */
int s1_str_cmp(s1_str a, s1_str b);
bool s1_str_starts_with(s1_str text, s1_str prefix);
bool s1_str_ends_with(s1_str text, s1_str suffix);

#define S1_STR_NPOS SIZE_MAX
/* Offset of the first `byte` (the first `needle`) at or behind `from`, or S1_STR_NPOS. */
size_t s1_str_find_byte(s1_str text, char byte, size_t from);
size_t s1_str_find(s1_str text, s1_str needle, size_t from);
/* Offset of the last `byte`, or S1_STR_NPOS. */
size_t s1_str_rfind_byte(s1_str text, char byte);

/* Bytes [from, to), both clamped to the text. */
s1_str s1_str_slice(s1_str text, size_t from, size_t to);
/* Without spaces, tabs, CR and LF at both ends. */
s1_str s1_str_trim(s1_str text);

/* Takes the part before the next `separator` off `rest`; false when nothing is left. "a,,b" gives
 * "a", "", "b"; "" gives one empty part; start with *is_done = false.
 *   for (bool is_done = false; s1_str_split(&rest, ',', &part, &is_done);) { ... } */
bool s1_str_split(s1_str *rest, char separator, s1_str *ret_part, bool *is_done);

/* The path's last component; the part before it ("." if there is none). */
s1_str s1_str_basename(s1_str path);
s1_str s1_str_dirname(s1_str path);

/* True if the bytes are well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong). */
bool s1_str_is_utf8(s1_str text);
/* Bytes of the well-formed sequence at offset `at`: 1..4, or 0 if there is none. */
size_t s1_str_utf8_at(s1_str text, size_t at);

/* A heap copy with a NUL behind it (free()), or NULL. */
S1_WARN_UNUSED char *s1_str_dup(s1_str text);

/* --- Numbers out of text ------------------------------------------------------------------ */

/* The whole text as a number: [+-]digits. Errors: S1_E_INVALID malformed, S1_E_RANGE too large. */
S1_WARN_UNUSED s1_rc s1_str_parse_i64(s1_str text, int64_t *ret_value, s1_err *err);
/* digits, no sign. */
S1_WARN_UNUSED s1_rc s1_str_parse_u64(s1_str text, uint64_t *ret_value, s1_err *err);
/* [+-]digits[.digits][(e|E)[+-]digits], also ".5" and "5."; correctly rounded whatever the locale
 * says; no hex, NaN or infinity. Errors: S1_E_INVALID malformed or over 1024 bytes, S1_E_RANGE
 * overflow. What is too small becomes a subnormal or zero, as IEEE rounds it. */
S1_WARN_UNUSED s1_rc s1_str_parse_double(s1_str text, double *ret_value, s1_err *err);
/* true, false (any case), the words yes, no, on, off are refused: S1_E_INVALID. */
S1_WARN_UNUSED s1_rc s1_str_parse_bool(s1_str text, bool *ret_value, s1_err *err);

/* --- Nearest name ------------------------------------------------------------------------- */

/* Steps (insert, delete, replace, swap of neighbours; ASCII case counts nothing) from a to b.
 * Texts over 64 bytes give SIZE_MAX. */
size_t s1_str_distance(s1_str a, s1_str b);
/* The candidate a user probably meant, for "did you mean". Least distance, first one on a tie; -1
 * if none is near (distance over a third of the longer text, at least 1, is not near). */
ptrdiff_t s1_str_nearest(s1_str text, const s1_str *candidates, size_t count);

/* memcpy for texts that are mostly short: two moves that may overlap instead of a call. */
static inline void s1_copy_short(char *to, const char *from, size_t len)
{
    if (len > 16) {
        memcpy(to, from, len);
    } else if (len >= 8) {
        uint64_t first, last;
        memcpy(&first, from, sizeof first);
        memcpy(&last, from + len - sizeof last, sizeof last);
        memcpy(to, &first, sizeof first);
        memcpy(to + len - sizeof last, &last, sizeof last);
    } else if (len >= 4) {
        uint32_t first, last;
        memcpy(&first, from, sizeof first);
        memcpy(&last, from + len - sizeof last, sizeof last);
        memcpy(to, &first, sizeof first);
        memcpy(to + len - sizeof last, &last, sizeof last);
    } else {
        for (size_t i = 0; i < len; i++) {
            to[i] = from[i];
        }
    }
}

/* --- s1_strbuf ---------------------------------------------------------------------------- */

/* A growing text in the caller's struct. An append that would pass `max_bytes`, or finds no
 * memory, sets `has_failed` and changes nothing; every later append is ignored, so that a writer
 * checks once, at the end (s1_strbuf_check). Numbers ask for the room of their longest text. */
typedef struct s1_strbuf {
    char *data; /* not NUL-terminated: see s1_strbuf_cstr */
    size_t len;
    size_t capacity;
    size_t max_bytes;
    bool has_failed;
} s1_strbuf;

/* Empty, nothing allocated. */
void s1_strbuf_init(s1_strbuf *buf, size_t max_bytes);
void s1_strbuf_done(s1_strbuf *buf); /* also of a zeroed one */
/* Empty again, keeps the memory, forgets a failure. */
static inline void s1_strbuf_clear(s1_strbuf *buf)
{
    buf->len = 0;
    buf->has_failed = false;
}
/* Cuts to `len` bytes; `len` is at most the present length. */
void s1_strbuf_truncate(s1_strbuf *buf, size_t len);
/* S1_E_NO_MEMORY if an append failed since the last clear. */
S1_WARN_UNUSED s1_rc s1_strbuf_check(const s1_strbuf *buf, s1_err *err);

/* Room for `more` bytes behind the text; false sets has_failed. */
bool s1_strbuf_grow(s1_strbuf *buf, size_t more);

/* Where the next `more` bytes go, or NULL; s1_strbuf_commit tells how many were written. */
static inline char *s1_strbuf_reserve(s1_strbuf *buf, size_t more)
{
    /* <=: an empty buffer has no pointer yet, not even for 0 bytes */
    if (__builtin_expect(buf->capacity - buf->len <= more || buf->has_failed, 0) &&
        !s1_strbuf_grow(buf, more)) {
        return NULL;
    }
    return buf->data + buf->len;
}

static inline void s1_strbuf_commit(s1_strbuf *buf, size_t written)
{
    buf->len += written;
}

static inline void s1_strbuf_bytes(s1_strbuf *buf, const void *bytes, size_t len)
{
    char *const to = s1_strbuf_reserve(buf, len);
    if (__builtin_expect(to != NULL, 1)) {
        if (len > 0) {
            memcpy(to, bytes, len);
        }
        buf->len += len;
    }
}

static inline void s1_strbuf_str(s1_strbuf *buf, s1_str text)
{
    s1_strbuf_bytes(buf, text.ptr, text.len);
}

static inline void s1_strbuf_cstr_add(s1_strbuf *buf, const char *cstr)
{
    s1_strbuf_bytes(buf, cstr, strlen(cstr));
}

/* A string literal, its length known to the compiler. */
#define s1_strbuf_lit(buf, literal) s1_strbuf_bytes((buf), (literal), sizeof(literal) - 1)

static inline void s1_strbuf_char(s1_strbuf *buf, char byte)
{
    char *const to = s1_strbuf_reserve(buf, 1);
    if (__builtin_expect(to != NULL, 1)) {
        *to = byte;
        buf->len++;
    }
}

void s1_strbuf_u64(s1_strbuf *buf, uint64_t value);
void s1_strbuf_i64(s1_strbuf *buf, int64_t value);
static inline void s1_strbuf_dec(s1_strbuf *buf, s1_dec value)
{
    char *const to = s1_strbuf_reserve(buf, S1_DEC_TEXT_MAX);
    if (to != NULL) {
        buf->len += s1_dec_print(value, to);
    }
}
/* Shortest text that reads back as the same double; "null" for NaN and infinities. */
void s1_strbuf_double(s1_strbuf *buf, double value);
/* `count` times `byte`. */
void s1_strbuf_repeat(s1_strbuf *buf, char byte, size_t count);
/* A cell of a CSV line, quoted where RFC 4180 asks for it. */
void s1_strbuf_csv(s1_strbuf *buf, s1_str text);
/* printf; only for messages and tables, not for numbers that must not depend on the locale. */
S1_PRINTF(2, 3) void s1_strbuf_printf(s1_strbuf *buf, const char *format, ...);

/* The text, borrowed until the next append. */
static inline s1_str s1_strbuf_view(const s1_strbuf *buf)
{
    return (s1_str){buf->data, buf->len};
}
/* The text with a NUL behind it, borrowed until the next append; "" after a failure. */
const char *s1_strbuf_cstr(s1_strbuf *buf);
/* The caller takes the NUL-terminated heap text (free()); the buffer is empty again. NULL after a
 * failure. */
S1_WARN_UNUSED char *s1_strbuf_take(s1_strbuf *buf);

#endif /* S1_UTILS_TEXT_H */
