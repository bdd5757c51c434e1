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

static void rows_give(duckdb_function_info info, duckdb_data_chunk chunk)
{
    const s1_duckdb_api *api = s1_duckdb_process_api();
    s1_parquet_source *const source = api->function_get_bind_data(info);
    const size_t capacity = (size_t)api->vector_size();
    const size_t left = source->row_count - source->row;
    const size_t count = left < capacity ? left : capacity;
    if (source->give != NULL) {
        source->give(source->give_self, chunk, 0, source->row, count);
    }
    for (size_t i = 0; i < source->column_count && source->give == NULL && count > 0; i++) {
        const size_t size = element_size(source->columns[i].type);
        memcpy(api->vector_get_data(api->data_chunk_get_vector(chunk, i)),
               (const char *)source->columns[i].values + source->row * size, count * size);
    }
    source->row += count;
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
