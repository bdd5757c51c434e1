/* s1mple/uid_text.h - ids as text, for plugins that keep them in their state.
 *
 * The text is an RFC 9562 UUID in lower case: 8-4-4-4-12 hexadecimal digits.
 */
#ifndef S1MPLE_UID_TEXT_H
#define S1MPLE_UID_TEXT_H

#include "s1mple/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define S1_UID_WRITTEN 36u /* characters */

/* Writes S1_UID_WRITTEN characters, no NUL behind them. */
static inline void s1_uid_write(char *text, s1_uid uid)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof uid.bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *text++ = '-';
        }
        *text++ = hex[uid.bytes[i] >> 4];
        *text++ = hex[uid.bytes[i] & 15u];
    }
}

static inline int s1_uid_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False if the text is not exactly what s1_uid_write makes of some id. */
static inline bool s1_uid_read(s1_str text, s1_uid *ret_uid)
{
    if (text.len != S1_UID_WRITTEN) {
        return false;
    }
    size_t at = 0;
    for (size_t i = 0; i < sizeof ret_uid->bytes; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && text.ptr[at++] != '-') {
            return false;
        }
        const int high = s1_uid_hex_digit(text.ptr[at]);
        const int low = s1_uid_hex_digit(text.ptr[at + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        ret_uid->bytes[i] = (uint8_t)(high * 16 + low);
        at += 2;
    }
    return true;
}

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_UID_TEXT_H */
