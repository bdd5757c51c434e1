/* Our columns as a DuckDB table function: s1_rows(<address>) gives them chunk by chunk. The address
 * is written by us into SQL of our own and is valid for the one query that names it. */
#include "backend/data/persistors/parquet_internal.h"
#include "backend/dtos/market/market_batch.h"
#include "s1mple/decimal.h"
#include "s1mple/error.h"

#include <string.h>

_Static_assert(sizeof(s1_dec) == sizeof(duckdb_hugeint), "copied as it is");
_Static_assert(offsetof(s1_dec, lo) == offsetof(duckdb_hugeint, lower), "copied as it is");

static size_t element_size(int32_t type)
{
    switch (type) {
    case S1_PARQUET_BOOL:
    case S1_PARQUET_UINT8:
        return sizeof(uint8_t);
    case S1_PARQUET_MONEY:
        return sizeof(s1_dec);
    default:
        return sizeof(int64_t);
    }
}

static duckdb_logical_type logical_type(const s1_duckdb_api *api, const s1_parquet_column *column)
{
    switch (column->type) {
    case S1_PARQUET_TIMESTAMP_NS:
        return api->create_logical_type(DUCKDB_TYPE_TIMESTAMP_NS);
    case S1_PARQUET_DOUBLE:
        return api->create_logical_type(DUCKDB_TYPE_DOUBLE);
    case S1_PARQUET_TEXT:
        return api->create_logical_type(DUCKDB_TYPE_VARCHAR);
    case S1_PARQUET_BOOL:
        return api->create_logical_type(DUCKDB_TYPE_BOOLEAN);
    case S1_PARQUET_UINT8:
        return api->create_logical_type(DUCKDB_TYPE_UTINYINT);
    case S1_PARQUET_DECIMAL:
        return api->create_decimal_type(18, (uint8_t)column->scale);
    case S1_PARQUET_MONEY:
        return api->create_decimal_type(38, 18);
    default:
        return api->create_logical_type(DUCKDB_TYPE_BIGINT);
    }
}

static void rows_bind(duckdb_bind_info info)
{
    const s1_duckdb_api *api = s1_duckdb_process_api();
    duckdb_value address = api->bind_get_parameter(info, 0);
    s1_parquet_source *const source = (s1_parquet_source *)(uintptr_t)api->get_uint64(address);
    api->destroy_value(&address);
    for (size_t i = 0; i < source->column_count; i++) {
        const s1_parquet_column *column = &source->columns[i];
        char name[S1_PARQUET_NAME_MAX + 1];
        memcpy(name, column->name.ptr, column->name.len);
        name[column->name.len] = '\0';
        duckdb_logical_type type = logical_type(api, column);
        api->bind_add_result_column(info, name, type);
        api->destroy_logical_type(&type);
    }
    api->bind_set_cardinality(info, source->rows_total, true);
    api->bind_set_bind_data(info, source, NULL);
}

/* One thread reads the source: it is a position, and the order of rows is the result. */
static void rows_init(duckdb_init_info info)
{
    s1_duckdb_process_api()->init_set_max_threads(info, 1);
}

/* Where row `at` of column `i` of the chunk is written. */
static char *cell(const s1_duckdb_api *api, duckdb_data_chunk chunk, size_t i, size_t at,
                  size_t size)
{
    char *const data = api->vector_get_data(api->data_chunk_get_vector(chunk, i));
    return data + at * size;
}

/* Mantissas at a larger scale. */
static s1_rc put_scaled(char *to, const int64_t *from, size_t count, int64_t factor, s1_err *err)
{
    for (size_t i = 0; i < count; i++) {
        int64_t value;
        if (__builtin_mul_overflow(from[i], factor, &value) || value > S1_MANTISSA_MAX ||
            value < -S1_MANTISSA_MAX) {
            return S1_RAISE(err, S1_E_RANGE, "mantissa %lld times %lld has over 18 digits",
                            (long long)from[i], (long long)factor);
        }
        memcpy(to + i * sizeof value, &value, sizeof value);
    }
    return S1_OK;
}

