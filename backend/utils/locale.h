/* backend/utils/locale.h - the texts people read, by dotted key, in English and Dutch.
 *
 * locales/en.yaml and locales/nl.yaml are in the binary. A text may hold slots, "{ticks}
 * bars", that are worded when it is used. Both files have the same keys, and a key's slots
 * are the same in both (tests/backend/utils/locale_test.c).
 *
 * Form of a file: comment lines, and `key: "text"` lines in rising order of their keys, which are
 * of A-Z a-z 0-9 _ and '.'. In the text \" and \\ stand for " and \.
 */
#ifndef S1_UTILS_LOCALE_H
#define S1_UTILS_LOCALE_H

#include "backend/utils/text.h"
#include "s1mple/error.h"

/* X(NAME, value, code) */
#define S1_LANGUAGE_MAP(X)                                                                         \
    X(EN, 1, "en")                                                                                 \
    X(NL, 2, "nl")
enum s1_language {
#define X(name, value, code) S1_LANGUAGE_##name = (value),
    S1_LANGUAGE_MAP(X)
#undef X
};

/* "en"; NULL for a number that is none. */
const char *s1_language_code(int32_t language);
/* The language of a code; S1_LANGUAGE_EN for one that is none. */
int32_t s1_language_parse(s1_str code);

/* A file of locales/ as it was when this was built. */
typedef struct s1_locale_file {
    const char *name; /* "en.yaml" */
    const unsigned char *bytes;
    size_t len;
} s1_locale_file;
extern const s1_locale_file s1_locale_files[]; /* ends with a NULL name */

typedef struct s1_locale s1_locale; /* opaque, heap, read-only: may be shared by threads */

/* The texts of a language. Errors: S1_E_INVALID for a number that is none, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_locale_new(int32_t language, s1_locale **ret_locale, s1_err *err);
/* The texts of a file's content. Errors: S1_E_INVALID naming file and line. */
S1_WARN_UNUSED s1_rc s1_locale_parse(const char *name, s1_str content, s1_locale **ret_locale,
                                     s1_err *err);
void s1_locale_free(s1_locale *locale); /* accepts NULL */

/* The text of a key, borrowed, NUL-terminated behind its length; empty if there is none or the
 * locale is NULL. */
s1_str s1_locale_text(const s1_locale *locale, s1_str key);
/* Same, as a C string: the key itself where there is no text, so that a gap can be seen. */
const char *s1_locale_cstr(const s1_locale *locale, const char *key);

size_t s1_locale_count(const s1_locale *locale);
void s1_locale_at(const s1_locale *locale, size_t index, s1_str *ret_key, s1_str *ret_text);

/* Splits a text at its first slot: what stands before it goes to *ret_before, its name to
 * *ret_name (empty if there is none), and *text becomes the rest. False when nothing is left. */
bool s1_locale_next(s1_str *text, s1_str *ret_before, s1_str *ret_name);

/* One slot and what stands for it. */
typedef struct s1_locale_value {
    const char *name;
    const char *text;
} s1_locale_value;

/* Appends the text of `key` with its slots worded; one that has no value stays as it is. */
void s1_locale_word(const s1_locale *locale, const char *key, const s1_locale_value *values,
                    size_t count, s1_strbuf *out);

#endif /* S1_UTILS_LOCALE_H */
