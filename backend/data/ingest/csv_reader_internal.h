/* backend/data/ingest/csv_reader_internal.h - lines and fields of a CSV file, read in blocks.
 *
 * Commas, optional double quotes around a field (none inside it), LF or CRLF, an optional UTF-8
 * mark. Fields are borrowed until the next line is read.
 */
#ifndef S1_BACKEND_DATA_INGEST_CSV_READER_INTERNAL_H
#define S1_BACKEND_DATA_INGEST_CSV_READER_INTERNAL_H

#include "backend/utils/fs.h"
#include "s1mple/base.h"

#define S1_CSV_BLOCK_BYTES (1u << 20) /* also the longest line */
#define S1_CSV_COLUMNS_MAX 64u

typedef struct s1_csv_reader {
    const s1_fs *fs;
    s1_file *file; /* owned */
    const char *path;
    char *block;       /* owned, S1_CSV_BLOCK_BYTES + 1 */
    size_t begin, end; /* unread bytes of the block */
    bool is_at_end;    /* of the file: the block holds all that is left */
    bool ends_without_newline;
    uint64_t bytes_total;
    uint64_t bytes_done;  /* up to the end of the current line */
    uint64_t line_number; /* of the current line, from 1; 0 before the first */
    s1_str line;
    s1_str fields[S1_CSV_COLUMNS_MAX];
    size_t field_count;
} s1_csv_reader;

/* Opens a file and looks at its first bytes. Errors: S1_E_NOT_FOUND, S1_E_DATA for an empty file,
 * S1_E_UNSUPPORTED for compressed or binary data, S1_E_NO_MEMORY, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_csv_reader_open(s1_csv_reader *reader, const s1_fs *fs, const char *path, s1_err *err);
void s1_csv_reader_close(s1_csv_reader *reader);

/* The next line that is not blank, cut into fields. A blank line with others behind it is a fault:
 * something is missing there. Errors: S1_E_DATA, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_csv_reader_next(s1_csv_reader *reader, bool *ret_has_line, s1_err *err);

/* Column (byte from 1) of a field in the current line. */
size_t s1_csv_reader_column(const s1_csv_reader *reader, s1_str field);

/* Raises S1_E_DATA as "FILE:LINE:COLUMN: name: found 'field', expected ...". */
S1_PRINTF(5, 6)
s1_rc s1_csv_fault(const s1_csv_reader *reader, const char *name, s1_str field, s1_err *err,
                   const char *expected, ...);

#endif /* S1_BACKEND_DATA_INGEST_CSV_READER_INTERNAL_H */
