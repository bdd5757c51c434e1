/* context.parquet: records of the context as rows, one per record and column. */
#include "backend/data/persistors/parquet_internal.h"
#include "backend/utils/uid.h"

enum { TIME, WORKER, OPPORTUNITY, TRADE, COLUMN, VALUE, COLUMN_COUNT };

static void put_uid(const s1_duckdb_api *api, duckdb_vector vector, size_t at, s1_uid uid)
{
    char text[S1_UID_TEXT_MAX];
    const size_t length = s1_uid_is_none(uid) ? 0 : s1_uid_print(uid, text);
    api->vector_assign_string_element_len(vector, at, text, length);
}

/* Rows [row, row + count) into the chunk from `at` on. */
static void give_rows(const void *self, duckdb_data_chunk chunk, size_t at, size_t row,
                      size_t count)
{
    const s1_context_records *const records = self;
    const s1_duckdb_api *const api = s1_duckdb_process_api();
    duckdb_vector vectors[COLUMN_COUNT];
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        vectors[i] = api->data_chunk_get_vector(chunk, i);
    }
    int64_t *const times = api->vector_get_data(vectors[TIME]);
    double *const values = api->vector_get_data(vectors[VALUE]);
    for (size_t i = 0; i < count; i++, row++, at++) {
        const s1_context_record *const record =
            s1_context_record_at(records, row / records->column_count);
        const size_t column = row % records->column_count;
        const s1_str name = records->columns[column];
        times[at] = record->time;
        values[at] = s1_context_record_values(record)[column];
        api->vector_assign_string_element_len(vectors[WORKER], at, record->worker.ptr,
                                              record->worker.len);
        put_uid(api, vectors[OPPORTUNITY], at, record->opportunity_id.uid);
        put_uid(api, vectors[TRADE], at, record->trade_id.uid);
        api->vector_assign_string_element_len(vectors[COLUMN], at, name.ptr, name.len);
    }
}

s1_rc s1_parquet_write_context(s1_duckdb *duckdb, const s1_fs *fs, const char *path,
                               const s1_context_records *records, s1_err *err)
{
    const s1_parquet_column columns[COLUMN_COUNT] = {
        [TIME] = {.name = S1_STR("time"), .type = S1_PARQUET_TIMESTAMP_NS},
        [WORKER] = {.name = S1_STR("worker"), .type = S1_PARQUET_TEXT},
        [OPPORTUNITY] = {.name = S1_STR("opportunity_id"), .type = S1_PARQUET_TEXT},
        [TRADE] = {.name = S1_STR("trade_id"), .type = S1_PARQUET_TEXT},
        [COLUMN] = {.name = S1_STR("column_name"), .type = S1_PARQUET_TEXT},
        [VALUE] = {.name = S1_STR("value"), .type = S1_PARQUET_DOUBLE},
    };
    const size_t rows = (size_t)records->count * records->column_count;
    s1_parquet_source source = {.columns = columns,
                                .column_count = COLUMN_COUNT,
                                .row_count = rows,
                                .rows_total = rows,
                                .give = give_rows,
                                .give_self = records};
    return s1_parquet_write_source(duckdb, fs, path, &source, NULL, 0, err);
}
