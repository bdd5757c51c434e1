#include "backend/data/ingest/row_reader_internal.h"
#include "s1mple/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOUND_BYTES_MAX 60 /* of a field, in a message */
#define PATH_BYTES_MAX  200

s1_rc s1_row_fault(const s1_row_reader *reader, const char *name, s1_str field, s1_err *err,
                   const char *expected, ...)
{
    char text[256];
    va_list args;
    va_start(args, expected);
    (void)vsnprintf(text, sizeof text, expected, args);
    va_end(args);
    const bool is_long = field.len > FOUND_BYTES_MAX;
    return S1_RAISE(err, S1_E_DATA, "%.*s:%llu:%zu: %s: found '%.*s%s', expected %s",
                    PATH_BYTES_MAX, reader->path, (unsigned long long)reader->line_number,
                    s1_row_reader_column(reader, field), name,
                    is_long ? FOUND_BYTES_MAX : (int)field.len, field.len > 0 ? field.ptr : "",
                    is_long ? "..." : "", text);
}

size_t s1_row_reader_column(const s1_row_reader *reader, s1_str field)
{
    const bool is_inside = field.ptr != NULL && field.ptr >= reader->line.ptr &&
                           field.ptr <= reader->line.ptr + reader->line.len;
    return is_inside ? (size_t)(field.ptr - reader->line.ptr) + 1 : 1;
}

s1_rc s1_row_reader_refill(s1_row_reader *reader, s1_err *err)
{
    memmove(reader->block, reader->block + reader->begin, reader->end - reader->begin);
    reader->end -= reader->begin;
    reader->begin = 0;
    while (!reader->is_at_end && reader->end < S1_ROW_BLOCK_BYTES) {
        size_t got = 0;
        S1_TRY(err, s1_byte_source_read(reader->source, reader->block + reader->end,
                                        S1_ROW_BLOCK_BYTES - reader->end, &got, err));
        reader->is_at_end = got == 0;
        reader->end += got;
    }
    memset(reader->block + reader->end, 0, S1_ROW_SLACK_BYTES);
    return S1_OK;
}

