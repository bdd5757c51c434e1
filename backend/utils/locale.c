#include "backend/utils/locale.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry {
    s1_str key, text; /* into s1_locale.bytes */
} entry;

struct s1_locale {
    char *bytes;
    entry *entries; /* [count], rising by key */
    size_t count;
};

const char *s1_language_code(int32_t language)
{
    switch (language) {
#define X(name, value, code)                                                                       \
    case value:                                                                                    \
        return code;
        S1_LANGUAGE_MAP(X)
#undef X
    default:
        return NULL;
    }
}

int32_t s1_language_parse(s1_str code)
{
#define X(name, value, text)                                                                       \
    if (s1_str_eq_cstr(code, text)) {                                                              \
        return S1_LANGUAGE_##name;                                                                 \
    }
    S1_LANGUAGE_MAP(X)
#undef X
    return S1_LANGUAGE_EN;
}

/* --- Reading. ------------------------------------------------------------------------------- */

static bool is_key_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '.';
}

static int compare(s1_str a, s1_str b)
{
    const size_t shared = a.len < b.len ? a.len : b.len;
    const int order = shared == 0 ? 0 : memcmp(a.ptr, b.ptr, shared);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Takes `key: "text"` apart; the text is unescaped in place. False for a line that is none. */
static bool take_line(char *line, size_t len, entry *ret_entry)
{
    size_t at = 0;
    while (at < len && is_key_byte(line[at])) {
        at++;
    }
    const size_t key_len = at;
    if (at == 0 || len - at < 4 || memcmp(line + at, ": \"", 3) != 0 || line[len - 1] != '"') {
        return false;
    }
    char *const text = line + at + 3;
    size_t kept = 0;
    for (at += 3; at < len - 1; at++) {
        if (line[at] == '"') {
            return false;
        }
        if (line[at] == '\\') {
            at++;
            if (at >= len - 1 || (line[at] != '"' && line[at] != '\\')) {
                return false;
            }
        }
        text[kept++] = line[at];
    }
    text[kept] = '\0'; /* over the closing quote or before it */
    *ret_entry = (entry){{line, key_len}, {text, kept}};
    return true;
}

static s1_rc read_lines(s1_locale *locale, const char *name, s1_str content, s1_err *err)
{
    char *line = locale->bytes;
    char *const end = line + content.len;
    for (size_t number = 1; line < end; number++) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        stop = stop != NULL ? stop : end;
        const size_t len = (size_t)(stop - line);
        if (len > 0 && line[0] != '#') {
            entry *const next = &locale->entries[locale->count];
            if (!take_line(line, len, next)) {
                return S1_RAISE(err, S1_E_INVALID, "%s:%zu: expected `key: \"text\"`", name,
                                number);
            }
            if (locale->count > 0 && compare(next[-1].key, next->key) >= 0) {
                return S1_RAISE(err, S1_E_INVALID,
                                "%s:%zu: found key %.*s after %.*s, expected rising keys", name,
                                number, S1_STR_ARG(next->key), S1_STR_ARG(next[-1].key));
            }
            locale->count++;
        }
        line = stop + 1;
    }
    return S1_OK;
}

s1_rc s1_locale_parse(const char *name, s1_str content, s1_locale **ret_locale, s1_err *err)
{
    size_t lines = 1;
    for (size_t i = 0; i < content.len; i++) {
        lines += content.ptr[i] == '\n';
    }
    s1_locale *const locale = calloc(1, sizeof *locale);
    if (locale != NULL) {
        locale->bytes = s1_str_dup(content);
        locale->entries = calloc(lines, sizeof *locale->entries);
    }
    if (locale == NULL || locale->bytes == NULL || locale->entries == NULL) {
        s1_locale_free(locale);
        return S1_RAISE(err, S1_E_NO_MEMORY, "%s: %zu texts", name, lines);
    }
    const s1_rc rc = read_lines(locale, name, content, err);
    if (rc != S1_OK) {
        s1_locale_free(locale);
        return rc;
    }
    *ret_locale = locale;
    return S1_OK;
}

s1_rc s1_locale_new(int32_t language, s1_locale **ret_locale, s1_err *err)
{
    const char *const code = s1_language_code(language);
    for (const s1_locale_file *file = s1_locale_files; code != NULL && file->name != NULL; file++) {
        if (strncmp(file->name, code, strlen(code)) == 0) {
            return s1_locale_parse(file->name, (s1_str){(const char *)file->bytes, file->len},
                                   ret_locale, err);
        }
    }
    return S1_RAISE(err, S1_E_INVALID, "language %d: expected one of enum s1_language",
                    (int)language);
}

void s1_locale_free(s1_locale *locale)
{
    if (locale != NULL) {
        free(locale->entries);
        free(locale->bytes);
        free(locale);
    }
}

/* --- Asking. -------------------------------------------------------------------------------- */

s1_str s1_locale_text(const s1_locale *locale, s1_str key)
{
    size_t low = 0;
    size_t high = locale != NULL ? locale->count : 0;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare(key, locale->entries[middle].key);
        if (order == 0) {
            return locale->entries[middle].text;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return (s1_str){NULL, 0};
}

const char *s1_locale_cstr(const s1_locale *locale, const char *key)
{
    const s1_str text = s1_locale_text(locale, s1_str_of(key));
    return text.ptr != NULL ? text.ptr : key;
}

size_t s1_locale_count(const s1_locale *locale)
{
    return locale->count;
}

void s1_locale_at(const s1_locale *locale, size_t index, s1_str *ret_key, s1_str *ret_text)
{
    *ret_key = locale->entries[index].key;
    *ret_text = locale->entries[index].text;
}

bool s1_locale_next(s1_str *text, s1_str *ret_before, s1_str *ret_name)
{
    if (text->len == 0) {
        return false;
    }
    const size_t open = s1_str_find_byte(*text, '{', 0);
    const size_t close = open == S1_STR_NPOS ? S1_STR_NPOS : s1_str_find_byte(*text, '}', open + 1);
    if (close == S1_STR_NPOS) {
        *ret_before = *text;
        *ret_name = (s1_str){NULL, 0};
        *text = (s1_str){NULL, 0};
        return true;
    }
    *ret_before = s1_str_slice(*text, 0, open);
    *ret_name = s1_str_slice(*text, open + 1, close);
    *text = s1_str_slice(*text, close + 1, text->len);
    return true;
}

void s1_locale_word(const s1_locale *locale, const char *key, const s1_locale_value *values,
                    size_t count, s1_strbuf *out)
{
    s1_str rest = s1_str_of(s1_locale_cstr(locale, key));
    s1_str before, name;
    while (s1_locale_next(&rest, &before, &name)) {
        s1_strbuf_str(out, before);
        size_t i = 0;
        while (i < count && !s1_str_eq_cstr(name, values[i].name)) {
            i++;
        }
        if (i < count) {
            s1_strbuf_cstr_add(out, values[i].text);
        } else if (name.len > 0) {
            s1_strbuf_char(out, '{');
            s1_strbuf_str(out, name);
            s1_strbuf_char(out, '}');
        }
    }
}
