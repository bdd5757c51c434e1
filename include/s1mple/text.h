/* s1mple/text.h - comparing texts, and reading back the state a plugin wrote itself.
 *
 * A plugin writes its state in one form only, so that reading it needs no parser of JSON: the
 * pieces follow each other, and whatever is elsewhere is no state of this plugin.
 */
#ifndef S1MPLE_TEXT_H
#define S1MPLE_TEXT_H

#include "s1mple/base.h"

#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* True if both are the same bytes. "none" equals "". */
static inline bool s1_text_equal(s1_str a, s1_str b)
{
    return a.len == b.len && (a.len == 0 || a.ptr == b.ptr || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Moves `rest` behind `expected`; false, and nothing moved, if it does not start with it. */
static inline bool s1_text_skip(s1_str *rest, s1_str expected)
{
    if (rest->len < expected.len || memcmp(rest->ptr, expected.ptr, expected.len) != 0) {
        return false;
    }
    rest->ptr += expected.len;
    rest->len -= expected.len;
    return true;
}

/* Takes the text up to the next `end`, which is skipped; false, and nothing moved, without one.
 * *ret_text is borrowed from `rest`. */
static inline bool s1_text_take_until(s1_str *rest, char end, s1_str *ret_text)
{
    const char *const found =
        rest->len == 0 ? NULL : (const char *)memchr(rest->ptr, end, rest->len);
    if (found == NULL) {
        return false;
    }
    ret_text->ptr = rest->ptr;
    ret_text->len = (size_t)(found - rest->ptr);
    rest->len -= ret_text->len + 1;
    rest->ptr = found + 1;
    return true;
}

/* Takes a JSON string that needs no escape; its text without the quotes, borrowed from `rest`.
 * False if there is none; `rest` is then anywhere. */
static inline bool s1_text_take_string(s1_str *rest, s1_str *ret_text)
{
    const s1_str quote = {"\"", 1};
    return s1_text_skip(rest, quote) && s1_text_take_until(rest, '"', ret_text);
}

/* Takes the entries of a list up to `end`, the comma between them too: `take` takes one from `rest`
 * and is called until `end` follows. False if one is none, or the list does not end. */
static inline bool s1_text_take_list(s1_str *rest, s1_str end,
                                     bool (*take)(void *self, s1_str *rest), void *self)
{
    const s1_str comma = {",", 1};
    for (bool is_first = true; !s1_text_skip(rest, end); is_first = false) {
        if ((!is_first && !s1_text_skip(rest, comma)) || !take(self, rest)) {
            return false;
        }
    }
    return true;
}

/* Takes a whole number of 1 to 18 digits; false if there is none or a longer one, `rest` is then
 * anywhere. */
static inline bool s1_text_take_number(s1_str *rest, uint64_t *ret_value)
{
    uint64_t value = 0;
    size_t digits = 0;
    while (digits < rest->len && rest->ptr[digits] >= '0' && rest->ptr[digits] <= '9') {
        if (digits == 18) {
            return false;
        }
        value = value * 10 + (uint64_t)(rest->ptr[digits++] - '0');
    }
    if (digits == 0) {
        return false;
    }
    rest->ptr += digits;
    rest->len -= digits;
    *ret_value = value;
    return true;
}

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_TEXT_H */
