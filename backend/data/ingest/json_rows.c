/* The rows of a JSON file: the elements of its first array of arrays or objects. Around the rows
 * only brackets and strings are looked at, within a row every byte. Nothing is recursive. */
#include "backend/data/ingest/row_reader_internal.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <string.h>

#define PATH_BYTES_MAX 200

static s1_rc raise_json(const s1_row_reader *reader, s1_err *err, const char *found,
                        const char *expected)
{
    return S1_RAISE(err, S1_E_DATA, "%.*s:%llu:1: file: found %s, expected %s", PATH_BYTES_MAX,
                    reader->path, (unsigned long long)reader->lines_passed + 1, found, expected);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Passes bytes that are done with. */
static void pass(s1_row_reader *reader, size_t count)
{
    const char *at = reader->block + reader->begin;
    const char *const end = at + count;
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        reader->lines_passed++;
        at++;
    }
    reader->begin += count;
    reader->bytes_done += count;
}

/* The next byte that is no space, not yet passed. */
static s1_rc peek(s1_row_reader *reader, bool *ret_has_byte, char *ret_byte, s1_err *err)
{
    for (;;) {
        size_t spaces = 0;
        const size_t left = reader->end - reader->begin;
        while (spaces < left && is_space(reader->block[reader->begin + spaces])) {
            spaces++;
        }
        pass(reader, spaces);
        if (reader->begin < reader->end) {
            *ret_byte = reader->block[reader->begin];
            *ret_has_byte = true;
            return S1_OK;
        }
        if (reader->is_at_end) {
            *ret_has_byte = false;
            return S1_OK;
        }
        S1_TRY(err, s1_row_reader_refill(reader, err));
    }
}

/* Bytes of the string that begins at `at`, quotes included; 0 if its end is not there. */
static size_t string_length(const char *at, size_t len)
{
    for (size_t i = 1; i < len; i++) {
        if (at[i] == '\\') {
            i++;
        } else if (at[i] == '"') {
            return i + 1;
        }
    }
    return 0;
}

/* Bytes of the array or object that begins at `at`, with all in it; 0 if its end is not there,
 * SIZE_MAX if brackets do not match. */
static size_t value_length(const char *at, size_t len)
{
    char closers[S1_JSON_DEPTH_MAX];
    size_t depth = 0;
    for (size_t i = 0; i < len; i++) {
        const char c = at[i];
        if (c == '"') {
            const size_t string = string_length(at + i, len - i);
            if (string == 0) {
                return 0;
            }
            i += string - 1;
        } else if (c == '[' || c == '{') {
            if (depth == S1_JSON_DEPTH_MAX) {
                return SIZE_MAX;
            }
            closers[depth++] = c == '[' ? ']' : '}';
        } else if (c == ']' || c == '}') {
            if (closers[--depth] != c) {
                return SIZE_MAX;
            }
            if (depth == 0) {
                return i + 1;
            }
        }
    }
    return 0;
}

/* A string outside the rows. */
static s1_rc pass_string(s1_row_reader *reader, s1_err *err)
{
    size_t len = string_length(reader->block + reader->begin, reader->end - reader->begin);
    if (len == 0 && !reader->is_at_end) {
        S1_TRY(err, s1_row_reader_refill(reader, err));
        len = string_length(reader->block + reader->begin, reader->end - reader->begin);
    }
    if (len == 0) {
        return raise_json(reader, err, "a string without an end", "JSON");
    }
    pass(reader, len);
    return S1_OK;
}

static s1_rc open_bracket(s1_row_reader *reader, char bracket, s1_err *err)
{
    if (reader->depth == S1_JSON_DEPTH_MAX) {
        return raise_json(reader, err, "brackets too deep", "rows before that");
    }
    reader->closers[reader->depth++] = bracket == '[' ? ']' : '}';
    pass(reader, 1);
    char next = '\0';
    bool has_next = false;
    S1_TRY(err, peek(reader, &has_next, &next, err));
    if (bracket == '[' && has_next && (next == '[' || next == '{')) {
        if (reader->is_behind_rows) {
            return raise_json(reader, err, "a second list of rows", "one");
        }
        reader->is_in_rows = true;
    }
    return S1_OK;
}