/* What the first bytes of a file that is no text say. */
static const char *binary_kind(const char *bytes, size_t len)
{
    static const struct {
        const char *magic;
        size_t len;
        const char *kind;
    } kinds[] = {
        {"\x1f\x8b", 2, "gzip data"},
        {"PK\x03\x04", 4, "a zip archive"},
        {"\x28\xb5\x2f\xfd", 4, "zstd data"},
        {"BZh", 3, "bzip2 data"},
        {"\xfd"
         "7zXZ",
         5, "xz data"},
        {"PAR1", 4, "a Parquet file"},
        {"ARROW1", 6, "a feather file"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (len >= kinds[i].len && memcmp(bytes, kinds[i].magic, kinds[i].len) == 0) {
            return kinds[i].kind;
        }
    }
    return memchr(bytes, '\0', len) != NULL ? "binary data" : NULL;
}

static s1_rc look_at_start(s1_row_reader *reader, s1_err *err)
{
    S1_TRY(err, s1_row_reader_refill(reader, err));
    if (reader->end == 0) {
        return S1_RAISE(err, S1_E_DATA, "%.*s:1:1: file: found nothing, expected rows of data",
                        PATH_BYTES_MAX, reader->path);
    }
    const char *kind = binary_kind(reader->block, reader->end);
    if (kind != NULL) {
        return S1_RAISE(err, S1_E_UNSUPPORTED,
                        "%.*s:1:1: file: found %s, expected plain text, gzip or zip (convert it "
                        "first: docs/data.md)",
                        PATH_BYTES_MAX, reader->path, kind);
    }
    if (reader->end >= 3 && memcmp(reader->block, "\xef\xbb\xbf", 3) == 0) {
        reader->begin = 3;
        reader->bytes_done = 3;
    }
    const s1_str text = {reader->block + reader->begin, reader->end - reader->begin};
    const s1_str start = s1_str_trim(text);
    reader->is_json = start.len > 0 && (start.ptr[0] == '[' || start.ptr[0] == '{');
    return S1_OK;
}

s1_rc s1_row_reader_open(s1_row_reader *reader, const s1_fs *fs, const char *path,
                         s1_member_match match, void *user, s1_err *err)
{
    *reader = (s1_row_reader){.path = path, .separator = ','};
    S1_TRY(err, s1_byte_source_open(fs, path, match, user, &reader->source, err));
    reader->block = malloc(S1_ROW_BLOCK_BYTES + S1_ROW_SLACK_BYTES);
    const s1_rc rc = reader->block != NULL ? look_at_start(reader, err)
                                           : S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a block");
    if (rc != S1_OK) {
        s1_row_reader_close(reader);
    }
    return rc;
}

void s1_row_reader_close(s1_row_reader *reader)
{
    s1_byte_source_close(reader->source);
    s1_recording_free(reader->recording);
    reader->recording = NULL;
    reader->source = NULL;
    free(reader->block);
    reader->block = NULL;
}

s1_rc s1_row_reader_next_line(s1_row_reader *reader, bool *ret_has_line, s1_err *err)
{
    const char *at = reader->block + reader->begin;
    const char *newline = memchr(at, '\n', reader->end - reader->begin);
    if (newline == NULL && !reader->is_at_end) {
        S1_TRY(err, s1_row_reader_refill(reader, err));
        at = reader->block;
        newline = memchr(at, '\n', reader->end);
    }
    const size_t left = reader->end - reader->begin;
    if (left == 0) {
        *ret_has_line = false;
        return S1_OK;
    }
    reader->line_number++;
    if (newline == NULL && !reader->is_at_end) {
        return S1_RAISE(err, S1_E_DATA,
                        "%.*s:%llu:1: row: found over %u bytes, expected a line end",
                        PATH_BYTES_MAX, reader->path, (unsigned long long)reader->line_number,
                        S1_ROW_BLOCK_BYTES);
    }
    const size_t len = newline != NULL ? (size_t)(newline - at) : left;
    reader->ends_without_newline = newline == NULL;
    reader->begin += len + (newline != NULL ? 1 : 0);
    reader->bytes_done += len + (newline != NULL ? 1 : 0);
    reader->line = (s1_str){at, len > 0 && at[len - 1] == '\r' ? len - 1 : len};
    *ret_has_line = true;
    return S1_OK;
}

/* The end of the field that begins at `at`, and the field without its quotes. */
static const char *take_field(const char *at, const char *end, char separator, s1_str *ret_field)
{
    if (at < end && *at == '"') {
        const char *close = memchr(at + 1, '"', (size_t)(end - at - 1));
        if (close != NULL && (close + 1 == end || close[1] == separator)) {
            *ret_field = (s1_str){at + 1, (size_t)(close - at - 1)};
            return close + 1;
        }
    }
    const char *stop = at;
    while (stop < end && *stop != separator) {
        stop++;
    }
    *ret_field = (s1_str){at, (size_t)(stop - at)};
    return stop;
}

s1_rc s1_row_reader_split(s1_row_reader *reader, s1_err *err)
{
    if (reader->recording != NULL) {
        return S1_OK; /* it is */
    }
    if (reader->is_json) {
        return s1_json_row_split(reader, err);
    }
    const char *at = reader->line.ptr;
    const char *end = at + reader->line.len;
    reader->field_count = 0;
    for (;;) {
        if (reader->field_count == S1_ROW_COLUMNS_MAX) {
            return S1_RAISE(err, S1_E_DATA,
                            "%.*s:%llu:1: row: found over %u fields, expected fewer",
                            PATH_BYTES_MAX, reader->path, (unsigned long long)reader->line_number,
                            S1_ROW_COLUMNS_MAX);
        }
        at = take_field(at, end, reader->separator, &reader->fields[reader->field_count++]);
        if (at == end) {
            return S1_OK;
        }
        at++; /* the separator */
    }
}

s1_rc s1_row_reader_next(s1_row_reader *reader, bool *ret_has_row, s1_err *err)
{
    if (reader->recording != NULL) {
        return s1_recording_rows_next(reader, ret_has_row, err);
    }
    if (reader->is_json) {
        return s1_json_rows_next(reader, ret_has_row, err);
    }
    reader->blank_line = 0;
    for (;;) {
        bool has_line;
        S1_TRY(err, s1_row_reader_next_line(reader, &has_line, err));
        if (!has_line) {
            *ret_has_row = false; /* empty lines at the end are none */
            reader->blank_line = 0;
            return S1_OK;
        }
        if (reader->line.len > 0) {
            *ret_has_row = true;
            return S1_OK;
        }
        reader->blank_line = reader->blank_line == 0 ? reader->line_number : reader->blank_line;
    }
}

s1_rc s1_row_reader_whole_lines(s1_row_reader *reader, s1_str *ret_lines, s1_err *err)
{
    s1_str rest = {reader->block + reader->begin, reader->end - reader->begin};
    size_t last = s1_str_rfind_byte(rest, '\n');
    if (last == S1_STR_NPOS && !reader->is_at_end) {
        S1_TRY(err, s1_row_reader_refill(reader, err));
        rest = (s1_str){reader->block, reader->end};
        last = s1_str_rfind_byte(rest, '\n');
    }
    *ret_lines = s1_str_slice(rest, 0, last == S1_STR_NPOS ? 0 : last + 1);
    return S1_OK;
}

void s1_row_reader_take(s1_row_reader *reader, size_t bytes, size_t lines)
{
    reader->begin += bytes;
    reader->bytes_done += bytes;
    reader->line_number += lines;
}
