/* backend/data/ingest/feed_reader.h - feed files: CSV with a header, one row per event.
 *
 *   time          what the row is about: 2024-01-05T13:30:00Z (also with a space, without seconds,
 *                 with an offset; a date is midnight), or a whole number since 1970: below 1e11
 *                 seconds, below 1e14 milliseconds, below 1e17 microseconds, else nanoseconds
 *   published_at  when it became known, same forms; an empty cell, or no such column: `time`
 *   others        by name; a number is -1.5, 2e-3 and nothing else, a text is UTF-8 on one line
 *
 * Cells are separated by commas; one in double quotes may hold commas and, doubled, quotes. Lines
 * end with LF or CRLF, a UTF-8 mark is skipped. Rows may stand in any order. Columns nobody asked
 * for are not looked at. Every fault is reported at its line and column.
 */
#ifndef S1_BACKEND_DATA_INGEST_FEED_READER_H
#define S1_BACKEND_DATA_INGEST_FEED_READER_H

#include "backend/config/faults.h"
#include "backend/core/feed.h"
#include "backend/utils/fs.h"

#define S1_FEED_COLUMNS_MAX 256u /* of a file */
#define S1_FEED_FAULTS_MAX  20u  /* of a file; reading stops there */

/* A column somebody reads. An optional one may be absent, and its cells empty (NaN, ""). */
typedef struct s1_feed_want {
    s1_str name;
    int32_t type; /* enum s1_feed_type */
    bool is_optional;
} s1_feed_want;

typedef struct s1_feed_read_options {
    s1_str file;               /* as faults name it */
    const s1_feed_want *wants; /* [want_count], each name and type once */
    uint32_t want_count;
    uint32_t reserved;
    size_t memory_max_bytes; /* of the file, and of its rows twice (table and window) */
} s1_feed_read_options;

/* Reads `text`. What is wrong with it goes to `faults`, then the code is S1_E_DATA. Other errors:
 * S1_E_NO_MEMORY naming the limit. The table is heap: s1_feed_table_free. */
S1_WARN_UNUSED s1_rc s1_feed_parse(s1_str text, const s1_feed_read_options *options,
                                   s1_faults *faults, s1_feed_table **ret_table, s1_err *err);

/* The same for a file. Errors also those of s1_fs_read_all. */
S1_WARN_UNUSED s1_rc s1_feed_read(const s1_fs *fs, const char *path,
                                  const s1_feed_read_options *options, s1_faults *faults,
                                  s1_feed_table **ret_table, s1_err *err);

#endif /* S1_BACKEND_DATA_INGEST_FEED_READER_H */