/* Passes what stands around the rows: to the first one, or behind them to the end. */
static s1_rc pass_surroundings(s1_row_reader *reader, s1_err *err)
{
    for (;;) {
        char c = '\0';
        bool has_byte = false;
        S1_TRY(err, peek(reader, &has_byte, &c, err));
        if (!has_byte) {
            return reader->depth > 0
                       ? raise_json(reader, err, "an end within the data", "the closing brackets")
                       : S1_OK;
        }
        if (c == '"') {
            S1_TRY(err, pass_string(reader, err));
        } else if (c == '[' || c == '{') {
            S1_TRY(err, open_bracket(reader, c, err));
            if (reader->is_in_rows) {
                return S1_OK;
            }
        } else if (c == ']' || c == '}') {
            if (reader->depth == 0 || reader->closers[reader->depth - 1] != c) {
                return raise_json(reader, err, "a bracket that closes nothing", "JSON");
            }
            reader->depth--;
            pass(reader, 1);
        } else {
            pass(reader, 1);
        }
    }
}

/* Behind a row: a comma and another one, or the end of the list. */
static s1_rc pass_separator(s1_row_reader *reader, s1_err *err)
{
    char c = '\0';
    bool has_byte = false;
    S1_TRY(err, peek(reader, &has_byte, &c, err));
    if (has_byte && c == ',') {
        pass(reader, 1);
        return S1_OK;
    }
    if (!has_byte || c != ']') {
        return raise_json(reader, err, has_byte ? "something else" : "an end within the data",
                          "a comma or the list's end behind a row");
    }
    reader->is_in_rows = false;
    reader->is_behind_rows = true;
    return S1_OK;
}

s1_rc s1_json_rows_next(s1_row_reader *reader, bool *ret_has_row, s1_err *err)
{
    if (reader->has_row) {
        reader->has_row = false;
        S1_TRY(err, pass_separator(reader, err));
    }
    if (!reader->is_in_rows) {
        S1_TRY(err, pass_surroundings(reader, err));
    }
    *ret_has_row = false;
    reader->line_number = reader->lines_passed + 1;
    if (!reader->is_in_rows) {
        return S1_OK;
    }
    char c = '\0';
    bool has_byte = false;
    S1_TRY(err, peek(reader, &has_byte, &c, err));
    if (!has_byte || (c != '[' && c != '{')) {
        return raise_json(reader, err, has_byte ? "something else" : "an end within the data",
                          "a row: [...] or {...}");
    }
    size_t len = value_length(reader->block + reader->begin, reader->end - reader->begin);
    if (len == 0 && !reader->is_at_end) {
        S1_TRY(err, s1_row_reader_refill(reader, err));
        len = value_length(reader->block + reader->begin, reader->end - reader->begin);
    }
    if (len == 0 || len == SIZE_MAX) {
        return raise_json(reader, err,
                          len == 0 && !reader->is_at_end ? "a row of over a MiB"
                          : len == 0                     ? "an end within the data"
                                                         : "brackets that do not match",
                          "whole rows");
    }
    reader->line_number = reader->lines_passed + 1;
    reader->line = (s1_str){reader->block + reader->begin, len};
    pass(reader, len);
    reader->has_row = true;
    reader->ends_without_newline = false;
    *ret_has_row = true;
    return S1_OK;
}

/* --- Within a row ------------------------------------------------------------------------- */

static size_t skip_spaces(s1_str row, size_t at)
{
    while (at < row.len && is_space(row.ptr[at])) {
        at++;
    }
    return at;
}

/* The value at `at`: text without quotes, a bare word, or an array or object as it stands. */
static bool take_value(s1_str row, size_t *at, s1_str *ret_value)
{
    const char *const from = row.ptr + *at;
    const size_t left = row.len - *at;
    if (left == 0) {
        return false;
    }
    if (from[0] == '"') {
        const size_t len = string_length(from, left);
        *ret_value = (s1_str){from + 1, len - 2};
        *at += len;
        return len >= 2;
    }
    if (from[0] == '[' || from[0] == '{') {
        const size_t len = value_length(from, left);
        *ret_value = (s1_str){from, len};
        *at += len;
        return len > 0 && len != SIZE_MAX;
    }
    size_t len = 0;
    while (len < left && from[len] != ',' && from[len] != ']' && from[len] != '}' &&
           from[len] != ':' && from[len] != '"' && !is_space(from[len])) {
        len++;
    }
    *ret_value = (s1_str){from, len};
    *at += len;
    return len > 0;
}

