/* backend/data/ingest/import_internal.h - one import while it runs, shared by the import_*.c files.
 *
 *   import_plan.c     options, header and mapping to the places of columns
 *   import_plain.c    rows as plain as most are, fast
 *   import_row.c      fields of a row to mantissas, checked
 *   import_order.c    rows in the order of the file to rows in the order of the archive
 *   import_rejects.c  bad rows kept aside
 *   data_import.c     the whole
 */
#ifndef S1_BACKEND_DATA_INGEST_IMPORT_INTERNAL_H
#define S1_BACKEND_DATA_INGEST_IMPORT_INTERNAL_H

#include "backend/data/ingest/csv_text_internal.h"
#include "backend/data/ingest/data_import.h"
#include "backend/data/ingest/import_name.h"
#include "backend/data/ingest/import_profile.h"
#include "backend/data/ingest/row_reader_internal.h"
#include "backend/data/ingest/time_zone.h"

#define S1_NO_COLUMN UINT16_MAX

/* Prices share a scale, and so do quantities. */
enum s1_scale_group { S1_GROUP_PRICE = 0, S1_GROUP_QTY = 1, S1_GROUP_VWAP = 2, S1_GROUP_COUNT };

/* Where the columns of rows of one layout stand. */
typedef struct s1_import_plan {
    size_t field_count;
    uint16_t position[S1_FIELD_COUNT]; /* S1_NO_COLUMN: not there */
    uint32_t columns;                  /* optional columns of the stream's layout it has */
    bool has_bid_and_ask;              /* bars of both */
} s1_import_plan;

/* One row by the columns of the stream's layout. */
typedef struct s1_import_row {
    int64_t values[S1_MARKET_COLUMNS_MAX];
    uint32_t columns; /* optional ones it has */
} s1_import_row;

/* Rows in the scratch file: column behind column, and their line numbers where they are sorted. */
typedef struct s1_import_run {
    uint64_t offset;
    size_t rows;
    uint32_t scale[S1_GROUP_COUNT];
} s1_import_run;

typedef struct s1_import_rejects {
    const s1_fs *fs;
    s1_file *file; /* owned; of `partial` */
    char partial[S1_PATH_MAX];
    s1_strbuf text;
} s1_import_rejects;

typedef struct s1_import_job {
    const s1_data_import_options *options;
    const s1_import_profile *profile;
    const s1_market_column *layout;
    size_t column_count; /* of the layout */
    int32_t data_type, time_form, order, header, on_duplicate, price;
    bool sorts;
    s1_time_zone *zone; /* owned; NULL: UTC */
    s1_nanos date;      /* of times of day */
    bool has_date;
    s1_nanos grid; /* times are multiples of; 0: any */
    s1_row_reader reader;
    s1_import_plan plans[S1_LAYOUTS_MAX];
    size_t plan_count;
    bool may_end_with_separator;
    bool has_first_row;               /* the reader stands at a row that is not read yet */
    const s1_import_plan *plain_plan; /* of the row read last; NULL: none yet */
    char symbol[64];                  /* the last one that was the pair */
    s1_str time_field;                /* of the current row */

    bool is_fixed[S1_GROUP_COUNT];
    uint32_t scale[S1_GROUP_COUNT];
    int64_t largest[S1_GROUP_COUNT]; /* of all mantissas so far, at that scale */

    /* Rows not yet handed over, at `scale`, in the order of the file. */
    size_t count, capacity, capacity_max, group_start; /* first row of the last one's time */
    void *columns[S1_MARKET_COLUMNS_MAX];              /* owned */
    uint64_t *lines;                                   /* owned; where rows are sorted */
    uint32_t columns_seen;                             /* optional columns of all rows so far */
    bool has_last;
    s1_nanos last_time;
    int64_t last_id;
    uint64_t last_line;
    s1_nanos last_shown; /* for the message: the time of last_line */

    s1_file *scratch; /* owned */
    uint64_t scratch_bytes;
    s1_import_run *runs; /* owned */
    size_t run_count, run_capacity;

    s1_data_writer *writer; /* owned; NULL: none yet */
    bool has_handed_over;
    uint32_t stored_columns;
    bool has_stored;
    s1_nanos stored_time; /* of the last row handed over */
    int64_t stored_id;

    s1_import_rejects rejects;
    uint64_t rows_taken; /* good rows, duplicates left out among them */
    uint64_t bytes_reported;
    s1_data_import_summary summary;
} s1_import_job;

enum s1_scale_group s1_import_group_of(int32_t column_kind);

/* --- import_plan.c ------------------------------------------------------------------------ */

/* Checks the options and fills in all that does not need the file. */
S1_WARN_UNUSED s1_rc s1_import_prepare(s1_import_job *job, s1_err *err);
/* Opens the file; reads comments and header. */
S1_WARN_UNUSED s1_rc s1_import_open(s1_import_job *job, s1_err *err);
/* The plan of the current row by its number of fields. Errors: S1_E_DATA. */
S1_WARN_UNUSED
s1_rc s1_import_plan_of_row(const s1_import_job *job, const s1_import_plan **ret_plan, s1_err *err);

/* --- import_row.c ------------------------------------------------------------------------- */

/* Reads and checks the current row, cut into fields; widens scales. Errors: S1_E_DATA. */
S1_WARN_UNUSED s1_rc s1_import_read_row(s1_import_job *job, s1_import_row *ret_row, s1_err *err);

/* --- import_plain.c ----------------------------------------------------------------------- */

/* Takes rows that are plain and good, as many as follow each other, up to `bytes_max`; they end in
 * the buffer as s1_import_keep_row would have put them. `ret_stopped`: the next row is something
 * else, for s1_import_read_row. Errors: S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_import_take_plain_rows(s1_import_job *job, uint64_t bytes_max, bool *ret_stopped,
                                s1_err *err);

/* --- import_order.c ----------------------------------------------------------------------- */

/* Is the row where it belongs? `ret_is_left_out`: a duplicate that the policy drops. Errors:
 * S1_E_DATA, of this row. */
S1_WARN_UNUSED
s1_rc s1_import_check_order(s1_import_job *job, const s1_import_row *row, bool *ret_is_left_out,
                            s1_err *err);
/* Keeps a row that is in order. Errors are those of the archive and of the scratch file. */
S1_WARN_UNUSED
s1_rc s1_import_keep_row(s1_import_job *job, const s1_import_row *row, s1_err *err);
/* Hands over all that is left. */
S1_WARN_UNUSED s1_rc s1_import_finish_rows(s1_import_job *job, s1_err *err);
/* Brings what is buffered of a group to a larger scale. False if a mantissa would not fit. */
bool s1_import_raise_scale(s1_import_job *job, enum s1_scale_group group, uint32_t scale);
void s1_import_order_done(s1_import_job *job);

/* --- import_rejects.c --------------------------------------------------------------------- */

/* Keeps the current row aside with its reason, or passes the fault on if none is put up with. */
S1_WARN_UNUSED
s1_rc s1_import_reject(s1_import_job *job, uint64_t line, s1_str row, const s1_err *fault,
                       s1_err *err);
/* At the end of the file: were there too many? */
S1_WARN_UNUSED s1_rc s1_import_check_rejects(s1_import_job *job, s1_err *err);
/* Gives the file of rejects its name. */
S1_WARN_UNUSED s1_rc s1_import_rejects_publish(s1_import_job *job, s1_err *err);
void s1_import_rejects_done(s1_import_job *job);

#endif /* S1_BACKEND_DATA_INGEST_IMPORT_INTERNAL_H */