/* Up to `room` rows of the columns into the chunk from row `at` on. */
static s1_rc take_columns(s1_parquet_source *source, duckdb_data_chunk chunk, size_t at,
                          size_t room, size_t *ret_count)
{
    const s1_duckdb_api *api = s1_duckdb_process_api();
    const size_t left = source->row_count - source->row;
    const size_t count = left < room ? left : room;
    if (source->give != NULL) {
        source->give(source->give_self, chunk, at, source->row, count);
        source->row += count;
        *ret_count = count;
        return S1_OK;
    }
    for (size_t i = 0; i < source->column_count && count > 0; i++) {
        const size_t size = element_size(source->columns[i].type);
        const char *values = (const char *)source->columns[i].values + source->row * size;
        char *const to = cell(api, chunk, i, at, size);
        if (source->factors != NULL && source->factors[i] != 1) {
            const int64_t *mantissas = source->columns[i].values;
            S1_TRY(&source->err, put_scaled(to, mantissas + source->row, count, source->factors[i],
                                            &source->err));
        } else {
            memcpy(to, values, count * size);
        }
    }
    source->row += count;
    *ret_count = count;
    return S1_OK;
}

/* As take_columns, of what a cursor gives. */
static s1_rc take_cursor(s1_parquet_source *source, s1_archive_cursor *cursor,
                         duckdb_data_chunk chunk, size_t at, size_t room, size_t *ret_count)
{
    const s1_duckdb_api *api = s1_duckdb_process_api();
    if (cursor == NULL) {
        *ret_count = 0;
        return S1_OK;
    }
    if (source->chunk_row == source->chunk_rows) {
        source->chunk_row = 0;
        source->chunk_rows = 0;
        S1_TRY(&source->err, s1_archive_cursor_next(cursor, &source->chunk_rows, &source->err));
    }
    const size_t left = source->chunk_rows - source->chunk_row;
    const size_t count = left < room ? left : room;
    for (size_t i = 0; i < source->column_count && count > 0; i++) {
        const size_t size = element_size(source->columns[i].type);
        memcpy(cell(api, chunk, i, at, size),
               (const char *)cursor->columns[i] + source->chunk_row * size, count * size);
    }
    source->chunk_row += count;
    *ret_count = count;
    return S1_OK;
}

static s1_rc take_part(s1_parquet_source *source, duckdb_data_chunk chunk, size_t at, size_t room,
                       size_t *ret_count)
{
    switch (source->part) {
    case 0:
        return take_cursor(source, source->before, chunk, at, room, ret_count);
    case 1:
        return take_columns(source, chunk, at, room, ret_count);
    default:
        return take_cursor(source, source->after, chunk, at, room, ret_count);
    }
}

static void rows_give(duckdb_function_info info, duckdb_data_chunk chunk)
{
    const s1_duckdb_api *api = s1_duckdb_process_api();
    s1_parquet_source *const source = api->function_get_bind_data(info);
    const size_t capacity = (size_t)api->vector_size();
    size_t count = 0;
    while (count < capacity && source->part < 3) {
        size_t got = 0;
        source->rc = take_part(source, chunk, count, capacity - count, &got);
        if (source->rc != S1_OK) {
            api->function_set_error(info, source->err.msg);
            count = 0;
            break;
        }
        source->part += got == 0 ? 1 : 0;
        count += got;
    }
    api->data_chunk_set_size(chunk, count);
}

s1_rc s1_parquet_register_source(const s1_duckdb_api *api, duckdb_database database, s1_err *err)
{
    duckdb_connection connection = NULL;
    if (api->connect(database, &connection) != DuckDBSuccess) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "DuckDB gave no connection");
    }
    duckdb_table_function function = api->create_table_function();
    duckdb_logical_type address = api->create_logical_type(DUCKDB_TYPE_UBIGINT);
    api->table_function_set_name(function, "s1_rows");
    api->table_function_add_parameter(function, address);
    api->table_function_set_bind(function, rows_bind);
    api->table_function_set_init(function, rows_init);
    api->table_function_set_function(function, rows_give);
    const duckdb_state state = api->register_table_function(connection, function);
    api->destroy_logical_type(&address);
    api->destroy_table_function(&function);
    api->disconnect(&connection);
    return state == DuckDBSuccess
               ? S1_OK
               : S1_RAISE(err, S1_E_ABI, "DuckDB refused the table function s1_rows");
}