/* Keeps the members' names of the first object: they are the header. */
static bool keep_name(s1_row_reader *reader, s1_str name)
{
    size_t used = 0;
    for (size_t i = 0; i < reader->name_count; i++) {
        used += reader->names[i].len;
        if (s1_str_eq(reader->names[i], name)) {
            return false;
        }
    }
    if (reader->name_count == S1_ROW_COLUMNS_MAX || used + name.len > sizeof reader->name_bytes) {
        return false;
    }
    char *const to = reader->name_bytes + used;
    memcpy(to, name.ptr, name.len);
    reader->names[reader->name_count++] = (s1_str){to, name.len};
    return true;
}

/* Column of a member; mostly the one that is next. */
static size_t column_of(const s1_row_reader *reader, s1_str name, size_t guess)
{
    if (guess < reader->name_count && s1_str_eq(reader->names[guess], name)) {
        return guess;
    }
    for (size_t i = 0; i < reader->name_count; i++) {
        if (s1_str_eq(reader->names[i], name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static s1_rc row_fault(const s1_row_reader *reader, size_t at, s1_err *err, const char *expected)
{
    return s1_row_fault(reader, "row", s1_str_slice(reader->line, at, at + 60), err, "%s",
                        expected);
}

/* One member or element; `at` stands at its first byte. */
static s1_rc take_member(s1_row_reader *reader, bool is_object, size_t index, size_t *at,
                         s1_err *err)
{
    const s1_str row = reader->line;
    size_t column = index;
    s1_str value;
    if (is_object) {
        const size_t start = *at;
        s1_str name;
        if (row.ptr[start] != '"' || !take_value(row, at, &name)) {
            return row_fault(reader, start, err, "a member's name in quotes");
        }
        *at = skip_spaces(row, *at);
        if (*at == row.len || row.ptr[*at] != ':') {
            return row_fault(reader, *at, err, "a colon behind a member's name");
        }
        *at = skip_spaces(row, *at + 1);
        if (!reader->has_names && !keep_name(reader, name)) {
            return row_fault(reader, start, err, "at most 64 members, each once");
        }
        column = column_of(reader, name, index);
    }
    const size_t start = *at;
    if (!take_value(row, at, &value)) {
        return row_fault(reader, start, err, "a value");
    }
    if (column == SIZE_MAX) {
        return S1_OK; /* the first row did not have it: nobody asks for it */
    }
    if (column == S1_ROW_COLUMNS_MAX) {
        return row_fault(reader, start, err, "at most 64 values");
    }
    reader->fields[column] = value;
    reader->field_count = column >= reader->field_count ? column + 1 : reader->field_count;
    return S1_OK;
}

s1_rc s1_json_row_split(s1_row_reader *reader, s1_err *err)
{
    const s1_str row = reader->line;
    const bool is_object = row.ptr[0] == '{';
    const size_t close = row.len - 1;
    for (size_t i = 0; i < S1_ROW_COLUMNS_MAX; i++) {
        reader->fields[i] = (s1_str){row.ptr, 0}; /* a member that is not there */
    }
    reader->field_count = 0;
    if (!reader->has_names) {
        reader->name_count = 0;
    }
    size_t at = skip_spaces(row, 1);
    for (size_t index = 0; at < close; index++) {
        S1_TRY(err, take_member(reader, is_object, index, &at, err));
        at = skip_spaces(row, at);
        if (at < close && row.ptr[at] != ',') {
            return row_fault(reader, at, err, "a comma");
        }
        if (at < close) {
            at = skip_spaces(row, at + 1);
            if (at == close) {
                return row_fault(reader, at, err, "a value behind the comma");
            }
        }
    }
    if (is_object && reader->has_names) {
        reader->field_count = reader->name_count; /* one that is not there is an empty field */
    }
    reader->has_names = reader->has_names || is_object;
    return S1_OK;
}
