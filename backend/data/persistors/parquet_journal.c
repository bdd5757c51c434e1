/* The entries of a journal as rows, one after another, never all of them in memory. */
#include "backend/data/persistors/parquet_internal.h"

enum { SEQ, TIME, TEXTS, COLUMN_COUNT = TEXTS + S1_PARQUET_JOURNAL_TEXTS };

typedef struct giving {
    const s1_parquet_journal *journal;
    s1_rc *rc; /* the first failure; rows after it are empty, and the file is not kept */
    s1_err *err;
} giving;

static void give_rows(const void *self, duckdb_data_chunk chunk, size_t at, size_t row,
                      size_t count)
{
    const giving *const g = self;
    const s1_duckdb_api *const api = s1_duckdb_process_api();
    duckdb_vector vectors[COLUMN_COUNT];
    (void)row; /* they are asked for in order */
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        vectors[i] = api->data_chunk_get_vector(chunk, i);
    }
    int64_t *const seqs = api->vector_get_data(vectors[SEQ]);
    int64_t *const times = api->vector_get_data(vectors[TIME]);
    for (size_t i = 0; i < count; i++, at++) {
        s1_parquet_journal_row entry = {0};
        if (*g->rc == S1_OK) {
            *g->rc = g->journal->next(g->journal->self, &entry, g->err);
        }
        seqs[at] = (int64_t)entry.seq;
        times[at] = entry.time;
        for (size_t k = 0; k < S1_PARQUET_JOURNAL_TEXTS; k++) {
            const s1_str text = entry.texts[k];
            api->vector_assign_string_element_len(vectors[TEXTS + k], at,
                                                  text.ptr != NULL ? text.ptr : "", text.len);
        }
    }
}

s1_rc s1_parquet_write_journal(s1_duckdb *duckdb, const s1_fs *fs, const char *path,
                               const s1_parquet_journal *journal, s1_err *err)
{
    s1_parquet_column columns[COLUMN_COUNT] = {
        [SEQ] = {.name = S1_STR("seq"), .type = S1_PARQUET_INT64},
        [TIME] = {.name = S1_STR("timestamp"), .type = S1_PARQUET_TIMESTAMP_NS},
    };
    for (size_t i = 0; i < S1_PARQUET_JOURNAL_TEXTS; i++) {
        columns[TEXTS + i] =
            (s1_parquet_column){.name = s1_str_of(journal->names[i]), .type = S1_PARQUET_TEXT};
    }
    s1_rc given = S1_OK;
    const giving g = {journal, &given, err};
    s1_parquet_source source = {.columns = columns,
                                .column_count = COLUMN_COUNT,
                                .row_count = (size_t)journal->rows,
                                .rows_total = journal->rows,
                                .give = give_rows,
                                .give_self = &g};
    s1_err fault = S1_ERR_INIT;
    const s1_rc rc = s1_parquet_write_source(duckdb, fs, path, &source, NULL, 0, &fault);
    if (given != S1_OK) {
        if (rc == S1_OK) {
            (void)!s1_fs_unlink(fs, path, NULL);
        }
        return given;
    }
    return rc == S1_OK ? S1_OK : S1_RAISE(err, rc, "%s", fault.msg);
}
