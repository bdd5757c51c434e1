/* backend/data/ingest/row_reader_internal.h - rows and fields of a CSV or JSON file, in blocks.
 *
 * CSV: one row a line, a separator, optional double quotes around a field (none inside it), LF or
 * CRLF, an optional UTF-8 mark.
 *
 * JSON: the rows are the elements of the first array that holds arrays or objects, wherever it
 * stands: [[1,2],[3,4]], {"candles": [{"open": "1"}]}. The members of the first object are the
 * header; those of later ones may stand in another order. The file is read to its end, and there
 * may be one such list only.
 *
 * A recording (recording_rows.c): lines of a web socket, of which each may be many rows or none.
 *
 * Fields are borrowed until the next row is read.
 */
#ifndef S1_BACKEND_DATA_INGEST_ROW_READER_INTERNAL_H
#define S1_BACKEND_DATA_INGEST_ROW_READER_INTERNAL_H

#include "backend/data/ingest/byte_source_internal.h"
#include "backend/utils/fs.h"
#include "s1mple/base.h"

#define S1_ROW_BLOCK_BYTES  (1u << 20) /* also the longest row */
#define S1_ROW_SLACK_BYTES  64u        /* zeros behind the block: words may be read there */
#define S1_ROW_COLUMNS_MAX  64u
#define S1_JSON_DEPTH_MAX   64u
#define S1_JSON_NAMES_BYTES 4096u

typedef struct s1_recording s1_recording;

/* What was found of messages. */
typedef struct s1_recording_counts {
    uint64_t messages, snapshots; /* that became rows; snapshots among them */
    uint64_t old;                 /* passed over: the book was newer */
    uint64_t gaps;                /* places where messages are missing */
} s1_recording_counts;

typedef struct s1_row_reader {
    s1_byte_source *source; /* owned */
    const char *path;
    char *block;       /* owned, S1_ROW_BLOCK_BYTES + S1_ROW_SLACK_BYTES */
    size_t begin, end; /* unread bytes of the block */
    bool is_at_end;    /* of the file: the block holds all that is left */
    bool ends_without_newline;
    bool is_json;
    char separator;
    s1_recording *recording; /* owned; NULL: it is none */
    uint64_t bytes_done;     /* unpacked, up to the end of the current row */
    uint64_t line_number;    /* of the current row, from 1; 0 before the first */
    uint64_t blank_line;     /* first of the blank lines before the current row; 0: none */
    s1_str line;             /* the row as it stands in the file */
    s1_str fields[S1_ROW_COLUMNS_MAX];
    size_t field_count;
    /* JSON */
    uint64_t lines_passed;
    uint8_t closers[S1_JSON_DEPTH_MAX]; /* of the brackets open around the rows */
    size_t depth;
    bool is_in_rows, is_behind_rows, has_row;
    bool has_names;
    s1_str names[S1_ROW_COLUMNS_MAX]; /* in name_bytes */
    size_t name_count;
    char name_bytes[S1_JSON_NAMES_BYTES];
} s1_row_reader;

/* Opens a file and looks at its first bytes. Errors: those of s1_byte_source_open, S1_E_DATA for an
 * empty file, S1_E_UNSUPPORTED for other packed or binary data, S1_E_NO_MEMORY. */
S1_WARN_UNUSED
s1_rc s1_row_reader_open(s1_row_reader *reader, const s1_fs *fs, const char *path,
                         s1_member_match match, void *user, s1_err *err);
void s1_row_reader_close(s1_row_reader *reader);

/* Reads on as a recording, the rows of one kind of data (enum s1_data_type): book has time, symbol,
 * update_id, kind, side, price, quantity; trades time, symbol, id, price, quantity, "is the buyer
 * the maker"; quotes time, symbol, bid, its quantity, ask, its quantity. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_row_reader_record(s1_row_reader *reader, int32_t data_type, s1_err *err);

/* Of a recording, so far. */
s1_recording_counts s1_row_reader_counts(const s1_row_reader *reader);

/* The next row, `line`, not yet cut into fields: of a CSV file the next line that is not blank; of
 * blank lines before it `blank_line` is the first. Errors: S1_E_DATA where what follows cannot be
 * told, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_row_reader_next(s1_row_reader *reader, bool *ret_has_row, s1_err *err);

/* Cuts the current row into fields. Errors: S1_E_DATA, of this row alone. */
S1_WARN_UNUSED s1_rc s1_row_reader_split(s1_row_reader *reader, s1_err *err);

/* CSV only: the next line, blank or not. */
S1_WARN_UNUSED
s1_rc s1_row_reader_next_line(s1_row_reader *reader, bool *ret_has_line, s1_err *err);

/* CSV only: the bytes of the block from the next line on that end with a line end; empty when the
 * rest of the file must go through s1_row_reader_next. What is taken of them is told with _take. */
S1_WARN_UNUSED
s1_rc s1_row_reader_whole_lines(s1_row_reader *reader, s1_str *ret_lines, s1_err *err);
void s1_row_reader_take(s1_row_reader *reader, size_t bytes, size_t lines);

/* Column (byte from 1) of a field in the current row. */
size_t s1_row_reader_column(const s1_row_reader *reader, s1_str field);

/* Raises S1_E_DATA as "FILE:LINE:COLUMN: name: found 'field', expected ...". */
S1_PRINTF(5, 6)
s1_rc s1_row_fault(const s1_row_reader *reader, const char *name, s1_str field, s1_err *err,
                   const char *expected, ...);

/* --- For json_rows.c ---------------------------------------------------------------------- */

/* Moves what is unread to the front and fills the block up. */
S1_WARN_UNUSED s1_rc s1_row_reader_refill(s1_row_reader *reader, s1_err *err);
S1_WARN_UNUSED s1_rc s1_json_rows_next(s1_row_reader *reader, bool *ret_has_row, s1_err *err);
S1_WARN_UNUSED s1_rc s1_json_row_split(s1_row_reader *reader, s1_err *err);

/* --- For recording_rows.c ----------------------------------------------------------------- */

/* The next row, cut into fields. */
S1_WARN_UNUSED
s1_rc s1_recording_rows_next(s1_row_reader *reader, bool *ret_has_row, s1_err *err);
void s1_recording_free(s1_recording *recording); /* accepts NULL */

#endif /* S1_BACKEND_DATA_INGEST_ROW_READER_INTERNAL_H */
